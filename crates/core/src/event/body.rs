//! The kinds of events.

use std::cmp::Ordering;

use minicbor::{Decode, Encode};

use super::{AgentId, KeyKind, QueueId, SiteId, Span, TeamId, Text};

/// What happened. The variants stand in the order in which events of one instant are applied.
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
    /// Rings, or is reserved, at an agent.
    #[n(3)]
    AgentOffered(#[n(0)] AtAgent),
    /// The offer came back.
    #[n(4)]
    OfferDeclined(#[n(0)] AgentId, #[n(1)] DeclineCause),
    /// The agent takes it: an engagement begins.
    #[n(5)]
    AgentAnswered(#[n(0)] AtAgent),
    /// Ends that agent's talk without a transfer: wrap-up begins, the contact goes on.
    #[n(17)]
    AgentLeft(#[n(0)] AgentLeft),
    /// Waits for the customer or a third party (pending, on hold, snoozed). With the reason from the feed.
    #[n(18)]
    ContactPaused(#[n(0)] Option<Text>),
    /// Continues with us. With the reason from the feed.
    #[n(19)]
    ContactContinued(#[n(0)] Option<Text>),
    #[n(6)]
    HoldStarted(#[n(0)] AgentId),
    #[n(7)]
    HoldEnded(#[n(0)] AgentId),
    /// A message, mail, post or segment of a transcript.
    #[n(11)]
    MessageSent(#[n(0)] MessageSent),
    /// The customer's side is over; ends all talk. With the reason from the feed.
    #[n(8)]
    ContactEnded(#[n(0)] EndedBy, #[n(1)] Option<Text>),
    /// After-contact work is done: the engagement ends.
    #[n(9)]
    WrapUpEnded(#[n(0)] WrapUpEnded),
    /// A vendor's authoritative summary of one leg, which may come at any time.
    #[n(12)]
    EngagementReported(#[n(0)] EngagementReported),
    /// What the customer wanted is done, by that agent's account.
    #[n(13)]
    ContactResolved(#[n(0)] Option<AgentId>),
    #[n(14)]
    ContactReopened(#[n(0)] Option<AgentId>),
    /// The rating, and the comment that came with it.
    #[n(10)]
    SurveyAnswered(#[n(0)] Survey, #[n(1)] Option<Text>),
    #[n(15)]
    AgentStateChanged(#[n(0)] AgentStateChanged),
    #[n(16)]
    AlertAcknowledged(#[n(0)] AlertAcknowledged),
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Transferred {
    /// The agent who handed the contact on.
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

/// `queue` is present whenever `direction` is inbound or absent.
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
    /// The conversation it is part of, as the channel names it.
    #[n(5)]
    pub thread: Option<Text>,
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
pub struct AgentLeft {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
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

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct MessageSent {
    #[n(0)]
    pub by: Author,
    /// A private note counts for nothing.
    #[n(1)]
    pub public: bool,
    #[n(2)]
    pub queue: Option<QueueId>,
    /// Never part of state or outputs.
    #[n(3)]
    pub text: Option<Text>,
    /// −1 to 1.
    #[n(4)]
    pub sentiment: Option<f64>,
}

/// Author of a message. In the order in which messages of one instant are applied.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Author {
    #[n(0)]
    Customer,
    #[n(1)]
    Bot,
    #[n(2)]
    System,
    #[n(3)]
    Agent(#[n(0)] AgentId),
}

/// Durations that the vendor names, at least one; one below zero is its mistake.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EngagementReported {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub leg: Option<Text>,
    #[n(2)]
    pub talk: Option<Span>,
    #[n(3)]
    pub hold: Option<Span>,
    #[n(4)]
    pub wrap_up: Option<Span>,
    #[n(5)]
    pub hold_count: Option<u32>,
}

/// Complete state: an absent team, site or skill means that there is none.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AgentStateChanged {
    #[n(0)]
    pub state: AgentState,
    #[n(1)]
    pub reason: Option<Text>,
    #[n(2)]
    pub team: Option<TeamId>,
    #[n(3)]
    pub site: Option<SiteId>,
    /// No skill is empty.
    #[n(4)]
    pub skills: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AlertAcknowledged {
    /// Who takes care of the alert.
    #[n(0)]
    pub by: Text,
    #[n(1)]
    pub note: Option<Text>,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum AgentState {
    #[n(0)]
    Offline,
    #[n(1)]
    Available,
    #[n(2)]
    Offered,
    #[n(3)]
    Engaged,
    #[n(4)]
    WrapUp,
    #[n(5)]
    Away,
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

impl Body {
    /// Returns its position among events of one instant.
    #[must_use]
    pub const fn rank(&self) -> u8 {
        match self {
            Self::Transferred(_) => 0,
            Self::ContactLeftQueue(_) => 1,
            Self::ContactQueued(_) => 2,
            Self::AgentOffered(_) => 3,
            Self::OfferDeclined(..) => 4,
            Self::AgentAnswered(_) => 5,
            Self::AgentLeft(_) => 6,
            Self::ContactPaused(_) => 7,
            Self::ContactContinued(_) => 8,
            Self::HoldStarted(_) => 9,
            Self::HoldEnded(_) => 10,
            Self::MessageSent(message) => 11 + message.by.rank(),
            Self::ContactEnded(..) => 15,
            Self::WrapUpEnded(_) => 16,
            Self::EngagementReported(_) => 17,
            Self::ContactResolved(_) => 18,
            Self::ContactReopened(_) => 19,
            Self::SurveyAnswered(..) => 20,
            Self::AgentStateChanged(_) => 21,
            Self::AlertAcknowledged(_) => 22,
        }
    }
}

impl Body {
    /// Returns the agent who has a part in what happened to a contact.
    #[must_use]
    pub const fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::AgentOffered(at) | Self::AgentAnswered(at) => Some(&at.agent),
            Self::AgentLeft(it) => Some(&it.agent),
            Self::Transferred(it) => Some(&it.agent),
            Self::WrapUpEnded(it) => Some(&it.agent),
            Self::EngagementReported(it) => Some(&it.agent),
            Self::OfferDeclined(agent, _) | Self::HoldStarted(agent) | Self::HoldEnded(agent) => {
                Some(agent)
            }
            Self::ContactResolved(agent) | Self::ContactReopened(agent) => agent.as_ref(),
            Self::MessageSent(it) => it.by.agent(),
            Self::ContactQueued(_)
            | Self::ContactLeftQueue(_)
            | Self::ContactPaused(_)
            | Self::ContactContinued(_)
            | Self::ContactEnded(..)
            | Self::SurveyAnswered(..)
            | Self::AgentStateChanged(_)
            | Self::AlertAcknowledged(_) => None,
        }
    }

    /// Returns the kind of key of such an event.
    #[must_use]
    pub const fn key_kind(&self) -> KeyKind {
        match self {
            Self::AgentStateChanged(_) => KeyKind::Agent,
            Self::AlertAcknowledged(_) => KeyKind::Alert,
            Self::Transferred(_)
            | Self::ContactQueued(_)
            | Self::ContactLeftQueue(_)
            | Self::AgentOffered(_)
            | Self::OfferDeclined(..)
            | Self::AgentAnswered(_)
            | Self::AgentLeft(_)
            | Self::ContactPaused(_)
            | Self::ContactContinued(_)
            | Self::HoldStarted(_)
            | Self::HoldEnded(_)
            | Self::MessageSent(_)
            | Self::ContactEnded(..)
            | Self::WrapUpEnded(_)
            | Self::EngagementReported(_)
            | Self::ContactResolved(_)
            | Self::ContactReopened(_)
            | Self::SurveyAnswered(..) => KeyKind::Contact,
        }
    }

    /// Compares two contents of one id, kind and instant, of which the first counts: by their bytes in state, without prose.
    #[must_use]
    pub fn cmp_content(&self, other: &Self) -> Ordering {
        let bytes =
            |body: &Self| minicbor::to_vec(body.clone().without_prose()).unwrap_or_default();
        bytes(self).cmp(&bytes(other))
    }

    /// Removes what people wrote: message texts and comments stay out of state and outputs.
    #[must_use]
    pub fn without_prose(mut self) -> Self {
        if let Self::MessageSent(MessageSent { text: prose, .. }) | Self::SurveyAnswered(_, prose) =
            &mut self
        {
            *prose = None;
        }
        self
    }
}

impl Author {
    const fn rank(&self) -> u8 {
        match self {
            Self::Customer => 0,
            Self::Bot => 1,
            Self::System => 2,
            Self::Agent(_) => 3,
        }
    }

    /// Returns the agent who wrote, if one did.
    #[must_use]
    pub const fn agent(&self) -> Option<&AgentId> {
        if let Self::Agent(agent) = self {
            Some(agent)
        } else {
            None
        }
    }
}

impl EngagementReported {
    /// Whether it has a duration: without one there is nothing to replace.
    #[must_use]
    pub const fn names_a_part(&self) -> bool {
        self.talk.is_some() || self.hold.is_some() || self.wrap_up.is_some()
    }
}

impl MessageSent {
    /// Whether a number is a sentiment.
    #[must_use]
    pub fn is_sentiment(number: f64) -> bool {
        (-1.0..=1.0).contains(&number)
    }
}

impl Survey {
    /// Returns the score as a share of its scale, 0 to 1.
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

    /// Whether customer and agent are present at the same time.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Voice | Self::Chat | Self::Video)
    }

    /// Returns the name in the input, in configuration and in records.
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
