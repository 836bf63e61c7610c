//! What a contact and its customer's task send each other: the contact's beginning and end, and the judgement of it.

use minicbor::{Decode, Encode};

use crate::event::{AgentId, Channel, QueueId, Timestamp};

/// One inbound contact as its customer's task knows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Case {
    /// Time of the first event other than a survey or a report.
    #[n(0)]
    pub began_at: Timestamp,
    /// Hash of the reason.
    #[n(1)]
    pub reason: Option<u32>,
    #[n(2)]
    pub end: Option<CaseEnd>,
}

/// End of an answered contact, with the resolution that follows from the contact itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseEnd {
    #[n(0)]
    pub at: Timestamp,
    /// First engaged agent.
    #[n(1)]
    pub agent: AgentId,
    #[n(2)]
    pub queue: Option<QueueId>,
    #[n(3)]
    pub channel: Channel,
    /// As known when the contact's window was over.
    #[n(4)]
    pub own: Resolution,
}

/// What the customer's task sends back about a contact that has an end: what the contact can't know itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Judgement {
    /// The customer came back within the contact's window.
    #[n(0)]
    pub repeated: bool,
    /// Resolution at the end of the window, sent when no late evidence can come any more. It is final.
    #[n(1)]
    pub settled: Option<Resolution>,
}

/// A contact's link to its customer: what it has sent and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct CustomerLink {
    /// Counts how often the contact left a customer: an answer to an earlier round is about another one.
    #[n(0)]
    pub round: u8,
    #[n(1)]
    pub judgement: Judgement,
}

impl CustomerLink {
    /// Returns the link after the contact has left its customer, or of the next contact under its id.
    #[must_use]
    pub fn next_round(self) -> Self {
        Self {
            round: self.round.wrapping_add(1),
            ..Self::default()
        }
    }
}

/// Whether one contact solved the customer's problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Resolution {
    #[n(0)]
    Resolved,
    /// The customer came back.
    #[n(1)]
    Repeated,
    #[n(2)]
    Unresolved,
}

impl Resolution {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::Repeated => "repeated",
            Self::Unresolved => "unresolved",
        }
    }
}
