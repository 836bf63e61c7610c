//! The contact record for readers, also of older versions.

use serde::{Deserialize, Serialize};

use crate::event::Timestamp;

/// Fields of a contact record. Durations in seconds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ContactFields {
    pub contact_id: String,
    pub channel: Option<String>,
    pub direction: Option<String>,
    pub customer: Option<String>,
    pub reason: Option<String>,
    pub began_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    #[serde(default)]
    pub episodes: Vec<EpisodeFields>,
    #[serde(default)]
    pub attempts: Vec<AttemptFields>,
    #[serde(default)]
    pub engagements: Vec<EngagementFields>,
    #[serde(default)]
    pub obligations: Vec<ObligationFields>,
    pub resolution: Option<String>,
    pub resolution_settled: Option<bool>,
    #[serde(default)]
    pub csat: CsatFields,
    #[serde(default)]
    pub alerts: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct EpisodeFields {
    pub queue: String,
    pub queued_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub wait: Option<f64>,
    pub agent: Option<String>,
    #[serde(default)]
    pub callback: bool,
    pub reached_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct AttemptFields {
    pub queue: Option<String>,
    pub leg: Option<String>,
    pub queued_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub agent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct EngagementFields {
    pub agent: String,
    pub queue: Option<String>,
    pub leg: Option<String>,
    pub direction: Option<String>,
    #[serde(default)]
    pub callback: bool,
    pub answered_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub talk: Option<f64>,
    pub hold: Option<f64>,
    pub wrap: Option<f64>,
    pub handle: Option<f64>,
    pub transferred: bool,
    pub complete: Option<bool>,
    pub reported: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ObligationFields {
    pub policy: String,
    pub queue: Option<String>,
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    pub outcome: Option<String>,
    pub decided_at: Option<Timestamp>,
    pub agent: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
pub struct CsatFields {
    pub score: Option<f64>,
    pub predicted_low: Option<f64>,
}

impl ContactFields {
    /// Returns when a contact that counts in first-contact resolution ended, and whether it was resolved.
    #[must_use]
    pub fn resolved(&self) -> Option<(Timestamp, bool)> {
        let resolution = self.resolution.as_deref()?;
        // A reopened contact is not over.
        let worked_to = self.engagements.iter().filter_map(|it| it.ended_at).max();
        Some((self.ended_at.or(worked_to)?, resolution == "resolved"))
    }
}

impl EngagementFields {
    /// Returns the handle time, if it counts in the mean. Records without a direction were written before there was one.
    #[must_use]
    pub fn counted_handle(&self) -> Option<f64> {
        let inbound = self.direction.as_deref().unwrap_or("inbound") == "inbound";
        let counts = inbound || self.callback;
        self.handle
            .filter(|_| counts && self.complete == Some(true))
    }
}

impl ObligationFields {
    /// Returns when it was met or missed, and whether it was met.
    #[must_use]
    pub fn decision(&self) -> Option<(Timestamp, bool)> {
        let met = match self.outcome.as_deref()? {
            "met" => true,
            "missed" => false,
            _ => return None,
        };
        Some((self.decided_at?, met))
    }
}
