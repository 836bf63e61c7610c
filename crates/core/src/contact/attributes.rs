//! What holds for the whole contact.

use minicbor::{Decode, Encode};

use crate::event::{Channel, Direction, QueueId, Text};

/// What holds for the whole contact: by the first event that has it, whenever it comes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Attributes {
    #[n(0)]
    pub channel: Option<Channel>,
    /// Keyed hash.
    #[n(1)]
    pub customer: Option<Text>,
    #[n(2)]
    pub reason: Option<Text>,
    /// Of the first `ContactQueued`.
    #[n(3)]
    pub direction: Option<Direction>,
    /// The first queue that any event names.
    #[n(4)]
    pub first_queue: Option<QueueId>,
}

impl Attributes {
    /// The contact's own direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Inbound)
    }

    /// The contact's channel; one of which no event has a channel is `other`.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.unwrap_or(Channel::Other)
    }
}
