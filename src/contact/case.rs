//! What a contact tells the machine of its customer: when it began, how it ended.

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

/// The end of an answered contact, and what the contact itself has to say of whether it was resolved.
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
    /// By all that was said so far.
    #[n(4)]
    pub so_far: Resolution,
    /// By what was said until its time was up.
    #[n(5)]
    pub settled: Resolution,
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
