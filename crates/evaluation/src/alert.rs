//! What was raised, and when somebody could see it.

use floorwalker_core::event::Timestamp;
use serde::Serialize;

/// An alert that fired.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    pub id: String,
    pub rule: String,
    /// `queue:billing`, `agent:ana`, `feed:voice`, `contact:c1`.
    pub subject: String,
    /// The queue of a contact; otherwise the subject.
    #[serde(skip)]
    pub group: String,
    /// The sentence of its record.
    pub why: String,
    /// When it was seen.
    pub fired_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// It calls somebody at some time: it is meant to, and no other alert covers it then.
    pub calls: bool,
}

impl Alert {
    /// Whether it is about one contact, not about a queue, an agent or a feed.
    #[must_use]
    pub fn is_of_contact(&self) -> bool {
        self.subject.starts_with("contact:")
    }
}
