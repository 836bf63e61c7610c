//! The same file through `replay`, through `run` on Kafka, and through a run that is killed in the middle: the same records.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use floorwalker::kafka::topics::Topic;
use floorwalker_core::alert::concern_of;
use serde_json::Value;

use crate::{
    binary::{Site, stdout},
    broker::{pause, print_line},
    kafka_golden::CALLS,
    outcome::differences,
    readback::read_all,
};

/// Of a world: long ago, so that nothing of it is ahead of the wall.
const START: &str = "2025-03-03T08:00:00Z";
/// What may differ, and why; all else is the same in every field.
const APART: [(&str, &str); 4] = [
    // How often a record was replaced depends on where steps were cut.
    ("contacts", "version"),
    // The number of the step that wrote it.
    ("alerts", "seq"),
    // It depends on what was known then: the events of the customer's and the queue's other contacts.
    ("contacts", "/csat/predicted_low"),
    // The start of the deployment passes from task to task; a record may be written before it arrives.
    ("kpis", "partial"),
];

/// The last record of each key, by topic.
#[derive(Debug, Default)]
struct Records {
    kpis: BTreeMap<String, Value>,
    contacts: BTreeMap<String, Value>,
    alerts: BTreeMap<String, Value>,
}

impl Records {
    fn by_replay(file: &Path, folder: &Path) -> Self {
        let [kpis, contacts, alerts] = ["kpis", "contacts", "alerts"].map(|name| folder.join(name));
        let mut arguments = vec!["replay", path(file), "--kpis", path(&kpis)];
        arguments.extend(["--contacts", path(&contacts), "--alerts", path(&alerts)]);
        stdout(&arguments);
        let records_in = |written: &PathBuf| -> Vec<Value> {
            let text = fs::read_to_string(written).unwrap();
            let records = text.lines().map(|line| serde_json::from_str(line).unwrap());
            records.collect()
        };
        let mut records = Self::default();
        records.add(
            records_in(&kpis),
            records_in(&contacts),
            records_in(&alerts),
        );
        records
    }

    fn by_topics(prefix: &str) -> Self {
        let [kpis, contacts, alerts] = [Topic::Kpis, Topic::Contacts, Topic::Alerts].map(|topic| {
            let all = read_all(&topic.name(prefix)).into_iter();
            let records = all.map(|seen| serde_json::from_slice(&seen.payload.unwrap()).unwrap());
            records.collect()
        });
        let mut records = Self::default();
        records.add(kpis, contacts, alerts);
        records
    }

    fn add(&mut self, kpis: Vec<Value>, contacts: Vec<Value>, alerts: Vec<Value>) {
        let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
        for record in kpis {
            let key = format!("{}/{}", text(&record, "entity"), text(&record, "window"));
            self.kpis.insert(key, without("kpis", record));
        }
        let (predicted, others): (Vec<_>, Vec<_>) = alerts
            .into_iter()
            .partition(|it| concern_of(it["rule"].as_str().unwrap()).is_some());
        for record in others {
            self.alerts
                .insert(text(&record, "id"), without("alerts", record));
        }
        let predicted: BTreeSet<String> = predicted.iter().map(|it| text(it, "id")).collect();
        for record in contacts {
            let key = text(&record, "contact_id");
            let mut record = without("contacts", record);
            if let Some(ids) = record["alerts"].as_array_mut() {
                ids.retain(|id| !predicted.contains(id.as_str().unwrap()));
            }
            self.contacts.insert(key, record);
        }
    }

    /// Contacts that only a file of all of them has (those that are not over and caused no alert) are in no topic.
    fn faults(&self, expected: &Self) -> String {
        let mut wanted = expected.contacts.clone();
        wanted.retain(|key, record| self.contacts.contains_key(key) || is_over(record));
        differences("kpis", &self.kpis, &expected.kpis)
            + &differences("contacts", &self.contacts, &wanted)
            + &differences("alerts", &self.alerts, &expected.alerts)
    }
}

/// The customer's side is over, and nobody works on it any more.
fn is_over(record: &Value) -> bool {
    let mut engagements = record["engagements"].as_array().unwrap().iter();
    !record["ended_at"].is_null() && engagements.all(|it| !it["ended_at"].is_null())
}

fn without(topic: &str, mut record: Value) -> Value {
    for (_, field) in APART.iter().filter(|(of, _)| *of == topic) {
        if let Some(nested) = record.pointer_mut(field) {
            *nested = Value::Null;
        } else if let Some(fields) = record.as_object_mut() {
            fields.remove(*field);
        }
    }
    record
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// All of the file is in the topic before anything is read.
fn loaded(prefix: &str, file: &Path) -> (Site, u64) {
    let site = Site::new(prefix, 4, 1, "");
    let (topic, config) = (site.source(), site.config(0));
    let printed = stdout(&["load", path(file), "--topic", &topic, "--config", &config]);
    let lines = printed.split(' ').next().unwrap().replace(',', "");
    (site, lines.parse().unwrap())
}

fn wait_for_the_same(site: Site, lines: u64, expected: &Records) {
    let mut faults = String::new();
    for _ in 0..600 {
        pause(Duration::from_millis(500));
        faults = Records::by_topics(&site.prefix).faults(expected);
        if faults.is_empty() {
            break;
        }
    }
    assert!(
        faults.is_empty(),
        "{} in {}: {faults}",
        site.prefix,
        site.folder().display()
    );
    pause(Duration::from_millis(500));
    site.assert_balance(lines);
    site.end();
}

/// Kills the process as soon as it reports some of the events as applied, and starts it again. Returns how many.
fn kill_at_work(site: &mut Site, lines: u64) -> u64 {
    let mut applied = 0;
    for _ in 0..30_000 {
        applied = site.events("applied");
        if applied > 0 {
            break;
        }
        pause(Duration::from_millis(1));
    }
    site.kill();
    let contacts = Records::by_topics(&site.prefix).contacts.len();
    print_line(format_args!(
        "{}: killed with {applied} of {lines} events applied, {contacts} contacts emitted",
        site.prefix
    ));
    assert!(applied > 0);
    site.run();
    applied
}

/// Returns the number of events, and how many of them were applied before the kill.
fn check(name: &str, file: &Path) -> (u64, u64) {
    let folder = tempfile::tempdir().unwrap();
    let expected = Records::by_replay(file, folder.path());
    assert!(!expected.kpis.is_empty() && !expected.contacts.is_empty());
    let (mut whole, lines) = loaded(&format!("same-{name}"), file);
    whole.run();
    wait_for_the_same(whole, lines, &expected);
    let (mut killed, _) = loaded(&format!("same-{name}-killed"), file);
    killed.run();
    let applied = kill_at_work(&mut killed, lines);
    wait_for_the_same(killed, lines, &expected);
    (lines, applied)
}

/// So few events that a slow look may find them all applied.
#[test]
fn the_published_call_center_is_the_same_by_replay_by_run_and_when_killed() {
    check("calls", Path::new(CALLS));
}

#[test]
fn a_world_of_all_channels_is_the_same_by_replay_by_run_and_when_killed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("world.jsonl");
    let some = [
        "simulate", "--agents", "300", "--hours", "3", "--seed", "5", "--start", START,
    ];
    stdout(&[&some[..], &["--faults", "default", "--out", path(&file)]].concat());
    let (lines, applied) = check("world", &file);
    assert!(applied < lines, "{applied} of {lines}");
}
