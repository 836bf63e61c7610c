//! A crash at any step changes no alert about queues, agents, reasons and feeds, and nothing that is recognized: each is written once,
//! whatever died between.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use floorwalker_core::{
    alert::RULES_OF_CONTACTS,
    engine::{InputId, OutTopic, Placement, Settings, TaskId},
    event::Span,
    local::{Cluster, Crash},
    rules::RecognitionKind,
};
use floorwalker_simulator::{Faults, World, WorldSettings, drawn_incidents};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings, project};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::Value;

use crate::schemas::{assert_valid, validator};

const TASKS: u16 = 3;
const AGENTS: usize = 60;
const HOURS: i64 = 3;
/// Records of an input that a step takes in.
const STEP: usize = 150;
/// A day in which several rules fire.
const SEED: u64 = 4;

/// Returns the payloads of a day with incidents by partition.
fn day() -> Vec<Vec<Vec<u8>>> {
    let mut settings = WorldSettings::new(AGENTS, Span::from_secs(3_600 * HOURS));
    settings.faults = Faults::default();
    settings.incidents = drawn_incidents(&settings, SEED);
    let placement = Placement::new(TASKS);
    let mut partitions = vec![Vec::new(); usize::from(TASKS)];
    for delivery in World::new(settings, SEED) {
        let key = delivery.event.as_ref().map(|event| &event.key);
        let task = key.map_or(TaskId(0), |key| placement.owner_of(key));
        partitions[usize::from(task.0)].push(delivery.payload);
    }
    partitions
}

fn settings() -> Arc<Settings> {
    let mut settings = Settings::clone(&events_settings(TASKS, 1_400_000_000));
    settings.balance.enabled = false;
    // Steps are cut elsewhere after a crash: what is judged must be complete, whoever came first.
    settings.rules.settle = Span::from_secs(900);
    // So much is not done well in three hours.
    for (kind, rule) in &mut settings.rules.recognition {
        (rule.minimum, rule.window) = (5, Span::from_secs(3_600));
        rule.repeat_every = Span::from_secs(3_600);
        rule.threshold = match kind {
            RecognitionKind::TargetHeld => 1.0,
            RecognitionKind::Streak => 2.0,
            RecognitionKind::Improvement => 1.0,
        };
    }
    Arc::new(settings)
}

fn cluster(partitions: &[Vec<Vec<u8>>]) -> Cluster {
    let mut cluster = Cluster::new(&settings(), SETTINGS_WALL).unwrap();
    for (number, records) in (0..).zip(partitions) {
        let input = InputId {
            source: 0,
            partition: number,
        };
        cluster.add_input(input);
        for record in records {
            cluster.feed(input, record.clone());
        }
    }
    cluster
}

/// Returns the records of the rules' alerts, and of what is recognized, by id, in the order in which they were written, and their rules.
fn alerts(cluster: &Cluster) -> BTreeMap<String, Vec<Value>> {
    let mut by_id: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (_, output) in &cluster.outputs {
        if !matches!(output.topic, OutTopic::Alerts | OutTopic::Recognitions) {
            continue;
        }
        let mut record: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
        if RULES_OF_CONTACTS.iter().any(|rule| record["rule"] == *rule) {
            continue;
        }
        record["seq"] = Value::Null;
        let id = record["id"].as_str().unwrap().to_owned();
        by_id.entry(id).or_default().push(record);
    }
    by_id
}

#[test]
fn a_crash_anywhere_raises_the_same_alerts_about_groups() {
    let partitions = day();
    let mut undisturbed = cluster(&partitions);
    undisturbed.run_until_quiet(STEP).unwrap();
    let expected = alerts(&undisturbed);
    let rules: BTreeSet<String> = (expected.values().flatten())
        .map(|record| record["rule"].to_string())
        .collect();
    let resolved = expected
        .values()
        .flatten()
        .filter(|it| it["status"] == "resolved");
    assert!(rules.len() >= 7 && resolved.count() >= 4, "{rules:?}");
    let schema = fs::read_to_string(project("schemas/v1/recognition.json")).unwrap();
    let schema = validator(&serde_json::from_str(&schema).unwrap());
    let written = expected.values().flatten();
    let recognized = written.filter(|record| record["status"].is_null());
    recognized.for_each(|record| {
        let mut record = record.clone();
        record["seq"] = 1.into();
        assert_valid(&schema, &record);
    });
    for kind in RecognitionKind::ALL {
        assert!(rules.contains(&format!("\"{}\"", kind.name())), "{rules:?}");
    }

    let kinds = [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit];
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut disturbed = cluster(&partitions);
        for _ in 0..400 {
            let task = TaskId(random.random_range(0..TASKS));
            let limit = random.random_range(1..STEP);
            if random.random_bool(0.3) {
                let crash = kinds[random.random_range(0..kinds.len())];
                disturbed.advance_and_crash(task, limit, crash).unwrap();
            } else {
                disturbed.advance(task, limit).unwrap();
            }
        }
        disturbed.run_until_quiet(STEP).unwrap();
        let found = alerts(&disturbed);
        for (id, records) in &expected {
            assert_eq!(found.get(id), Some(records), "seed {seed}: {id}");
        }
        assert_eq!(found.len(), expected.len(), "seed {seed}");
    }
}
