//! What a contact sends to the machine of its customer: when it began, how it ended.

use minicbor::{Decode, Encode};

use crate::event::{AgentId, Channel, QueueId, Timestamp};

/// One inbound contact as its customer knows it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Case {
    /// The first event other than a survey or a report.
    #[n(0)]
    pub began_at: Timestamp,
    /// A hash of the reason that was given.
    #[n(1)]
    pub reason: Option<u32>,
    #[n(2)]
    pub end: Option<CaseEnd>,
}

/// The end of an answered contact, and what follows from the contact itself of whether it was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CaseEnd {
    #[n(0)]
    pub at: Timestamp,
    /// The first engaged.
    #[n(1)]
    pub agent: AgentId,
    #[n(2)]
    pub queue: Option<QueueId>,
    #[n(3)]
    pub channel: Channel,
    /// By what was known when its time was up.
    #[n(4)]
    pub own: Resolution,
}

/// What a customer answers a contact that has an end: what that can't know by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Judgement {
    /// The customer came back while the contact's window ran.
    #[n(0)]
    pub repeated: bool,
    /// What it was when its window was over, sent when no late evidence can come any more: the customer's last word.
    #[n(1)]
    pub settled: Option<Resolution>,
}

/// What a contact has sent to its customer, and received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Standing {
    /// How often the contact turned away from a customer: what is answered to an earlier round is about another one.
    #[n(0)]
    pub round: u8,
    #[n(1)]
    pub judgement: Judgement,
}

impl Standing {
    /// Of a contact that has turned away from its customer, or of the next one under its id.
    #[must_use]
    pub fn next_round(self) -> Self {
        Self {
            round: self.round.wrapping_add(1),
            ..Self::default()
        }
    }
}

/// Whether the customer's problem was solved by one contact.
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
