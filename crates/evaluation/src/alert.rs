//! What was raised, and when somebody could see it.

use floorwalker_core::event::Timestamp;
use serde::{Deserialize, Serialize};

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    pub id: String,
    pub rule: String,
    /// `queue:billing`, `agent:ana`, `feed:voice`, `contact:c1`.
    pub subject: String,
    /// The sentence of its record.
    pub why: String,
    /// By the wall clock.
    pub fired_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// It calls somebody: it is meant to, and no other alert covers it.
    pub calls: bool,
}

impl Alert {
    /// Whether it is about one contact, not about a queue, an agent or a feed.
    #[must_use]
    pub fn is_of_contact(&self) -> bool {
        self.subject.starts_with("contact:")
    }
}

/// What the evaluation reads of an alert record.
#[derive(Debug, Deserialize)]
pub(crate) struct AlertRecord {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) subject: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) inhibited_by: Option<String>,
    #[serde(default)]
    pub(crate) interrupts: bool,
    pub(crate) why: String,
}
