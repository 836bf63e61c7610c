//! The parts of a contact record that a report shows.

use serde::{Deserialize, Serialize};

use crate::event::Timestamp;

#[derive(Debug, Deserialize)]
pub(super) struct Contact {
    pub(super) contact_id: String,
    pub(super) channel: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) began_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) episodes: Vec<Wait>,
    pub(super) engagements: Vec<Engagement>,
    pub(super) obligations: Vec<Obligation>,
    pub(super) csat: Csat,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Wait {
    pub(super) queue: String,
    pub(super) queued_at: Timestamp,
    ended_at: Option<Timestamp>,
    outcome: Option<String>,
    wait: Option<f64>,
    agent: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Engagement {
    pub(super) agent: String,
    pub(super) queue: Option<String>,
    leg: Option<String>,
    answered_at: Timestamp,
    ended_at: Option<Timestamp>,
    talk: Option<f64>,
    hold: Option<f64>,
    wrap: Option<f64>,
    handle: Option<f64>,
    transferred: bool,
    complete: Option<bool>,
    reported: bool,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Obligation {
    pub(super) policy: String,
    queue: Option<String>,
    opened_at: Timestamp,
    due_at: Timestamp,
    outcome: Option<String>,
    decided_at: Option<Timestamp>,
    agent: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Csat {
    pub(super) score: Option<f64>,
    pub(super) predicted_low: Option<f64>,
}

/// The fields as columns, in the order in which they are written.
impl Wait {
    pub(super) const COLUMNS: [&str; 6] =
        ["queue", "queued_at", "ended_at", "outcome", "wait", "agent"];
}

impl Engagement {
    pub(super) const COLUMNS: [&str; 12] = [
        "agent",
        "queue",
        "leg",
        "answered_at",
        "ended_at",
        "talk",
        "hold",
        "wrap",
        "handle",
        "transferred",
        "complete",
        "reported",
    ];

    /// The handle time, if it is in the mean.
    pub(super) fn counted_handle(&self) -> Option<f64> {
        self.handle.filter(|_| self.complete == Some(true))
    }
}

impl Obligation {
    pub(super) const COLUMNS: [&str; 7] = [
        "policy",
        "queue",
        "opened_at",
        "due_at",
        "outcome",
        "decided_at",
        "agent",
    ];

    /// When it was met or missed, and whether it was met.
    pub(super) fn decision(&self) -> Option<(Timestamp, bool)> {
        let met = match self.outcome.as_deref()? {
            "met" => true,
            "missed" => false,
            _ => return None,
        };
        Some((self.decided_at?, met))
    }
}
