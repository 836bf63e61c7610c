//! The engine's memory is lost at any point of a step, in any task: nothing is lost, nothing doubled, nothing differs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floorwalker_core::{
    alert::concern_of,
    balance::BalanceSettings,
    contact::{ContactSettings, FirstContact},
    engine::{InputId, OutTopic, Placement, Settings, TaskId},
    event::{Span, line},
    kpi::Window,
    local::{Cluster, Crash},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings, is_nothing};
use floorwalker_testkit::{faults, states, voice::VoiceWorld};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::today::with_zones;

/// The last record of each key of a topic, and how often each (id, status) of the alerts was written.
type Outcome = (BTreeMap<String, String>, BTreeMap<String, usize>);

/// How the events lie in the partitions.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Keyed {
    ByContact,
    /// A contact's events arrive in any order: an alert may be corrected on the way.
    AtRandom,
}

fn outcome(cluster: &Cluster) -> Outcome {
    let mut last = BTreeMap::new();
    let mut alerts = BTreeMap::new();
    let predicted = predicted(cluster);
    for (_, output) in &cluster.outputs {
        let key = String::from_utf8(output.key.clone().unwrap_or_default()).unwrap();
        let payload = String::from_utf8(output.payload.clone().unwrap_or_default()).unwrap();
        match output.topic {
            OutTopic::Alerts if predicted.contains(&key) => {}
            OutTopic::Alerts => {
                let record: serde_json::Value = serde_json::from_str(&payload).unwrap();
                *alerts
                    .entry(format!("{key} {}", record["status"]))
                    .or_default() += 1;
            }
            OutTopic::Kpis => {
                let record: serde_json::Value = serde_json::from_str(&payload).unwrap();
                // An entity of which nothing is left (a channel that turned out to be another) is no longer written.
                if is_nothing(&record["kpis"]) {
                    last.remove(&format!("kpis {key}"));
                } else {
                    last.insert(format!("kpis {key}"), payload);
                }
            }
            OutTopic::Scorecards if payload.is_empty() => {
                last.remove(&format!("scorecard {key}"));
            }
            OutTopic::Scorecards => {
                last.insert(format!("scorecard {key}"), payload);
            }
            // `crash_rules.rs` compares them: here too little settles.
            OutTopic::Recognitions => {}
            OutTopic::DeadLetters => {
                last.insert(format!("dead letter {key}"), payload);
            }
            OutTopic::Contacts => {
                let mut record: serde_json::Value = serde_json::from_str(&payload).unwrap();
                record["version"] = serde_json::Value::Null;
                record["csat"]["predicted_low"] = serde_json::Value::Null;
                let ids = record["alerts"].as_array_mut().unwrap();
                ids.retain(|id| !predicted.contains(id.as_str().unwrap()));
                // Written for an alert alone, one that was corrected on the way.
                if ids.is_empty() && record["ended_at"].is_null() {
                    last.remove(&format!("contact {key}"));
                    continue;
                }
                last.insert(format!("contact {key}"), record.to_string());
            }
        }
    }
    (last, alerts)
}

/// Returns the ids of predictions. They depend on what was known when, and so on where a step was cut; but each fires and ends once.
fn predicted(cluster: &Cluster) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (_, output) in &cluster.outputs {
        if output.topic != OutTopic::Alerts {
            continue;
        }
        let payload = output.payload.as_ref().unwrap();
        let record: serde_json::Value = serde_json::from_slice(payload).unwrap();
        if concern_of(record["rule"].as_str().unwrap()).is_some() {
            let id = record["id"].as_str().unwrap().to_owned();
            let status = record["status"].as_str().unwrap().to_owned();
            assert!(seen.insert((id.clone(), status)), "twice: {record}");
            ids.insert(id);
        }
    }
    ids
}

fn cluster(lines: &[String], keyed: Keyed, settings: &Arc<Settings>) -> Cluster {
    let tasks = settings.tasks;
    let mut cluster = Cluster::new(settings, SETTINGS_WALL).unwrap();
    cluster.watch_shadows();
    for partition in 0..i32::from(tasks) {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
    for (number, line) in lines.iter().enumerate() {
        let partition = match keyed {
            Keyed::AtRandom => (number * 7 % usize::from(tasks)) as i32,
            Keyed::ByContact => {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                let contact = event["contact_id"].as_str().unwrap();
                i32::from(Placement::new(tasks).task_of(contact.as_bytes()).0)
            }
        };
        cluster.feed(
            InputId {
                source: 0,
                partition,
            },
            line.clone().into_bytes(),
        );
    }
    cluster
}

/// Asserts the same records under the same keys, and names those that differ.
fn same(expected: &BTreeMap<String, String>, found: &BTreeMap<String, String>, seed: u64) {
    for key in expected.keys().chain(found.keys()) {
        assert_eq!(expected.get(key), found.get(key), "seed {seed}: {key}");
    }
}

fn disturb(cluster: &mut Cluster, events: usize, tasks: u16, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..events / 4 {
        let task = TaskId(random.random_range(0..tasks));
        let limit = random.random_range(1..40);
        match random.random_range(0..30) {
            0 => cluster.advance_and_crash(task, limit, Crash::BeforeStep),
            1 => cluster.advance_and_crash(task, limit, Crash::BeforeCommit),
            2 => cluster.advance_and_crash(task, limit, Crash::AfterCommit),
            _ => cluster.advance(task, limit).map(|_| ()),
        }
        .unwrap();
    }
    cluster.run_until_quiet(50).unwrap();
}

#[test]
fn a_task_that_loses_its_memory_goes_on_as_if_nothing_had_happened() {
    let lines: Vec<String> = floorwalker_testkit::harness::call_center_lines()
        .into_iter()
        .take(1_500)
        .collect();
    for seed in 0..12 {
        // From a log that is read whole to one that turns over again and again.
        let recovery_max_bytes = [1_400_000_000, 600_000, 60_000][seed as usize % 3];
        let tasks = [1, 3, 4][seed as usize / 3 % 3];
        let keyed = [Keyed::ByContact, Keyed::AtRandom][seed as usize % 2];
        let settings = events_settings(tasks, recovery_max_bytes);
        let mut undisturbed = cluster(&lines, keyed, &settings);
        undisturbed.run_until_quiet(50).unwrap();
        let mut disturbed = cluster(&lines, keyed, &settings);
        disturb(&mut disturbed, lines.len(), tasks, seed);
        let (expected, found) = (outcome(&undisturbed), outcome(&disturbed));
        let of_agents = expected.0.keys().filter(|it| it.starts_with("scorecard "));
        assert!(of_agents.count() > 10, "seed {seed}");
        same(&expected.0, &found.0, seed);
        if keyed == Keyed::ByContact {
            let twice = found.1.iter().find(|(_, times)| **times > 1);
            assert_eq!(twice, None, "seed {seed}");
            assert_eq!(expected.1, found.1, "seed {seed}");
        }
        assert!(
            disturbed.counters().balance(),
            "seed {seed}: {:?}",
            disturbed.counters()
        );
        assert_eq!(disturbed.counters().in_flight(), 0, "seed {seed}");
    }
}

#[test]
fn customers_go_on_where_their_task_lost_its_memory() {
    let world = VoiceWorld {
        contacts: 250,
        customers: 60,
        ..VoiceWorld::default()
    };
    let events = states::with_states(&world.events(), Span::from_secs(40 * 3_600), 1);
    let mut events = faults::shuffle(&events, Span::from_secs(300), 1);
    // Long after: everybody is settled and forgotten by then.
    events.push(line::parse("2026-11-22T14:00:00Z queued last queue=tech channel=voice").unwrap());
    let lines: Vec<String> = events.iter().map(jsonl).collect();
    for seed in 0..12 {
        let tasks = [2, 5][seed as usize % 2];
        let defaults = events_settings(tasks, [1_400_000_000, 60_000][seed as usize / 2 % 2]);
        let first_contact = FirstContact {
            window: Span::from_secs(600),
            ..FirstContact::default()
        };
        let settings = with_zones(&Settings {
            contact: ContactSettings {
                first_contact,
                remember_min: first_contact.window,
                max_age: [Span::from_secs(3_600); 8],
                ..ContactSettings::default()
            },
            // Panes of desks rise from the window to the baseline, and leave it before the end.
            balance: BalanceSettings {
                window: Window::sliding("10m", Span::from_secs(600)),
                baseline: Window::sliding("4h", Span::from_secs(4 * 3_600)),
                beat: Span::from_secs(5),
                peers_min: 2,
                sample_min: 2,
                ..BalanceSettings::default()
            },
            ..(*defaults).clone()
        });
        let settings = Arc::new(settings);
        let mut undisturbed = cluster(&lines, Keyed::AtRandom, &settings);
        undisturbed.run_until_quiet(50).unwrap();
        let mut disturbed = cluster(&lines, Keyed::AtRandom, &settings);
        disturb(&mut disturbed, lines.len(), tasks, seed);
        let (expected, found) = (outcome(&undisturbed).0, outcome(&disturbed).0);
        let all: serde_json::Value = serde_json::from_str(&expected["kpis all/all"]).unwrap();
        let confirmed = &all["kpis"]["fcr_confirmed"];
        assert!(confirmed["resolved"].as_i64() > Some(50), "{confirmed}");
        assert!(confirmed["repeated"].as_i64() > Some(5), "{confirmed}");
        let (occupancy, team) = (&all["kpis"]["occupancy"], expected.get("kpis team:red/all"));
        assert!(occupancy["occupied"].as_f64() > Some(0.0), "{occupancy}");
        assert!(team.is_some());
        same(&expected, &found, seed);
    }
}
