//! A worker process that a test can kill: this test binary, started again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use floorwalker::kafka::{KafkaSettings, Phase, Progress, Stop};
use floorwalker_core::engine::{Counters, Settings, Source, SourceClock};

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

/// `live-` begins the prefix of a deployment whose source follows the wall clock.
pub(crate) fn engine_settings(prefix: &str) -> Settings {
    let clock = match prefix.starts_with("live-") {
        true => SourceClock::Wall,
        false => SourceClock::Events,
    };
    Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: format!("{prefix}.events"),
            clock,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        // Small enough that the state logs turn within a test.
        recovery_max_bytes: 4_000_000,
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

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("its state").is_some()
    }

    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().expect("its state") {
            panic!("a worker ended by itself with {status}:\n{}", self.log());
        }
    }

    /// A number of the last line that `show` wrote; 0 before the first.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let log = self.log();
        let line = log.lines().rfind(|line| line.contains(" progress "));
        let name = format!(" {name}=");
        let rest = line
            .and_then(|line| line.split_once(&name))
            .map(|(_, rest)| rest);
        let word = rest.and_then(|rest| rest.split_whitespace().next());
        word.map_or(0, |word| word.parse().expect("a number"))
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
    reason = "a test configures its process by the environment"
)]
fn variable(name: &str) -> String {
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
    let prefix = variable(PREFIX);
    let kafka = kafka_settings(&variable(BROKERS), &prefix, &variable(INSTANCE));
    let settings = Arc::new(engine_settings(&prefix));
    let stop = Stop::default();
    let asked = stop.clone();
    ctrlc::set_handler(move || asked.request()).expect("a signal handler");
    let progress = Arc::new(Progress::default());
    let shown = Arc::clone(&progress);
    std::thread::spawn(move || show(&shown));
    floorwalker::kafka::run(&kafka, &settings, &stop, &progress).expect("a clean end");
}

/// A line a second that tests read the last of; now and then where each task stands, for whoever asks why a test failed.
fn show(progress: &Progress) {
    for second in 1_u64.. {
        crate::broker::pause(std::time::Duration::from_secs(1));
        let snapshot = progress.snapshot();
        if second.is_multiple_of(10) {
            let tasks = snapshot.workers.values().map(|worker| &worker.tasks);
            tasks.for_each(|tasks| tracing::info!("tasks {tasks:?}"));
        }
        let mut counters = Counters::default();
        snapshot
            .workers
            .values()
            .for_each(|worker| counters.add(&worker.counters));
        let failed = snapshot
            .workers
            .values()
            .flat_map(|worker| worker.tasks.values())
            .filter(|task| matches!(task.phase, Phase::Failed(_)))
            .count();
        tracing::info!(
            tasks = snapshot.tasks(),
            failed,
            lag = snapshot.lag(),
            steps = snapshot.workers.values().map(|worker| worker.steps).sum::<u64>(),
            transactions = snapshot.workers.values().map(|worker| worker.transactions).sum::<u64>(),
            aborts = snapshot.workers.values().map(|worker| worker.aborts).sum::<u64>(),
            read = counters.read,
            applied = counters.applied,
            repeated = counters.repeated,
            skipped = counters.skipped,
            dead_lettered = counters.dead_lettered,
            forwarded = counters.forwarded,
            received = counters.received,
            p50 = ?progress.timings.commit.quantile(500),
            p99 = ?progress.timings.commit.quantile(990),
            "progress"
        );
    }
}
