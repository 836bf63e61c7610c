//! A rolling restart under load: one process after the other is asked to end and started anew, as an orchestrator does.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use floorwalker::kafka::topics::Topic;

use crate::{
    binary::{Running, floorwalker, free_port, get, now},
    broker::{address, pause, print_line},
    deployment::{Keyed, Load, create_topics, expected, lines},
    outcome::Outcome,
    process::TASKS,
    reader::Reader,
};

const PREFIX: &str = "rolling";
const PROCESSES: usize = 3;
/// What docs/operating.md promises of the process that is replaced, on a machine that broker, load and processes share.
const READY_AGAIN_WITHIN: Duration = Duration::from_secs(30);
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// One process: its settings, and where it answers.
struct Member {
    config: PathBuf,
    port: u16,
    running: Option<Running>,
}

impl Member {
    fn start(&mut self) {
        let mut log = fs::File::options();
        let log = log.create(true).append(true);
        let log = log.open(self.config.with_extension("log")).unwrap();
        let config = self.config.display().to_string();
        let mut command = floorwalker(&["run", "--config", &config]);
        command
            .env("RUST_LOG", "info,floorwalker=debug")
            .stderr(log);
        self.running = Some(Running::start(command));
    }

    fn terminate(&mut self) {
        let status = self.running.take().expect("running").end_by("-TERM");
        assert!(status.success(), "{}: {status}", self.config.display());
    }

    fn is_ready(&self) -> bool {
        get(self.port, "/readyz").is_some_and(|(status, _)| status == 200)
    }

    fn events(&self, outcome: &str) -> u64 {
        let name = format!("floorwalker_lifetime_events{{outcome=\"{outcome}\"}} ");
        let (_, text) = get(self.port, "/metrics").unwrap_or_default();
        let number = text.lines().find_map(|line| line.strip_prefix(&name));
        number.map_or(0, |number| number.parse().expect("a number"))
    }
}

fn member(folder: &Path, number: usize) -> Member {
    let port = free_port();
    let config = folder.join(format!("{number}.toml"));
    let text = format!(
        "http.listen = \"127.0.0.1:{port}\"\n\
         [kafka]\nbrokers = \"{}\"\nprefix = \"{PREFIX}\"\ninstance = \"i{number}\"\nreplication = 1\n\
         [engine]\ntasks = {TASKS}\n\
         [[source]]\ntopic = \"{PREFIX}.events\"\nclock = \"events\"\n",
        address()
    );
    fs::write(&config, text).unwrap();
    Member {
        config,
        port,
        running: None,
    }
}

/// Asks all processes whether they are ready, many times a second.
struct Watch {
    stop: Arc<AtomicBool>,
    /// The process that is being replaced: what it answers is not counted.
    replaced: Arc<Mutex<Option<usize>>>,
    watcher: thread::JoinHandle<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    asked: usize,
    /// What processes answered that nobody touched, and were not ready.
    not_ready: Vec<String>,
}

impl Watched {
    fn look(
        &mut self,
        number: usize,
        port: u16,
        replaced: &Mutex<Option<usize>>,
        began_at: Instant,
    ) {
        let answer = get(port, "/readyz");
        // Asked while it was touched, it may have answered before.
        if *replaced.lock().unwrap() == Some(number) {
            return;
        }
        self.asked += 1;
        if answer.as_ref().is_none_or(|(status, _)| *status != 200) {
            let second = now().duration_since(began_at).as_secs_f64();
            let line = format!("{second:.1} s, process {number}: {answer:?}");
            self.not_ready.push(line);
        }
    }
}

impl Watch {
    fn start(ports: Vec<u16>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let replaced = Arc::new(Mutex::new(None));
        let (asked_to_stop, of) = (Arc::clone(&stop), Arc::clone(&replaced));
        let watcher = thread::spawn(move || {
            let began_at = now();
            let mut watched = Watched::default();
            while !asked_to_stop.load(Ordering::Relaxed) {
                for (number, port) in ports.iter().enumerate() {
                    watched.look(number, *port, &of, began_at);
                }
                pause(Duration::from_millis(50));
            }
            watched
        });
        Self {
            stop,
            replaced,
            watcher,
        }
    }

    fn replaces(&self, process: Option<usize>) {
        *self.replaced.lock().unwrap() = process;
    }

    fn end(self) -> Watched {
        self.stop.store(true, Ordering::Relaxed);
        self.watcher.join().expect("a watcher")
    }
}

fn run_until(load: &mut Load, what: &str, within: Duration, is_it: impl Fn() -> bool) -> Duration {
    let began_at: Instant = now();
    while !is_it() {
        assert!(now().duration_since(began_at) < within, "{what}");
        load.run_for(Duration::from_millis(100));
    }
    now().duration_since(began_at)
}

#[test]
fn a_rolling_restart_stays_ready_and_loses_and_doubles_nothing() {
    // Each contact's events in one partition: its records, alerts too, can't depend on which process had them when.
    let keyed = Keyed::ByContact;
    let lines = lines(3);
    let expected = expected(&lines, keyed);
    create_topics(PREFIX, i32::from(TASKS));
    let mut folder = tempfile::tempdir().unwrap();
    folder.disable_cleanup(true);
    let place = folder.path().display().to_string();
    let mut members: Vec<Member> = (0..PROCESSES)
        .map(|number| member(folder.path(), number))
        .collect();
    let mut load = Load::start(PREFIX, lines, 1_200, keyed);
    members.iter_mut().for_each(Member::start);
    let all_ready = || members.iter().all(Member::is_ready);
    run_until(&mut load, &place, Duration::from_secs(60), all_ready);
    load.run_for(Duration::from_secs(3));

    let watch = Watch::start(members.iter().map(|it| it.port).collect());
    for (number, member) in members.iter_mut().enumerate() {
        watch.replaces(Some(number));
        member.terminate();
        member.start();
        let ready = || member.is_ready();
        let took = run_until(&mut load, &place, READY_AGAIN_WITHIN, ready);
        print_line(format_args!(
            "process {number} is ready again after {took:.1?}"
        ));
        watch.replaces(None);
        load.run_for(Duration::from_secs(2));
    }
    let Watched { asked, not_ready } = watch.end();
    print_line(format_args!(
        "{asked} answers of the others, {} not ready",
        not_ready.len()
    ));
    assert!(asked > 100, "{asked}");
    assert!(not_ready.is_empty(), "{place}: {}", not_ready.join("\n"));

    load.send_rest();
    let same = Reader::new(PREFIX, Topic::Kpis).read_until(&expected.kpis, SILENCE_MAX);
    let found = Outcome::of_kafka(PREFIX);
    let faults = found.faults_in_records(&expected) + &found.faults_in_alerts(&expected);
    assert!(same && faults.is_empty(), "{place}: {faults}");
    found.assert_emitted_once();
    assert_counted(&members, load.sent);
    members.iter_mut().for_each(Member::terminate);
    folder.disable_cleanup(false);
}

/// Each event was read and counted once: none is lost, repeated, or put aside.
fn assert_counted(members: &[Member], sent: u64) {
    let outcomes = ["read", "applied", "repeated", "dead_lettered"];
    let counted =
        || outcomes.map(|outcome| -> u64 { members.iter().map(|it| it.events(outcome)).sum() });
    for _ in 0..300 {
        if counted() == [sent, sent, 0, 0] {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{outcomes:?}: {:?} of {sent}", counted());
}
