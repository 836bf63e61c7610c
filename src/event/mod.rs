//! The vocabulary: what happens to a contact, as events. Depends on nothing else in the crate.
//!
//! Contract: an [`Event`] is valid by construction as far as one event alone can tell (it has a key, a score lies on
//! its scale, an inbound wait names its queue). [`Event::cmp_in_order`] is the total order in which a contact's events
//! are read, whatever order they arrive in.
//!
//! ```
//! use floorwalker::event::line;
//! let event = line::parse("10:00:04 offered c1 agent=ana").unwrap();
//! assert_eq!(event.contact.as_str(), "c1");
//! assert_eq!(line::print(&event), "10:00:04 offered c1 agent=ana");
//! ```

pub mod line;

mod id;
mod names;
mod time;

pub use id::{AgentId, ContactId, CustomerId, EventId, Id, QueueId, Text};
pub use time::{Span, TimeError, Timestamp};

use std::cmp::Ordering;

use minicbor::{Decode, Encode};

/// One thing that happened to one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Shared by all repeats of this event. Without one in the input, a digest of the content (of a line: the line).
    pub id: EventId,
    pub occurred_at: Timestamp,
    /// The *root* interaction: legs that a vendor numbers anew carry the first one's id.
    pub contact: ContactId,
    pub channel: Option<Channel>,
    /// The customer as the input names them; leaves the process only as a keyed hash.
    pub customer: Option<CustomerId>,
    pub body: Body,
}

/// What happened. The variants stand in the order in which events of one instant are read.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub enum Body {
    /// Ends that agent's talk and opens nothing: the wait or answer it causes is its own event.
    #[n(0)]
    Transferred(#[n(0)] Transferred),
    /// Begins to wait in a queue.
    #[n(1)]
    ContactQueued(#[n(0)] ContactQueued),
    /// Left the queue without an agent and was not abandoned: a flow-out.
    #[n(2)]
    ContactLeftQueue(#[n(0)] LeftWhy),
    /// It rings, or is reserved, at an agent.
    #[n(3)]
    AgentOffered(#[n(0)] AtAgent),
    /// The offer came back.
    #[n(4)]
    OfferDeclined(#[n(0)] AgentId, #[n(1)] DeclineCause),
    /// The agent takes it: an engagement begins.
    #[n(5)]
    AgentAnswered(#[n(0)] AtAgent),
    #[n(6)]
    HoldStarted(#[n(0)] AgentId),
    #[n(7)]
    HoldEnded(#[n(0)] AgentId),
    /// The customer's side is over; ends all talk.
    #[n(8)]
    ContactEnded(#[n(0)] EndedBy),
    /// After-contact work is done: the engagement ends.
    #[n(9)]
    WrapUpEnded(#[n(0)] WrapUpEnded),
    /// The label for satisfaction.
    #[n(10)]
    SurveyAnswered(#[n(0)] Survey),
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Transferred {
    /// Who gave the contact away.
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub to: Option<TransferTarget>,
    #[n(2)]
    pub warm: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum TransferTarget {
    #[n(0)]
    Queue(#[n(0)] QueueId),
    #[n(1)]
    Agent(#[n(0)] AgentId),
    #[n(2)]
    External(#[n(0)] Text),
}

/// `queue` is present whenever `direction` is inbound or unsaid.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ContactQueued {
    #[n(0)]
    pub queue: Option<QueueId>,
    #[n(1)]
    pub direction: Option<Direction>,
    #[n(2)]
    pub priority: Option<i64>,
    #[n(3)]
    pub reason: Option<Text>,
    #[n(4)]
    pub leg: Option<Text>,
}

/// An offer to, or an answer by, one agent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AtAgent {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub queue: Option<QueueId>,
    #[n(2)]
    pub leg: Option<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct WrapUpEnded {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub disposition: Option<Text>,
    #[n(2)]
    pub resolved: Option<bool>,
}

/// `score` lies in `scale_min..=scale_max`, and `scale_min < scale_max`; all finite.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub struct Survey {
    #[n(0)]
    pub score: f64,
    #[n(1)]
    pub scale_min: f64,
    #[n(2)]
    pub scale_max: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Channel {
    #[n(0)]
    Voice,
    #[n(1)]
    Chat,
    #[n(2)]
    Email,
    #[n(3)]
    Social,
    #[n(4)]
    Sms,
    #[n(5)]
    Messaging,
    #[n(6)]
    Video,
    #[n(7)]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Direction {
    #[n(0)]
    Inbound,
    #[n(1)]
    Outbound,
    #[n(2)]
    Internal,
    #[n(3)]
    Monitor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum LeftWhy {
    #[n(0)]
    Callback,
    #[n(1)]
    Timeout,
    #[n(2)]
    Overflow,
    #[n(3)]
    Key,
    #[n(4)]
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum DeclineCause {
    #[n(0)]
    Declined,
    #[n(1)]
    Missed,
    /// Counts against nobody.
    #[n(2)]
    Withdrawn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EndedBy {
    #[n(0)]
    Customer,
    #[n(1)]
    Agent,
    #[n(2)]
    System,
}

impl Event {
    /// The total order of a contact's events: time, kind (at one instant a transfer precedes the wait it causes, an
    /// answer the hang-up), id.
    #[must_use]
    pub fn cmp_in_order(&self, other: &Self) -> Ordering {
        self.occurred_at
            .cmp(&other.occurred_at)
            .then_with(|| self.body.rank().cmp(&other.body.rank()))
            .then_with(|| self.id.cmp(&other.id))
    }
}

impl Body {
    /// Position among events of one instant.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Transferred(_) => 0,
            Self::ContactQueued(_) => 1,
            Self::ContactLeftQueue(_) => 2,
            Self::AgentOffered(_) => 3,
            Self::OfferDeclined(..) => 4,
            Self::AgentAnswered(_) => 5,
            Self::HoldStarted(_) => 6,
            Self::HoldEnded(_) => 7,
            Self::ContactEnded(_) => 8,
            Self::WrapUpEnded(_) => 9,
            Self::SurveyAnswered(_) => 10,
        }
    }
}

impl Survey {
    /// The score as a share of its scale, 0 to 1.
    #[must_use]
    pub fn normalised(&self) -> f64 {
        (self.score - self.scale_min) / (self.scale_max - self.scale_min)
    }
}

impl Channel {
    pub const ALL: [Self; 8] = [
        Self::Voice,
        Self::Chat,
        Self::Email,
        Self::Social,
        Self::Sms,
        Self::Messaging,
        Self::Video,
        Self::Other,
    ];

    /// The name in the input, in configuration and in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Social => "social",
            Self::Sms => "sms",
            Self::Messaging => "messaging",
            Self::Video => "video",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}
