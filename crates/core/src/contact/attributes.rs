//! Attributes of the whole contact.

use minicbor::{Decode, Encode};

use crate::event::{Channel, Direction, QueueId, Text};

/// Attributes of the whole contact: by the first event that has them, whenever it arrives.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Attributes {
    #[n(0)]
    pub channel: Option<Channel>,
    /// Keyed hash.
    #[n(1)]
    pub customer: Option<Text>,
    #[n(2)]
    pub reason: Option<Text>,
    /// Direction of the first `ContactQueued`.
    #[n(3)]
    pub direction: Option<Direction>,
    /// First queue that any event names.
    #[n(4)]
    pub first_queue: Option<QueueId>,
}

impl Attributes {
    /// Returns the contact's own direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Inbound)
    }

    /// Returns the contact's channel; without one in any event it is `other`.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.unwrap_or(Channel::Other)
    }
}
