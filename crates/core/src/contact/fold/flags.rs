//! Flags of a conversation.

use minicbor::{Decode, Encode};

/// Flags that decide what is owed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Conversation(#[n(0)] u8);

impl Conversation {
    /// A public message of an inbound contact that was not over.
    pub const CUSTOMER_WROTE: Self = Self(1);
    /// An inbound wait.
    pub const QUEUED: Self = Self(2);
    /// A public message.
    pub const AGENT_WROTE: Self = Self(4);
    /// An agent wrote, and the customer has not since.
    pub const TURN_OVER: Self = Self(8);
    /// `ContactEnded`, and neither queued nor reopened since.
    pub const ENDED: Self = Self(16);
    /// Reopened, or queued again when it was over, while its end could still be repeated.
    pub const REPEATED: Self = Self(32);

    #[must_use]
    pub const fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub const fn set(&mut self, all: Self) {
        self.0 |= all.0;
    }

    pub const fn clear(&mut self, all: Self) {
        self.0 &= !all.0;
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the customer has turned to us.
    pub(super) const fn is_begun(self) -> bool {
        self.has(Self::CUSTOMER_WROTE.and(Self::QUEUED))
    }
}
