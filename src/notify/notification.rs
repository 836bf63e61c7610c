//! What one receiver is to be sent of one transition: a record of the topic `notifications`.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::alerts::AlertFields;
use floorwalker_core::event::Timestamp;

/// Bytes of a key: more than chance can repeat.
const KEY_BYTES: usize = 16;

/// What has become of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transition {
    /// It fires, and this receiver has not been called about it.
    Fired,
    /// It still fires, and nobody has taken it up.
    Repeated,
    /// It went a level up, because nobody has taken it up.
    Escalated,
    /// Somebody has taken it up.
    Acknowledged,
    Resolved,
}

/// An alert that another one covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    pub rule: String,
    pub subject: String,
}

/// One message to one receiver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// The idempotency key: the same whenever and however often this transition of the alert is sent.
    pub id: String,
    /// The id of the alert.
    pub incident: String,
    pub receiver: String,
    pub transition: Transition,
    /// When the transition took place.
    pub at: Timestamp,
    /// The team that answers for the alert's queue, as it was at the first message.
    pub team: Option<String>,
    /// How many levels the alert has gone up.
    pub escalation: u32,
    /// Who has taken it up.
    pub by: Option<String>,
    /// Alerts that this one covers and that fire.
    pub covers: Vec<Covered>,
    /// The record of the alert, as it was written.
    pub alert: Arc<RawValue>,
}

/// The fields of an alert's record that messages show, beside [`AlertFields`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct AlertText {
    #[serde(default)]
    pub(super) action: String,
    #[serde(default)]
    pub(super) escalation: u32,
    #[serde(default)]
    pub(super) recipients: Vec<String>,
    #[serde(default)]
    pub(super) contacts_more: u32,
    pub(super) runbook: Option<String>,
    #[serde(default)]
    pub(super) links: AlertLinks,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
pub(super) struct AlertLinks {
    pub(super) wallboard: Option<String>,
}

impl Transition {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Repeated => "repeated",
            Self::Escalated => "escalated",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

impl Notification {
    /// Returns the alert's fields.
    ///
    /// # Errors
    /// When the record is none of an alert.
    pub(super) fn fields(&self) -> serde_json::Result<(AlertFields, AlertText)> {
        let record = self.alert.get();
        Ok((serde_json::from_str(record)?, serde_json::from_str(record)?))
    }
}

/// The last transition of each alert that a receiver was sent, or refused.
#[derive(Debug, Default)]
pub(super) struct Served {
    last: BTreeMap<String, (Timestamp, Transition)>,
}

impl Served {
    /// Of more alerts than this the oldest are forgotten.
    const ALERTS_MAX: usize = 20_000;

    /// Returns whether a later transition of its alert was there before: it is a dead letter that was sent back.
    pub(super) fn is_overtaken(&self, message: &Notification) -> bool {
        let last = self.last.get(&message.incident);
        last.is_some_and(|last| (message.at, message.transition) < *last)
    }

    pub(super) fn note(&mut self, message: &Notification) {
        let last = (message.at, message.transition);
        self.last.insert(message.incident.clone(), last);
        if self.last.len() > Self::ALERTS_MAX {
            let mut times: Vec<Timestamp> = self.last.values().map(|(at, _)| *at).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            self.last.retain(|_, (at, _)| middle <= *at);
        }
    }
}

/// Returns the idempotency key of a transition. `ordinal` distinguishes those of which an alert has several.
pub(super) fn key_of(incident: &str, transition: Transition, ordinal: i64) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [
        incident.as_bytes(),
        transition.name().as_bytes(),
        &ordinal.to_be_bytes(),
    ] {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let hex = hasher.finalize().to_hex();
    format!("msg_{}", hex.get(..2 * KEY_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_behind_a_later_transition_is_overtaken() {
        let message = |transition, at| Notification {
            id: "msg_1".to_owned(),
            incident: "queue:billing/9f".to_owned(),
            receiver: "floor".to_owned(),
            transition,
            at: Timestamp(at),
            team: None,
            escalation: 0,
            by: None,
            covers: Vec::new(),
            alert: Arc::from(serde_json::value::to_raw_value(&()).unwrap()),
        };
        let (fired, resolved) = (
            message(Transition::Fired, 1),
            message(Transition::Resolved, 5),
        );
        let mut served = Served::default();
        assert!(!served.is_overtaken(&fired));
        served.note(&fired);
        // The same once more is for the receiver to recognise.
        assert!(!served.is_overtaken(&fired));
        served.note(&resolved);
        assert!(served.is_overtaken(&fired));
        assert!(served.is_overtaken(&message(Transition::Escalated, 5)));
        assert!(!served.is_overtaken(&resolved));
    }

    #[test]
    fn keys_are_of_the_alert_and_the_transition_alone() {
        let key = key_of("queue:billing/9f", Transition::Fired, 0);
        assert_eq!(key, key_of("queue:billing/9f", Transition::Fired, 0));
        assert_eq!(key.len(), 36);
        for other in [
            key_of("queue:billing/9e", Transition::Fired, 0),
            key_of("queue:billing/9f", Transition::Resolved, 0),
            key_of("queue:billing/9f", Transition::Fired, 1),
        ] {
            assert_ne!(key, other);
        }
    }
}
