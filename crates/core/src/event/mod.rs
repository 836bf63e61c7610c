//! The vocabulary: what happens to a contact, as events. Depends on nothing else in the crate.
//!
//! Contract: an [`Event`] keeps every rule that one event alone can break (its [`Key`] is of its kind, a score lies on its scale, an
//! inbound wait names its queue). [`Event::cmp_in_order`] is the order in which a contact's events are applied, whatever their order of
//! arrival, except at instants whose events all carry a sequence.
//!
//! ```
//! use floorwalker_core::event::line;
//! let event = line::parse("10:00:04 offered c1 agent=ana").unwrap();
//! assert_eq!(event.key.as_str(), "c1");
//! assert_eq!(line::print(&event), "10:00:04 offered c1 agent=ana");
//! ```

pub mod line;

mod body;
mod id;
pub mod names;
mod order;
mod time;

pub use body::{
    AgentLeft, AgentState, AgentStateChanged, AlertAcknowledged, AtAgent, Author, Body, Channel,
    ContactQueued, DeclineCause, Direction, EndedBy, EngagementReported, LeftWhy, MessageSent,
    Survey, TransferTarget, Transferred, WrapUpEnded,
};
pub use id::{AgentId, AlertId, ContactId, CustomerId, EventId, Id, QueueId, SiteId, TeamId, Text};
pub use time::{Span, TimeError, Timestamp};

use std::cmp::Ordering;

/// One thing that happened to one contact, agent or alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Id, shared by all repeats of this event. Without one in the input it is a digest of the content (in a log: the line).
    pub id: EventId,
    pub occurred_at: Timestamp,
    /// Its place among the events of its key and instant, if all of them carry one.
    pub sequence: Option<i64>,
    /// Key of the kind that the body is about.
    pub key: Key,
    pub channel: Option<Channel>,
    /// Customer as in the input; leaves the process only as a keyed hash.
    pub customer: Option<CustomerId>,
    pub body: Body,
}

/// Contact, agent or alert of an event. All events of a key go to one state machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The *root* interaction: legs that a vendor numbers anew carry the first one's id.
    Contact(ContactId),
    /// Of an [`AgentStateChanged`].
    Agent(AgentId),
    /// Of an [`AlertAcknowledged`].
    Alert(AlertId),
}

/// Kind of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Contact,
    Agent,
    Alert,
}

impl Event {
    /// Returns the contact, if it happened to one.
    #[must_use]
    pub const fn contact(&self) -> Option<&ContactId> {
        if let Key::Contact(contact) = &self.key {
            Some(contact)
        } else {
            None
        }
    }

    /// Compares events of a key at instants where not all of them carry a [`sequence`](Self::sequence): by time, kind (a transfer precedes
    /// the wait it causes, an answer the hang-up) and id, then by content and channel.
    #[must_use]
    pub fn cmp_in_order(&self, other: &Self) -> Ordering {
        self.occurred_at
            .cmp(&other.occurred_at)
            .then_with(|| self.body.rank().cmp(&other.body.rank()))
            .then_with(|| self.id.cmp_by_value(&other.id))
            .then_with(|| self.body.cmp_content(&other.body))
            .then_with(|| self.channel.cmp(&other.channel))
    }
}

impl Key {
    /// Returns the id as in the input. Ids of two kinds may be spelt alike.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Contact(id) => id.as_str(),
            Self::Agent(id) => id.as_str(),
            Self::Alert(id) => id.as_str(),
        }
    }
}
