//! A worker process that a test can kill: this test binary, started again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use floorwalker::{
    engine::{Settings, Source, SourceClock},
    kafka::{KafkaSettings, Progress, Stop},
};

pub(crate) const TASKS: u16 = 12;

/// What the process is to be, in its environment.
const BROKERS: &str = "FLOORWALKER_TEST_BROKERS";
const PREFIX: &str = "FLOORWALKER_TEST_PREFIX";
const INSTANCE: &str = "FLOORWALKER_TEST_INSTANCE";

pub(crate) fn kafka_settings(brokers: &str, prefix: &str, instance: &str) -> KafkaSettings {
    KafkaSettings {
        brokers: brokers.to_owned(),
        prefix: prefix.to_owned(),
        instance: instance.to_owned(),
        replication: 1,
        session_timeout: std::time::Duration::from_secs(6),
        metadata_interval: std::time::Duration::from_secs(1),
        ..KafkaSettings::default()
    }
}

pub(crate) fn engine_settings(prefix: &str) -> Settings {
    Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: format!("{prefix}.events"),
            clock: SourceClock::Wall,
        }],
        ..Settings::default()
    }
}

/// A process of one worker; killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Its log is appended to `<folder>/<instance>.log`.
    pub(crate) fn start(brokers: &str, prefix: &str, instance: &str, folder: &Path) -> Self {
        let log = folder.join(format!("{instance}.log"));
        let out = fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let err = out.try_clone().expect("the same log file");
        let child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["--exact", "process::worker", "--ignored", "--nocapture"])
            .envs([(BROKERS, brokers), (PREFIX, prefix), (INSTANCE, instance)])
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .expect("a process");
        Self { child, log }
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
        self.child.wait().expect("its end");
    }

    /// As a machine that hangs, and comes to itself again.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([name, &pid])
            .status()
            .expect("kill");
        assert!(sent.success());
    }

    /// SIGTERM, and waits.
    pub(crate) fn terminate(&mut self) {
        self.signal("-TERM");
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "ended with {status}:\n{}", self.log());
    }

    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("its state") {
            panic!("a worker ended by itself with {status}:\n{}", self.log());
        }
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test tells the process what to be"
)]
fn told(name: &str) -> String {
    std::env::var(name).expect("started by a test")
}

#[test]
#[ignore = "started by other tests"]
fn worker() {
    let filter = "info,floorwalker=debug";
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .init();
    let prefix = told(PREFIX);
    let kafka = kafka_settings(&told(BROKERS), &prefix, &told(INSTANCE));
    let settings = Arc::new(engine_settings(&prefix));
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || asked.request()).expect("a signal handler");
    let progress = Arc::new(Progress::default());
    let shown = Arc::clone(&progress);
    std::thread::spawn(move || show(&shown));
    floorwalker::kafka::run(&kafka, &settings, &stop, &progress).expect("a clean end");
}

fn show(progress: &Progress) {
    loop {
        crate::broker::pause(std::time::Duration::from_secs(1));
        let snapshot = progress.snapshot();
        for worker in snapshot.workers.values() {
            tracing::info!(
                tasks = worker.tasks.len(),
                steps = worker.steps,
                transactions = worker.transactions,
                aborts = worker.aborts,
                lost = worker.lost,
                read = worker.counters.read,
                lag = snapshot.lag(),
                p50 = ?progress.commit_latency.quantile(500),
                p99 = ?progress.commit_latency.quantile(990),
                "progress"
            );
        }
    }
}
