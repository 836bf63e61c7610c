//! The alerts that were raised.

use serde::Serialize;

use floorwalker_core::event::Timestamp;
use floorwalker_evaluation::{Alert, Episodes};

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

impl From<Alert> for Raised {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id,
            rule: alert.rule,
            subject: alert.subject,
            group: alert.group,
            at: alert.fired_at,
            ended_at: alert.ended_at,
            calls: alert.calls,
            why: alert.why,
        }
    }
}

/// Returns the alerts in the order in which they fired.
pub(super) fn raised(episodes: Episodes) -> Vec<Raised> {
    let alerts = episodes.into_alerts().into_iter();
    let mut raised: Vec<Raised> = alerts.map(Raised::from).collect();
    raised.sort_by(|one, other| {
        let key = |it: &Raised| (it.at, it.rule.clone(), it.subject.clone());
        key(one).cmp(&key(other))
    });
    raised
}
