//! Alerts put together from their records: each from the first to the last.

use std::collections::BTreeMap;

use floorwalker_core::event::Timestamp;
use serde::Deserialize;

use crate::alert::Alert;

/// All alerts, from their records in the order in which they were written.
#[derive(Debug, Default)]
pub struct Episodes {
    /// In the order in which they fired.
    alerts: Vec<Alert>,
    place_by_id: BTreeMap<String, usize>,
}

/// What is read of a record.
#[derive(Debug, Deserialize)]
struct Record {
    id: String,
    rule: String,
    subject: String,
    #[serde(default)]
    group: Option<String>,
    status: String,
    at: Timestamp,
    #[serde(default)]
    inhibited_by: Option<String>,
    #[serde(default)]
    interrupts: bool,
    why: String,
}

impl Episodes {
    /// Takes a record that was seen at `seen_at`; by default when its transition took place.
    ///
    /// # Errors
    /// When it is no record of an alert.
    pub fn take(&mut self, record: &[u8], seen_at: Option<Timestamp>) -> serde_json::Result<()> {
        let record: Record = serde_json::from_slice(record)?;
        let at = seen_at.unwrap_or(record.at);
        let place = self.place_by_id.get(&record.id).copied();
        let known = place.and_then(|place| self.alerts.get_mut(place));
        match (record.status == "firing", known) {
            // It may become strong enough later, and fire again where it was ended too soon.
            (true, Some(known)) => {
                known.ended_at = None;
                known.calls |= record.calls();
            }
            (true, None) => {
                (self.place_by_id).insert(record.id.clone(), self.alerts.len());
                self.alerts.push(record.into_alert(at));
            }
            (false, Some(known)) => known.ended_at = Some(at),
            (false, None) => {}
        }
        Ok(())
    }

    /// Returns them in the order in which they fired.
    #[must_use]
    pub fn into_alerts(self) -> Vec<Alert> {
        self.alerts
    }
}

impl Record {
    const fn calls(&self) -> bool {
        self.interrupts && self.inhibited_by.is_none()
    }

    fn into_alert(self, fired_at: Timestamp) -> Alert {
        Alert {
            calls: self.calls(),
            group: self.group.unwrap_or_else(|| self.subject.clone()),
            id: self.id,
            rule: self.rule,
            subject: self.subject,
            why: self.why,
            fired_at,
            ended_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u8) -> Timestamp {
        Timestamp::parse(&format!("2026-11-22T10:{minute:02}:00Z")).unwrap()
    }

    fn record(id: &str, status: &str, minute: u8, covered_by: Option<&str>) -> Vec<u8> {
        serde_json::json!({
            "id": id, "rule": "queue.surge", "subject": "queue:billing", "group": "queue:billing", "status": status,
            "at": at(minute), "inhibited_by": covered_by, "interrupts": true, "why": "So many.",
        })
        .to_string()
        .into_bytes()
    }

    fn of(records: &[Vec<u8>]) -> Vec<Alert> {
        let mut episodes = Episodes::default();
        for record in records {
            episodes.take(record, None).unwrap();
        }
        episodes.into_alerts()
    }

    #[test]
    fn an_alert_lasts_from_its_first_record_to_its_last() {
        let alerts = of(&[
            record("a", "firing", 10, None),
            record("b", "firing", 20, None),
            record("a", "firing", 40, None),
            record("a", "resolved", 50, None),
        ]);
        let times: Vec<_> = alerts.iter().map(|it| (it.fired_at, it.ended_at)).collect();
        assert_eq!(times, [(at(10), Some(at(50))), (at(20), None)]);
    }

    #[test]
    fn what_is_seen_later_counts_from_then() {
        let mut episodes = Episodes::default();
        let fired = record("a", "firing", 10, None);
        episodes.take(&fired, Some(at(11))).unwrap();
        assert_eq!(episodes.into_alerts()[0].fired_at, at(11));
        assert!(Episodes::default().take(b"{}", None).is_err());
    }

    #[test]
    fn what_is_covered_calls_once_it_is_covered_no_more() {
        let covered = record("a", "firing", 10, Some("b"));
        let calls = |records: &[Vec<u8>]| of(records)[0].calls;
        assert!(!calls(std::slice::from_ref(&covered)));
        assert!(calls(&[covered, record("a", "firing", 40, None)]));
    }
}
