//! A topic never goes back: whatever is lost, restored or paused, each key's records come by rising clocks, and no
//! record is removed whose facts still count.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    engine::{InputId, OutTopic, Output, Placement, Settings, Source, SourceClock, TaskId},
    event::{Event, Span, Timestamp},
    local::{Cluster, Crash},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::voice::VoiceWorld;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

const TASKS: u16 = 4;
/// Events that come at a time: about a quarter of a minute of the world.
const SLICE: usize = 10;

/// The newest record of each key.
type Newest = BTreeMap<(OutTopic, String), String>;

fn settings(clock: SourceClock) -> Arc<Settings> {
    Arc::new(Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        recovery_max_bytes: 4_000_000,
        ..Settings::default()
    })
}

fn clock_of(payload: &str) -> Timestamp {
    let (_, rest) = payload.split_once("\"clock\":\"").unwrap();
    Timestamp::parse(rest.split('"').next().unwrap()).unwrap()
}

/// Takes what was written since; panics if a key's clock falls, or a record goes while its facts count.
fn observe(newest: &mut Newest, outputs: &mut Vec<(TaskId, Output)>) {
    for (_, output) in outputs.drain(..) {
        if !matches!(output.topic, OutTopic::Kpis | OutTopic::Scorecards) {
            continue;
        }
        let key = String::from_utf8(output.key.unwrap()).unwrap();
        let Some(payload) = output.payload else {
            panic!("{key} was removed")
        };
        let payload = String::from_utf8(payload).unwrap();
        let key = (output.topic, key);
        if let Some(known) = newest.get(&key) {
            let (before, now) = (clock_of(known), clock_of(&payload));
            assert!(before <= now, "{key:?} goes from {before} back to {now}");
        }
        newest.insert(key, payload);
    }
}

struct Run {
    cluster: Cluster,
    newest: Newest,
    random: StdRng,
}

impl Run {
    fn new(clock: SourceClock, seed: u64, start: Timestamp) -> Self {
        let mut cluster = Cluster::new(&settings(clock), start).unwrap();
        for partition in 0..i32::from(TASKS) {
            cluster.add_input(InputId {
                source: 0,
                partition,
            });
        }
        Self {
            cluster,
            newest: Newest::new(),
            random: StdRng::seed_from_u64(seed),
        }
    }

    fn feed(&mut self, events: &[Event]) {
        for event in events {
            let partition = i32::from(Placement::new(TASKS).owner_of(&event.key).0);
            let input = InputId {
                source: 0,
                partition,
            };
            self.cluster.feed(input, jsonl(event).into_bytes());
        }
        let last = events.last().unwrap().occurred_at;
        self.cluster.wall = self.cluster.wall.max(last + Span::from_millis(300));
    }

    /// All tasks go on for some seconds of the wall clock, each losing its memory now and then.
    fn go_on(&mut self, limit: usize, crashes: f64) {
        for _ in 0..8 {
            self.cluster.wall = self.cluster.wall + Span::from_millis(250);
            for task in (0..TASKS).map(TaskId) {
                if self.random.random_bool(crashes) {
                    let points = [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit];
                    let crash = points[self.random.random_range(0..3)];
                    (self.cluster)
                        .advance_and_crash(task, limit, crash)
                        .unwrap();
                } else {
                    self.cluster.advance(task, limit).unwrap();
                }
            }
            observe(&mut self.newest, &mut self.cluster.outputs);
        }
    }

    /// Everybody was away for a while, and comes back to what has come meanwhile.
    fn lose_all(&mut self) {
        for task in (0..TASKS).map(TaskId) {
            (self.cluster)
                .advance_and_crash(task, 0, Crash::BeforeStep)
                .unwrap();
        }
    }

    fn finish(mut self) -> Newest {
        self.cluster.run_until_quiet(1_000).unwrap();
        observe(&mut self.newest, &mut self.cluster.outputs);
        self.newest
    }
}

fn run(clock: SourceClock, seed: u64, crashes: f64, outages: bool) -> Newest {
    let world = VoiceWorld {
        seed,
        contacts: 500,
        agents: 6,
        queues: 2,
        customers: 200,
        rate: 250.0,
        ..VoiceWorld::default()
    };
    let events = world.events();
    let mut run = Run::new(clock, seed, world.start);
    for (number, slice) in events.chunks(SLICE).enumerate() {
        run.feed(slice);
        // Of each forty, ten come while nobody is there: longer than what is history begins behind.
        let away = outages && number % 40 >= 30;
        if away && number % 40 < 39 {
            continue;
        }
        if away {
            run.lose_all();
        }
        run.go_on(if away { 5 } else { 1_000 }, crashes);
    }
    run.finish()
}

#[test]
fn records_never_go_back_when_tasks_lose_their_memory_or_are_away() {
    for seed in 1..=2 {
        run(SourceClock::Wall, seed, 0.05, true);
        run(SourceClock::Events, seed, 0.05, true);
    }
}

#[test]
fn records_end_as_if_nothing_had_happened() {
    let quiet = run(SourceClock::Events, 7, 0.0, false);
    let disturbed = run(SourceClock::Events, 7, 0.1, false);
    assert!(
        quiet
            .keys()
            .any(|(topic, _)| *topic == OutTopic::Scorecards)
    );
    assert_eq!(quiet.len(), disturbed.len());
    // The age of the deployment spreads from task to task, and a record may be older than the news.
    let whole = |record: &String| record.replace("\"partial\":true", "\"partial\":false");
    for (key, record) in &quiet {
        let found = disturbed.get(key).map(whole);
        assert_eq!(found, Some(whole(record)), "{key:?}");
    }
}

/// Restored from the log, a task writes no scorecard that it had written.
#[test]
fn a_restored_task_writes_no_scorecard_anew() {
    let world = VoiceWorld {
        contacts: 200,
        agents: 6,
        queues: 2,
        ..VoiceWorld::default()
    };
    let mut run = Run::new(SourceClock::Events, 1, world.start);
    run.feed(&world.events());
    run.cluster.run_until_quiet(1_000).unwrap();
    observe(&mut run.newest, &mut run.cluster.outputs);
    let known = run.newest.len();
    run.lose_all();
    run.cluster.run_until_quiet(1_000).unwrap();
    let anew = (run.cluster.outputs.iter()).filter(|(_, it)| it.topic == OutTopic::Scorecards);
    assert_eq!(anew.count(), 0);
    assert!(known > 0);
}
