//! The engine and the recount, which share no code, agree on every number: in any order, with repeats, on any number of tasks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floorwalker_core::{
    alert::concern_of,
    engine::{InputId, OutTopic, Settings, Source, SourceClock, TaskId},
    event::{Author, Body, Channel, Event, MessageSent, QueueId, Span, Text, Timestamp, line},
    local::Cluster,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::{GROUPS, SETTINGS_WALL, data, events_settings, is_nothing};
use floorwalker_testkit::{
    chaos::chaos, faults, random::Random, reference, states, voice::VoiceWorld,
};
use serde_json::Value;

pub(crate) const DISORDER: Span = Span::from_secs(300);

pub(crate) fn run(events: &[Event], tasks: u16, seed: u64) -> Cluster {
    run_with(events, tasks, seed, Settings::default().lateness)
}

fn run_with(events: &[Event], tasks: u16, seed: u64, lateness: Span) -> Cluster {
    run_by(&settings(tasks, lateness), events, seed)
}

pub(crate) fn run_by(settings: &Arc<Settings>, events: &[Event], seed: u64) -> Cluster {
    let mut cluster = empty(settings);
    feed(&mut cluster, events, settings.tasks, seed);
    cluster.run_until_quiet(200).unwrap();
    cluster
}

fn settings(tasks: u16, lateness: Span) -> Arc<Settings> {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    Arc::new(Settings {
        lateness,
        ..(*defaults).clone()
    })
}

pub(crate) fn empty(settings: &Arc<Settings>) -> Cluster {
    let mut cluster = Cluster::new(settings, SETTINGS_WALL).unwrap();
    add_inputs(&mut cluster, settings.tasks);
    cluster
}

pub(crate) fn add_inputs(cluster: &mut Cluster, tasks: u16) {
    for partition in 0..i32::from(tasks) {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
}

pub(crate) fn feed(cluster: &mut Cluster, events: &[Event], tasks: u16, seed: u64) {
    let mut random = Random::new(seed);
    for event in events {
        let partition = random.below(usize::from(tasks)) as i32;
        let input = InputId {
            source: 0,
            partition,
        };
        cluster.feed(input, jsonl(event).into_bytes());
    }
}

pub(crate) fn last_records(cluster: &Cluster) -> BTreeMap<(String, String), Value> {
    let records = cluster
        .outputs
        .iter()
        .filter(|(_, output)| output.topic == OutTopic::Kpis);
    records
        .map(|(_, output)| {
            let record: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
            let text = |name: &str| record[name].as_str().unwrap().to_owned();
            ((text("entity"), text("window")), record)
        })
        .collect()
}

pub(crate) fn reference_settings() -> reference::Settings {
    let owned = |name: Option<&str>| name.map(str::to_owned);
    let groups = GROUPS.into_iter();
    reference::Settings {
        channel_default: Channel::Other,
        queues: groups
            .map(|(queue, team, site)| (queue.to_owned(), (owned(team), owned(site))))
            .collect(),
        ..reference::Settings::default()
    }
}

/// Lays the engine's last records beside the recount's.
pub(crate) fn compare(events: &[Event], cluster: &Cluster, what: &str) {
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    compare_at(&reference_settings(), clock, events, cluster, what);
}

/// By other settings than the defaults.
pub(crate) fn compare_with(
    settings: &reference::Settings,
    events: &[Event],
    cluster: &Cluster,
    what: &str,
) {
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    compare_at(settings, clock, events, cluster, what);
}

pub(crate) fn compare_at(
    settings: &reference::Settings,
    clock: Timestamp,
    events: &[Event],
    cluster: &Cluster,
    what: &str,
) {
    let recount = reference::recount(events, settings, clock).records(clock);
    compare_recounted(clock, recount, cluster, what);
}

pub(crate) fn compare_recounted(
    clock: Timestamp,
    recount: Vec<Value>,
    cluster: &Cluster,
    what: &str,
) {
    let found = last_records(cluster);
    for expected in recount {
        let key = ["entity", "window"].map(|name| expected[name].as_str().unwrap().to_owned());
        let key = (key[0].clone(), key[1].clone());
        let nothing = is_nothing(&expected["kpis"]);
        let Some(record) = found.get(&key) else {
            assert!(nothing, "{what}: no record {key:?}; expected {expected:#}");
            continue;
        };
        // Of whom everything was taken back there is nothing more to write.
        if !nothing {
            assert_eq!(record["clock"], clock.to_string(), "{what} {key:?}");
        }
        for (name, value) in expected["kpis"].as_object().unwrap() {
            same(
                &record["kpis"][name],
                value,
                &format!("{what} {key:?} {name}"),
            );
        }
    }
    assert!(
        cluster.counters().balance(),
        "{what}: {:?}",
        cluster.counters()
    );
    assert_eq!(cluster.counters().dead_lettered, 0, "{what}");
}

/// Counts exact, means and shares to 6 decimals, percentiles within 1 %.
fn same(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let more = |(name, value): &(&String, &Value)| {
                path.ends_with(" occupancy.away")
                    && !expected.contains_key(*name)
                    && !is_nothing(value)
            };
            let unexpected: Vec<_> = found.iter().filter(more).collect();
            assert!(unexpected.is_empty(), "{path}: {unexpected:?}");
            for (name, value) in expected {
                same(
                    found.get(name).unwrap_or(&Value::Null),
                    value,
                    &format!("{path}.{name}"),
                );
            }
        }
        (Value::Array(members), Value::Array(others)) => {
            for (place, (member, other)) in members.iter().zip(others).enumerate() {
                same(member, other, &format!("{path}[{place}]"));
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            let percentile = [".p50", ".p90", ".p99"]
                .iter()
                .any(|end| path.ends_with(end));
            let allowed = if percentile {
                0.01 * expected + 0.001
            } else {
                1.5e-6
            };
            assert!(
                (found - expected).abs() <= allowed,
                "{path}: {found}, recounted {expected}"
            );
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

/// Chaos whose contacts have their channel in their first event, begin inbound and name a queue before they are owed a response: attributes that come only
/// after a part of it has been sealed does not reach back into that part.
pub(crate) fn chaos_with_early_attributes(seed: u64, contacts: usize) -> Vec<Event> {
    let mut events = chaos(seed, contacts, start());
    let (mut begun, mut queued) = (BTreeSet::new(), BTreeSet::new());
    for event in &mut events {
        if begun.insert(event.key.clone()) {
            let usual = [
                Channel::Voice,
                Channel::Chat,
                Channel::Voice,
                Channel::Email,
            ];
            event.channel = event.channel.or(Some(usual[begun.len() % usual.len()]));
        }
        if let Body::ContactQueued(first) = &mut event.body
            && queued.insert(event.key.clone())
        {
            first.direction = None;
        }
        if !queued.contains(&event.key) {
            name_queue(&mut event.body);
        }
    }
    events
}

/// Of what opens a response.
fn name_queue(body: &mut Body) {
    if let Body::ContactReopened(_) = body {
        *body = Body::MessageSent(MessageSent {
            by: Author::Bot,
            public: true,
            queue: None,
            text: None,
            sentiment: None,
        });
    }
    if let Body::MessageSent(message) = body {
        message.queue = Some(QueueId::new("q"));
    }
}

/// With the states of the agents, from 40 hours before the first event on, so that some are over a day old by then.
pub(crate) fn with_states(events: &[Event], seed: u64) -> Vec<Event> {
    states::with_states(events, Span::from_secs(40 * 3_600), seed)
}

pub(crate) fn start() -> Timestamp {
    VoiceWorld::default().start
}

#[test]
fn voice_worlds_in_order_shuffled_and_doubled_agree_with_the_recount() {
    for seed in 0..6 {
        let world = VoiceWorld {
            seed,
            contacts: 300,
            ..VoiceWorld::default()
        };
        let events = with_states(&world.events(), seed);
        compare(
            &events,
            &run(&events, 1, seed),
            &format!("world {seed} in order"),
        );
        let shuffled = faults::shuffle(&faults::double(&events, 0.2, seed), DISORDER, seed);
        let tasks = [1, 3, 12][seed as usize % 3];
        let what = format!("world {seed}, shuffled and doubled, {tasks} tasks");
        compare(&events, &run(&shuffled, tasks, seed), &what);
    }
}

#[test]
fn ten_thousand_contacts_to_which_anything_happens_agree_with_the_recount() {
    for (seed, tasks) in [(1, 1), (2, 4)] {
        let events = with_states(&chaos_with_early_attributes(seed, 5_000), seed);
        let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
        let what = format!("chaos {seed}, {tasks} tasks");
        compare(&events, &run(&shuffled, tasks, seed), &what);
    }
}

#[test]
fn without_a_limit_of_lateness_any_event_may_come_at_any_time() {
    for (seed, tasks) in [(3, 1), (4, 3)] {
        let events = with_states(&chaos(seed, 3_000, start()), seed);
        let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
        let cluster = run_with(&shuffled, tasks, seed, Span::from_secs(30 * 86_400));
        compare(
            &events,
            &cluster,
            &format!("chaos {seed} unsealed, {tasks} tasks"),
        );
    }
}

#[test]
fn conflicting_repeats_count_as_the_first_in_order() {
    for seed in 0..3 {
        let events = faults::contradict(
            &with_states(&chaos_with_early_attributes(seed, 300), seed),
            0.2,
            seed,
        );
        let shuffled = faults::shuffle(&events, DISORDER, seed);
        compare(
            &events,
            &run(&shuffled, 2, seed),
            &format!("contradicted {seed}"),
        );
    }
}

#[test]
fn the_worked_example_agrees_at_its_clock() {
    let text = std::fs::read_to_string(data("worked-example.txt")).unwrap();
    let events = line::parse_all(&text).unwrap();
    let clock = Timestamp::parse("2026-11-22T10:30:00Z").unwrap();
    for tasks in [1, 12] {
        let mut cluster = empty(&settings(tasks, Settings::default().lateness));
        cluster.end_at(clock);
        feed(&mut cluster, &events, tasks, 1);
        cluster.run_until_quiet(100).unwrap();
        compare_at(
            &reference_settings(),
            clock,
            &events,
            &cluster,
            "worked example",
        );
        let alerts = alerts(&cluster);
        assert_eq!(alerts["contact:c3 sla.missed voice answer"], "firing");
        assert_eq!(alerts["contact:c3 sla.missed voice accept"], "resolved");
        assert_eq!(alerts["contact:c1 sla.missed voice answer"], "resolved");
        assert_eq!(
            alerts
                .keys()
                .filter(|key| key.contains("sla.missed"))
                .count(),
            3
        );
    }
}

/// The last status of each alert, by subject, rule and policy.
fn alerts(cluster: &Cluster) -> BTreeMap<String, String> {
    let records = (cluster.outputs.iter()).filter(|(_, output)| output.topic == OutTopic::Alerts);
    records
        .map(|(_, output)| serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap())
        // A prediction is of what was known when, so it depends on arrival.
        .filter(|record: &Value| concern_of(record["rule"].as_str().unwrap()).is_none())
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap();
            let key = ["subject", "rule", "policy"].map(text).join(" ");
            (key, text("status").to_owned())
        })
        .collect()
}

#[test]
fn live_records_hold_exactly_what_had_occurred_by_their_clock() {
    let world = VoiceWorld {
        contacts: 40,
        ..VoiceWorld::default()
    };
    let mut calls = world.events();
    // Attributes from a later event are known a little ahead of the clock, too.
    for event in &mut calls {
        event.channel = Some(Channel::Voice);
        if let Body::ContactQueued(queued) = &mut event.body {
            queued.reason = Some(Text::new("invoice"));
        }
    }
    let events = states::with_states(&calls, Span::ZERO, 1);
    let source = Source {
        topic: "events".to_owned(),
        clock: SourceClock::Wall,
        format: floorwalker_core::decode::Format::Json,
        lateness: None,
    };
    let settings = Arc::new(Settings {
        sources: vec![source],
        ..Settings::clone(&events_settings(3, Settings::default().recovery_max_bytes))
    });
    let mut cluster = Cluster::new(&settings, world.start).unwrap();
    (0..3).for_each(|partition| {
        cluster.add_input(InputId {
            source: 0,
            partition,
        })
    });
    let mut random = Random::new(5);
    let mut waiting = events.iter().peekable();
    let mut checked = 0;
    for _ in 0..600 {
        cluster.wall = cluster.wall + Span::from_millis(700);
        while let Some(event) = waiting.next_if(|event| event.occurred_at <= cluster.wall) {
            let partition = random.below(3) as i32;
            cluster.feed(
                InputId {
                    source: 0,
                    partition,
                },
                jsonl(event).into_bytes(),
            );
        }
        (0..3).for_each(|task| {
            cluster.advance(TaskId(task), 100).unwrap();
        });
        checked += check_live(&mut cluster, &events, &reference_settings());
    }
    assert!(checked > 300, "only {checked} records were checked");
}

/// Checks the records written since the last call; takes them.
pub(crate) fn check_live(
    cluster: &mut Cluster,
    events: &[Event],
    settings: &reference::Settings,
) -> usize {
    let found = last_records(cluster);
    cluster.outputs.clear();
    let mut recount_by_clock = BTreeMap::new();
    for ((entity, window), record) in &found {
        let clock = Timestamp::parse(record["clock"].as_str().unwrap()).unwrap();
        let recount = recount_by_clock.entry(clock).or_insert_with(|| {
            let known: Vec<Event> = (events.iter().filter(|event| event.occurred_at <= clock))
                .cloned()
                .collect();
            reference::recount(&known, settings, clock).records(clock)
        });
        let expected =
            (recount.iter()).find(|card| card["entity"] == **entity && card["window"] == **window);
        let Some(expected) = expected else { continue };
        for (name, value) in expected["kpis"].as_object().unwrap() {
            let path = format!("{entity} {window} at {clock} {name}");
            let kpi = &record["kpis"][name];
            match name.as_str() {
                // What waits is a gauge, and what a later contact corrects is corrected when it arrives: both are a little
                // ahead of the clock.
                "live" => {}
                "fcr" => same(&kpi["den"], &value["den"], &path),
                _ => same(kpi, value, &path),
            }
        }
    }
    found.len()
}
