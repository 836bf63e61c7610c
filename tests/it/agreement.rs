//! The engine and the recount, which share no code, agree on every number: in any order, with repeats, on any number of tasks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floorwalker::{
    engine::{InputId, OutTopic, Settings},
    event::{Body, Channel, Event, Span, Timestamp},
    sim::{
        chaos::chaos, cluster::Cluster, faults, jsonl::jsonl, random::Random, reference,
        voice::VoiceWorld,
    },
};
use serde_json::Value;

use crate::spine::{SETTINGS_WALL, events_settings};

/// What this version leaves `null`.
const LATER: [&str; 4] = ["fcr", "fcr_confirmed", "fcr_no_customer", "concurrency"];
const DISORDER: Span = Span::from_secs(300);

pub(crate) fn run(events: &[Event], tasks: u16, seed: u64) -> Cluster {
    run_with(events, tasks, seed, Settings::default().lateness)
}

fn run_with(events: &[Event], tasks: u16, seed: u64, lateness: Span) -> Cluster {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    let settings = Arc::new(Settings {
        lateness,
        ..(*defaults).clone()
    });
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    for partition in 0..i32::from(tasks) {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
    let mut random = Random::new(seed);
    for event in events {
        let partition = random.below(usize::from(tasks)) as i32;
        cluster.feed(
            InputId {
                source: 0,
                partition,
            },
            jsonl(event).into_bytes(),
        );
    }
    cluster.run_until_quiet(200).unwrap();
    cluster
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

/// Lays the engine's records beside the recount's.
fn compare(events: &[Event], cluster: &Cluster, what: &str) {
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    let settings = reference::Settings {
        channel_unsaid: Channel::Other,
        ..reference::Settings::default()
    };
    let found = last_records(cluster);
    let recount = reference::recount(events, &settings, clock).records(clock);
    for expected in recount {
        let key = ["entity", "window"].map(|name| expected[name].as_str().unwrap().to_owned());
        let key = (key[0].clone(), key[1].clone());
        let Some(record) = found.get(&key) else {
            let kpis = expected["kpis"].as_object().unwrap().iter();
            let counted = kpis.filter(|(name, _)| !LATER.contains(&name.as_str()));
            let nothing = counted.into_iter().all(|(_, value)| is_nothing(value));
            assert!(nothing, "{what}: no record {key:?}; expected {expected:#}");
            continue;
        };
        assert_eq!(record["clock"], clock.to_string(), "{what} {key:?}");
        for (name, value) in expected["kpis"].as_object().unwrap() {
            if !LATER.contains(&name.as_str()) {
                same(
                    &record["kpis"][name],
                    value,
                    &format!("{what} {key:?} {name}"),
                );
            }
        }
    }
    assert!(
        cluster.counters().balance(),
        "{what}: {:?}",
        cluster.counters()
    );
    assert_eq!(cluster.counters().dead_lettered, 0, "{what}");
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(is_nothing),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Null => true,
        Value::Bool(_) | Value::String(_) | Value::Array(_) => false,
    }
}

/// Counts exact, means and shares to 6 decimals, percentiles within 1 %.
fn same(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
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

/// Chaos whose contacts say their channel with their first event and begin inbound: what is said of the whole contact only
/// after a part of it has been sealed does not reach back into that part.
fn chaos_said_in_time(seed: u64, contacts: usize) -> Vec<Event> {
    let mut events = chaos(seed, contacts, start());
    let (mut begun, mut queued) = (BTreeSet::new(), BTreeSet::new());
    for event in &mut events {
        if begun.insert(event.contact.clone()) {
            event.channel = event.channel.or(Some(Channel::Voice));
        }
        if let Body::ContactQueued(first) = &mut event.body
            && queued.insert(event.contact.clone())
        {
            first.direction = None;
        }
    }
    events
}

fn start() -> Timestamp {
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
        let events = world.events();
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
        let events = chaos_said_in_time(seed, 5_000);
        let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
        let what = format!("chaos {seed}, {tasks} tasks");
        compare(&events, &run(&shuffled, tasks, seed), &what);
    }
}

#[test]
fn without_a_limit_of_lateness_anything_may_be_said_at_any_time() {
    for (seed, tasks) in [(3, 1), (4, 3)] {
        let events = chaos(seed, 3_000, start());
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
        let events = faults::contradict(&chaos_said_in_time(seed, 300), 0.2, seed);
        let shuffled = faults::shuffle(&events, DISORDER, seed);
        compare(
            &events,
            &run(&shuffled, 2, seed),
            &format!("contradicted {seed}"),
        );
    }
}
