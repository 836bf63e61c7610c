//! The final records of the output topics: of a deployment on Kafka, or of one in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use floorwalker::kafka::topics::Topic;
use floorwalker_core::{alert::concern_of, engine::OutTopic, local::Cluster};
use floorwalker_testkit::harness::is_nothing;
use serde_json::Value;

use crate::readback::{Seen, read_all};

/// The last record of each key, and how often each transition of an alert was emitted.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) kpis: BTreeMap<String, Value>,
    pub(crate) contacts: BTreeMap<String, Value>,
    pub(crate) scorecards: BTreeMap<String, Value>,
    /// Ids of alerts that a prediction raised.
    predicted: BTreeSet<String>,
    pub(crate) transitions: BTreeMap<Transition, usize>,
}

/// What makes one transition of an alert another than all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Transition {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) starts_at: String,
    pub(crate) reason: String,
    /// Of a rule's alert, which is written again while it fires.
    pub(crate) at: String,
}

impl Outcome {
    pub(crate) fn of_memory(cluster: &Cluster) -> Self {
        let mut outcome = Self::default();
        for (_, output) in &cluster.outputs {
            let topic = match output.topic {
                OutTopic::Kpis => Topic::Kpis,
                OutTopic::Contacts => Topic::Contacts,
                OutTopic::Alerts => Topic::Alerts,
                OutTopic::Scorecards => Topic::Scorecards,
                OutTopic::Recognitions | OutTopic::DeadLetters => continue,
            };
            let bytes = |bytes: &Option<Vec<u8>>| bytes.clone().unwrap_or_default();
            outcome.add(topic, &bytes(&output.key), &bytes(&output.payload));
        }
        outcome
    }

    /// All that a reader with `read_committed` sees, from the first record to the last.
    pub(crate) fn of_kafka(prefix: &str) -> Self {
        let mut outcome = Self::default();
        for topic in [
            Topic::Kpis,
            Topic::Contacts,
            Topic::Alerts,
            Topic::Scorecards,
        ] {
            for Seen { key, payload, .. } in read_all(&topic.name(prefix)) {
                let payload = payload.unwrap_or_default();
                outcome.add(topic, &key.unwrap_or_default(), &payload);
            }
        }
        outcome
    }

    fn add(&mut self, topic: Topic, key: &[u8], payload: &[u8]) {
        let key = String::from_utf8(key.to_vec()).unwrap();
        if payload.is_empty() {
            assert_eq!(topic, Topic::Scorecards, "{key} was removed");
            self.scorecards.remove(&key);
            return;
        }
        let record = serde_json::from_slice(payload).unwrap();
        match topic {
            Topic::Scorecards => drop(self.scorecards.insert(key, comparable(record))),
            Topic::Kpis => drop(self.kpis.insert(key, comparable(record))),
            Topic::Contacts => drop(self.contacts.insert(key, comparable(record))),
            Topic::Alerts => {
                if concern_of(record["rule"].as_str().unwrap()).is_some() {
                    self.predicted.insert(key);
                }
                *self.transitions.entry(transition(&record)).or_default() += 1;
            }
            Topic::Acknowledgements
            | Topic::Silences
            | Topic::Recognition
            | Topic::Directory
            | Topic::Tasks
            | Topic::Exchange
            | Topic::State
            | Topic::Notifications
            | Topic::DeadLetters => {}
        }
    }

    /// Which alerts were raised and which are over.
    fn statuses(&self) -> BTreeMap<(String, String), String> {
        let transitions = self.transitions.iter();
        transitions
            .filter(|(it, _)| !self.predicted.contains(&it.id))
            .map(|(it, times)| {
                let id_status = (it.id.clone(), it.status.clone());
                (id_status, format!("{times}x {it}"))
            })
            .collect()
    }

    /// Panics if a transition was emitted twice.
    pub(crate) fn assert_emitted_once(&self) {
        let twice: Vec<_> = (self.transitions.iter())
            .filter(|(_, times)| **times > 1)
            .collect();
        assert!(twice.is_empty(), "{} emitted twice: {twice:?}", twice.len());
    }

    /// How the figures and contacts differ from those expected; empty if not at all.
    pub(crate) fn faults_in_records(&self, expected: &Self) -> String {
        let kpis = differences("kpis", &self.kpis, &expected.kpis);
        let contacts = self.without_predictions();
        kpis + &differences("contacts", &contacts, &expected.without_predictions())
    }

    /// Returns the contacts without predictions, which depend on what was known when: on where steps were cut.
    fn without_predictions(&self) -> BTreeMap<String, Value> {
        let mut contacts = self.contacts.clone();
        for record in contacts.values_mut() {
            record["csat"]["predicted_low"] = Value::Null;
            if let Some(ids) = record["alerts"].as_array_mut() {
                ids.retain(|id| !id.as_str().is_some_and(|id| self.predicted.contains(id)));
            }
        }
        contacts
    }

    /// The same for alerts.
    pub(crate) fn faults_in_alerts(&self, expected: &Self) -> String {
        let count = |outcome: &Self| {
            let reasons = outcome.transitions.keys().map(|it| &it.reason);
            let mut count: BTreeMap<&String, usize> = BTreeMap::new();
            reasons.for_each(|reason| *count.entry(reason).or_default() += 1);
            format!("{count:?}")
        };
        let (found, wanted) = (self.statuses(), expected.statuses());
        let mut faults = String::new();
        for (what, of, not_in) in [("more", &found, &wanted), ("missing", &wanted, &found)] {
            let off: Vec<_> = of
                .iter()
                .filter(|(key, _)| !not_in.contains_key(*key))
                .map(|(_, line)| line.as_str())
                .collect();
            if let Some(first) = off.first() {
                faults += &format!("alerts: {} {what}, such as {first}\n", off.len());
            }
        }
        if !faults.is_empty() {
            faults += &format!("by reason: {}, expected {}\n", count(self), count(expected));
        }
        faults
    }
}

impl fmt::Display for Transition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            status,
            starts_at,
            reason,
            at: _,
        } = self;
        write!(f, "{id} {status}, starts {starts_at}, {reason}")
    }
}

fn transition(record: &Value) -> Transition {
    let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let is_of_rule = !text("subject").starts_with("contact:");
    Transition {
        at: text(if is_of_rule { "at" } else { "" }),
        id: text("id"),
        status: text("status"),
        starts_at: text("starts_at"),
        reason: text("reason"),
    }
}

/// Leaves out what depends on when a record was written: how often it was, and since when the deployment lives.
pub(crate) fn comparable(mut record: Value) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.remove("version");
        fields.remove("partial");
    }
    record
}

pub(crate) fn differences(
    what: &str,
    found: &BTreeMap<String, Value>,
    expected: &BTreeMap<String, Value>,
) -> String {
    // Whoever has lost all figures is written no more, so it is chance at which instant that was.
    let with_figures = |(_, record): &(&String, &Value)| !has_no_figures(record);
    let off: Vec<_> = (expected.iter().filter(with_figures))
        .filter(|(key, record)| found.get(*key) != Some(record))
        .collect();
    let more: Vec<_> = (found.iter().filter(with_figures))
        .filter(|(key, _)| expected.get(*key).is_none_or(has_no_figures))
        .collect();
    if off.is_empty() && more.is_empty() {
        return String::new();
    }
    let first = off.first().map(|(key, record)| {
        let found = found.get(*key).unwrap_or(&Value::Null);
        format!("{key}:\nexpected {record}\nfound    {found}")
    });
    format!(
        "{what}: {} of {} differ, {} more {:?}; {}\n",
        off.len(),
        expected.len(),
        more.len(),
        more.first(),
        first.unwrap_or_default()
    )
}

/// Figures of an entity that has lost what was booked to it at first: the channel `other` once the contact's own is known.
fn has_no_figures(record: &Value) -> bool {
    let figures = &record["kpis"];
    figures.as_object().is_some_and(|it| !it.is_empty()) && is_nothing(figures)
}
