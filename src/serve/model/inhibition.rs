//! One incident, one alert: while a queue has an alert of its own, the alerts of its late contacts are part of it.

use std::collections::{BTreeMap, BTreeSet};

use super::AlertFields;
use floorwalker_core::event::Timestamp;

/// Rules about a queue whose alert covers those of its contacts.
const COVERING: [&str; 8] = [
    "sla.burn",
    "sla.lost",
    "queue.staffing",
    "queue.longest_wait",
    "queue.surge",
    "queue.absence",
    "queue.callbacks",
    "queue.abandonment",
];
/// Rules about contacts whose alerts are covered.
const COVERED: [&str; 2] = ["sla.at_risk", "sla.missed"];
/// The engine covers an alert by one that is not covered, so that chains are short.
const CHAIN_MAX: usize = 8;

/// Firing alerts as far as one covers another.
#[derive(Debug, Default)]
pub(super) struct Inhibition {
    /// All that are not about contacts, by id.
    groups: BTreeMap<String, Group>,
    /// Those that cover contacts' alerts, the earliest first.
    covering_by_queue: BTreeMap<String, BTreeSet<(Timestamp, String)>>,
    /// Ids of contacts' alerts that may be covered.
    contacts_by_queue: BTreeMap<String, BTreeSet<String>>,
    /// The alert that covers those of each queue's contacts.
    head_by_queue: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// The queue whose contacts' alerts it covers.
    queue: Option<String>,
    starts_at: Timestamp,
    inhibited_by: Option<String>,
}

impl Inhibition {
    /// Takes in an alert that fires. Returns whether [`Self::settle`] is due.
    pub(super) fn put(&mut self, alert: &AlertFields) -> bool {
        if let Some(queue) = covered_queue(alert) {
            let ids = self.contacts_by_queue.entry(queue.to_owned());
            ids.or_default().insert(alert.id.clone());
            return false;
        }
        if alert.is_about_contact() {
            return false;
        }
        let group = Group {
            queue: covering_queue(alert).map(str::to_owned),
            starts_at: alert.starts_at,
            inhibited_by: alert.inhibited_by.clone(),
        };
        if self.groups.get(&alert.id) == Some(&group) {
            return false;
        }
        self.remove_group(&alert.id);
        if let Some(queue) = &group.queue {
            let covering = self.covering_by_queue.entry(queue.clone());
            let place = (group.starts_at, alert.id.clone());
            covering.or_default().insert(place);
        }
        self.groups.insert(alert.id.clone(), group);
        true
    }

    /// Takes out an alert that fires no more. Returns whether [`Self::settle`] is due.
    pub(super) fn remove(&mut self, alert: &AlertFields) -> bool {
        let Some(queue) = covered_queue(alert) else {
            return self.remove_group(&alert.id);
        };
        if let Some(ids) = self.contacts_by_queue.get_mut(queue) {
            ids.remove(&alert.id);
            if ids.is_empty() {
                self.contacts_by_queue.remove(queue);
            }
        }
        false
    }

    fn remove_group(&mut self, id: &str) -> bool {
        let Some(group) = self.groups.remove(id) else {
            return false;
        };
        if let Some(queue) = group.queue
            && let Some(covering) = self.covering_by_queue.get_mut(&queue)
        {
            covering.remove(&(group.starts_at, id.to_owned()));
            if covering.is_empty() {
                self.covering_by_queue.remove(&queue);
            }
        }
        true
    }

    /// Finds anew which alert covers those of each queue's contacts. Returns the ids of those that are covered by another than before.
    pub(super) fn settle(&mut self) -> Vec<String> {
        let covering = self.covering_by_queue.keys();
        let heads = covering.filter_map(|queue| Some((queue.clone(), self.find_head(queue)?)));
        let heads: BTreeMap<String, String> = heads.collect();
        let before = std::mem::replace(&mut self.head_by_queue, heads);
        let queues: BTreeSet<&String> = before.keys().chain(self.head_by_queue.keys()).collect();
        let changed = queues
            .into_iter()
            .filter(|queue| before.get(*queue) != self.head_by_queue.get(*queue));
        let ids = changed.filter_map(|queue| self.contacts_by_queue.get(queue));
        ids.flatten().cloned().collect()
    }

    /// The earliest that nothing covers; if all are covered, what covers the earliest.
    fn find_head(&self, queue: &str) -> Option<String> {
        let covering = self.covering_by_queue.get(queue)?;
        let is_free = |(_, id): &&(Timestamp, String)| self.cover_of(id).is_none();
        let (_, first) = covering.iter().find(is_free).or_else(|| covering.first())?;
        let chain = std::iter::successors(Some(first.as_str()), |id| self.cover_of(id));
        chain.take(CHAIN_MAX).last().map(str::to_owned)
    }

    /// The firing alert that covers one that is not about a contact.
    fn cover_of(&self, id: &str) -> Option<&str> {
        let by = self.groups.get(id)?.inhibited_by.as_deref()?;
        self.groups.contains_key(by).then_some(by)
    }

    /// The alert that covers this one.
    pub(super) fn inhibited_by(&self, alert: &AlertFields) -> Option<String> {
        let head = covered_queue(alert).and_then(|queue| self.head_by_queue.get(queue));
        head.or(alert.inhibited_by.as_ref()).cloned()
    }

    /// How many alerts it covers.
    pub(super) fn covers(&self, id: &str) -> usize {
        let queues = self.head_by_queue.iter().filter(|(_, head)| *head == id);
        let contacts = queues.filter_map(|(queue, _)| self.contacts_by_queue.get(queue));
        let groups = self.groups.values();
        let groups = groups.filter(|group| group.inhibited_by.as_deref() == Some(id));
        contacts.map(BTreeSet::len).sum::<usize>() + groups.count()
    }
}

/// The queue of a contact's alert that an alert of the queue would cover.
fn covered_queue(alert: &AlertFields) -> Option<&str> {
    let is_covered = COVERED.contains(&alert.rule.as_str()) && alert.is_about_contact();
    alert.queue.as_deref().filter(|_| is_covered)
}

/// The queue whose contacts' alerts it covers.
fn covering_queue(alert: &AlertFields) -> Option<&str> {
    let queue = alert.subject.strip_prefix("queue:");
    queue.filter(|_| COVERING.contains(&alert.rule.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alert(id: &str, rule: &str, subject: &str, more: &serde_json::Value) -> AlertFields {
        let mut fields = json!({
            "id": id, "rule": rule, "status": "firing", "severity": "warning", "subject": subject,
            "starts_at": "2026-11-22T10:00:00Z", "at": "2026-11-22T10:00:00Z", "why": "",
        });
        let more = more.as_object().unwrap().clone();
        fields.as_object_mut().unwrap().extend(more);
        serde_json::from_value(fields).unwrap()
    }

    fn late(id: &str) -> AlertFields {
        alert(id, "sla.missed", "contact:c", &json!({"queue": "q"}))
    }

    fn of_queue(id: &str, rule: &str, more: &serde_json::Value) -> AlertFields {
        alert(id, rule, "queue:q", more)
    }

    #[test]
    fn late_contacts_are_part_of_their_queues_alert() {
        let mut inhibition = Inhibition::default();
        let (one, other) = (late("c/1"), late("c/2"));
        let elsewhere = alert("c/3", "sla.missed", "contact:d", &json!({"queue": "r"}));
        let mood = alert(
            "c/4",
            "csat.low_predicted",
            "contact:c",
            &json!({"queue": "q"}),
        );
        for alert in [&one, &other, &elsewhere, &mood] {
            assert!(!inhibition.put(alert));
        }
        let surge = of_queue("q/1", "queue.surge", &json!({}));
        assert!(inhibition.put(&surge));
        assert_eq!(inhibition.settle(), ["c/1", "c/2"]);
        assert_eq!(inhibition.inhibited_by(&one).as_deref(), Some("q/1"));
        assert_eq!(inhibition.inhibited_by(&elsewhere), None);
        assert_eq!(inhibition.inhibited_by(&mood), None);
        assert_eq!(inhibition.covers("q/1"), 2);
        // Written again, it changes nothing.
        assert!(!inhibition.put(&surge));
        inhibition.remove(&other);
        assert_eq!(inhibition.covers("q/1"), 1);
        assert!(inhibition.remove(&surge));
        assert_eq!(inhibition.settle(), ["c/1"]);
        assert_eq!(inhibition.inhibited_by(&one), None);
    }

    #[test]
    fn of_several_the_earliest_that_nothing_covers_is_the_head() {
        let mut inhibition = Inhibition::default();
        inhibition.put(&late("c/1"));
        let head = |of: &mut Inhibition| {
            of.settle();
            of.inhibited_by(&late("c/1"))
        };
        let later = json!({"starts_at": "2026-11-22T10:05:00Z"});
        let absence = of_queue("q/0", "queue.absence", &later);
        inhibition.put(&absence);
        inhibition.put(&of_queue("q/1", "queue.surge", &json!({})));
        assert_eq!(head(&mut inhibition).as_deref(), Some("q/1"));
        inhibition.put(&of_queue(
            "q/1",
            "queue.surge",
            &json!({"inhibited_by": "q/0"}),
        ));
        assert_eq!(head(&mut inhibition).as_deref(), Some("q/0"));
        // What is covered by an alert that is over is not covered.
        inhibition.remove(&absence);
        assert_eq!(head(&mut inhibition).as_deref(), Some("q/1"));
    }

    #[test]
    fn the_head_may_be_of_something_else() {
        let mut inhibition = Inhibition::default();
        inhibition.put(&late("c/1"));
        inhibition.put(&of_queue(
            "q/1",
            "sla.burn",
            &json!({"inhibited_by": "r/1"}),
        ));
        inhibition.put(&alert(
            "r/1",
            "reason.surge",
            "reason:x",
            &json!({"inhibited_by": "w/1"}),
        ));
        inhibition.put(&alert("w/1", "work.slow", "all", &json!({})));
        assert_eq!(inhibition.settle(), ["c/1"]);
        assert_eq!(
            inhibition.inhibited_by(&late("c/1")).as_deref(),
            Some("w/1")
        );
        assert_eq!((inhibition.covers("w/1"), inhibition.covers("r/1")), (2, 1));
        // A circle has no end, and is no trap.
        inhibition.put(&alert(
            "w/1",
            "work.slow",
            "all",
            &json!({"inhibited_by": "q/1"}),
        ));
        inhibition.settle();
        assert!(inhibition.inhibited_by(&late("c/1")).is_some());
    }

    #[test]
    fn rules_that_are_no_incident_of_the_queue_cover_nothing() {
        let mut inhibition = Inhibition::default();
        inhibition.put(&late("c/1"));
        inhibition.put(&alert(
            "a/1",
            "agent.sla",
            "agent:ana",
            &json!({"queue": "q"}),
        ));
        assert!(inhibition.settle().is_empty());
    }
}
