//! What our side begins: callbacks that a customer asked for, and attempts to reach somebody.

use minicbor::{Decode, Encode};

use crate::event::{AgentId, Direction, QueueId, Text, Timestamp};

/// One leg, as the last `ContactQueued` of its number made it. Events without a leg number share one leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Leg {
    #[n(0)]
    pub number: Option<Text>,
    #[n(1)]
    pub direction: Direction,
    /// Index of the wait that asked for this callback.
    #[n(2)]
    pub callback_of: Option<u32>,
}

/// The first answer of a callback leg.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reached {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub agent: AgentId,
}

/// An outbound wait that is no callback: our side dials and waits for the customer, then for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Attempt {
    #[n(0)]
    pub queue: Option<QueueId>,
    #[n(1)]
    pub leg: Option<Text>,
    #[n(2)]
    pub opened_at: Timestamp,
    #[n(3)]
    pub ended: Option<AttemptEnd>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AttemptEnd {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub outcome: AttemptOutcome,
    /// Who answered.
    #[n(2)]
    pub agent: Option<AgentId>,
}

/// Result of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AttemptOutcome {
    /// An agent took it.
    #[n(0)]
    Answered,
    /// The customer had picked up, and hung up before an agent was there.
    #[n(1)]
    Silent,
    /// Nobody picked up, or it was given up; also when it was open longer than the channel's `max_age`.
    #[n(2)]
    Unreached,
}

impl AttemptOutcome {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Silent => "silent",
            Self::Unreached => "unreached",
        }
    }
}
