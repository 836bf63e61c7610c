//! The alerts that were raised, put together from their records.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use floorwalker_core::event::Timestamp;

/// An alert, from its first record to its last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Raised {
    pub(super) id: String,
    pub(super) rule: String,
    pub(super) subject: String,
    /// The queue of a contact; otherwise the subject.
    pub(super) group: String,
    /// When it fired.
    pub(super) at: Timestamp,
    /// `None`: it still fires at the end.
    pub(super) ended_at: Option<Timestamp>,
    /// It calls a person at some time: it is meant to, and no other alert covers it then.
    pub(super) calls: bool,
    /// The sentence with which it fired.
    pub(super) why: String,
}

impl Raised {
    /// Returns when it was over by `end`, at which what fires still fires.
    pub(super) fn ends_by(&self, end: Timestamp) -> Timestamp {
        self.ended_at.unwrap_or(end).max(self.at)
    }
}

/// What is read of a record.
#[derive(Deserialize)]
struct Record {
    id: String,
    rule: String,
    subject: String,
    group: Option<String>,
    status: String,
    at: Timestamp,
    inhibited_by: Option<String>,
    interrupts: bool,
    why: String,
}

/// All alerts, from their records in the order in which they were written.
#[derive(Debug, Default)]
pub(super) struct Alerts(BTreeMap<String, Raised>);

impl Alerts {
    pub(super) fn take(&mut self, record: &[u8]) -> anyhow::Result<()> {
        let record: Record =
            serde_json::from_slice(record).context("an alert that was just written")?;
        let known = self.0.get_mut(&record.id);
        match (record.status == "firing", known) {
            (true, Some(known)) => {
                known.ended_at = None;
                known.calls |= record.calls();
            }
            (true, None) => {
                self.0.insert(record.id.clone(), record.into_raised());
            }
            (false, Some(known)) => known.ended_at = Some(record.at),
            (false, None) => {}
        }
        Ok(())
    }

    /// Returns them in the order in which they fired.
    pub(super) fn into_raised(self) -> Vec<Raised> {
        let mut raised: Vec<Raised> = self.0.into_values().collect();
        raised.sort_by(|one, other| {
            let key = |it: &Raised| (it.at, it.rule.clone(), it.subject.clone());
            key(one).cmp(&key(other))
        });
        raised
    }
}

impl Record {
    const fn calls(&self) -> bool {
        self.interrupts && self.inhibited_by.is_none()
    }

    fn into_raised(self) -> Raised {
        Raised {
            calls: self.calls(),
            group: self.group.unwrap_or_else(|| self.subject.clone()),
            id: self.id,
            rule: self.rule,
            subject: self.subject,
            at: self.at,
            ended_at: None,
            why: self.why,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, status: &str, minute: u8, covered_by: Option<&str>) -> Vec<u8> {
        serde_json::json!({
            "id": id, "rule": "queue.surge", "subject": "queue:billing", "group": "queue:billing", "status": status,
            "at": format!("2026-11-22T10:{minute:02}:00Z"), "inhibited_by": covered_by, "interrupts": true, "why": "So many.",
        })
        .to_string()
        .into_bytes()
    }

    fn of(records: &[Vec<u8>]) -> Vec<Raised> {
        let mut alerts = Alerts::default();
        records
            .iter()
            .for_each(|record| alerts.take(record).unwrap());
        alerts.into_raised()
    }

    #[test]
    fn an_alert_lasts_from_its_first_record_to_its_last() {
        let raised = of(&[
            record("b", "firing", 20, None),
            record("a", "firing", 10, None),
            record("a", "firing", 40, None),
            record("a", "resolved", 50, None),
        ]);
        let minutes = |it: &Raised| (it.at.to_string(), it.ended_at.map(|at| at.to_string()));
        let [first, second] = raised.as_slice() else {
            panic!("{raised:?}");
        };
        let (ten, fifty) = ("2026-11-22T10:10:00Z", "2026-11-22T10:50:00Z");
        assert_eq!(minutes(first), (ten.to_owned(), Some(fifty.to_owned())));
        assert_eq!(second.ended_at, None);
    }

    #[test]
    fn what_is_covered_calls_once_it_is_covered_no_more() {
        let covered = record("a", "firing", 10, Some("b"));
        let calls = |records: &[Vec<u8>]| of(records)[0].calls;
        assert!(!calls(std::slice::from_ref(&covered)));
        assert!(calls(&[covered, record("a", "firing", 40, None)]));
    }
}
