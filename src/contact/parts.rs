//! What a contact consists of: waits, offers, engagements, obligations.

use minicbor::{Decode, Encode};

use super::Measure;
use crate::event::{
    AgentId, Channel, DeclineCause, Direction, QueueId, Span, Survey, Text, Timestamp,
};

/// One wait of an inbound contact in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Episode {
    #[n(0)]
    pub queue: QueueId,
    #[n(1)]
    pub opened_at: Timestamp,
    #[n(2)]
    pub ended: Option<EpisodeEnd>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EpisodeEnd {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub outcome: EpisodeOutcome,
    /// Who answered.
    #[n(2)]
    pub agent: Option<AgentId>,
    /// Abandoned before `short_abandon`.
    #[n(3)]
    pub short: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EpisodeOutcome {
    #[n(0)]
    Answered,
    #[n(1)]
    Abandoned,
    /// A flow-out, or moved to another queue.
    #[n(2)]
    Left,
    /// Open longer than the channel's `max_age`.
    #[n(3)]
    Stale,
}

/// One ring of an inbound contact at one agent.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Offer {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub queue: Option<QueueId>,
    #[n(2)]
    pub opened_at: Timestamp,
    #[n(3)]
    pub ended: Option<OfferEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct OfferEnd {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub outcome: OfferOutcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum OfferOutcome {
    #[n(0)]
    Answered,
    #[n(1)]
    Declined,
    #[n(2)]
    Missed,
    /// Taken back, answered by another, or the wait or the contact was over.
    #[n(3)]
    Withdrawn,
}

/// One agent on one leg, from the answer to the end of the after-contact work.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Engagement {
    #[n(0)]
    pub agent: AgentId,
    /// `AgentAnswered`'s, else the last waited in.
    #[n(1)]
    pub queue: Option<QueueId>,
    #[n(2)]
    pub leg: Option<Text>,
    #[n(3)]
    pub answered_at: Timestamp,
    #[n(4)]
    pub talk_ended_at: Option<Timestamp>,
    #[n(5)]
    pub ended_at: Option<Timestamp>,
    /// Closed hold intervals.
    #[n(6)]
    pub hold: Span,
    #[n(7)]
    pub held_since: Option<Timestamp>,
    #[n(8)]
    pub transferred: bool,
    /// Ended without anybody saying so.
    #[n(9)]
    pub incomplete: bool,
    /// A `WrapUpEnded` was taken for it.
    #[n(10)]
    pub wrap_up_said: bool,
    /// What the disposition said.
    #[n(11)]
    pub resolved: Option<bool>,
    /// Of its leg, when it began.
    #[n(12)]
    pub direction: Direction,
    /// What vendors' summaries said.
    #[n(13)]
    pub reported: Option<ReportedParts>,
}

/// The parts that a summary named; each stands for what the events say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct ReportedParts {
    #[n(0)]
    pub talk: Option<Span>,
    #[n(1)]
    pub hold: Option<Span>,
    #[n(2)]
    pub wrap: Option<Span>,
}

/// A policy applied once: it has a due time and ends met, missed or excluded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Obligation {
    /// [`super::Policy::code`].
    #[n(0)]
    pub policy: u16,
    #[n(1)]
    pub owed: Owed,
    #[n(2)]
    pub queue: Option<QueueId>,
    #[n(3)]
    pub opened_at: Timestamp,
    #[n(4)]
    pub risk_at: Timestamp,
    #[n(5)]
    pub due_at: Timestamp,
    /// Was open past `risk_at`.
    #[n(6)]
    pub at_risk: bool,
    #[n(7)]
    pub decided: Option<Decision>,
    /// When and how what was owed came to its end: the answer, however late, the abandon.
    #[n(8)]
    pub closed: Option<Closing>,
    /// Who is judged by it, beside the groups: to whom an accept was offered; once a response or resolution is decided, who
    /// gave it, else who was talking.
    #[n(9)]
    pub agent: Option<AgentId>,
}

/// With an index into the contact's episodes or offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Owed {
    /// An answer to this episode.
    #[n(0)]
    Answer(#[n(0)] u32),
    /// An answer to this offer by its agent.
    #[n(1)]
    Accept(#[n(0)] u32),
    /// `rates`: of the contact's, this one makes the first-response rate.
    #[n(2)]
    FirstResponse {
        #[n(0)]
        rates: bool,
    },
    #[n(3)]
    NextResponse,
    #[n(4)]
    Resolution,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Decision {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Verdict {
    #[n(0)]
    Met,
    #[n(1)]
    Missed,
    #[n(2)]
    Excluded,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Closing {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub how: Closed,
    /// Who answered.
    #[n(2)]
    pub agent: Option<AgentId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Closed {
    #[n(0)]
    Answered,
    #[n(1)]
    Abandoned,
    #[n(2)]
    Left,
    #[n(3)]
    Stale,
    #[n(4)]
    Declined,
    #[n(5)]
    Withdrawn,
    /// An agent wrote.
    #[n(6)]
    Replied,
    #[n(7)]
    Resolved,
    /// The contact ended: the response is no longer owed.
    #[n(8)]
    Ended,
}

/// What was over began anew.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Reopening {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub engaged: Option<Engaged>,
    /// The queue last waited in by then.
    #[n(2)]
    pub waited_in: Option<QueueId>,
}

/// The latest survey of the contact.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub struct SurveyGiven {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub survey: Survey,
    #[n(2)]
    pub engaged: Option<Engaged>,
    /// The queue last waited in by then.
    #[n(3)]
    pub waited_in: Option<QueueId>,
}

/// The inbound engagement that was the last to begin by some time, as far as others are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Engaged {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub queue: Option<QueueId>,
}

/// The first end of the customer's side at or after the first answer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AnsweredEnd {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub engaged: Engaged,
    /// What left the contact unresolved by then.
    #[n(2)]
    pub flaw: Option<Flaw>,
}

/// Why an answered contact did not resolve what it was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Flaw {
    /// Its last wait, after an answer, was abandoned or left.
    #[n(0)]
    WaitLost,
    /// A second agent or an outside party got it, and the policy has it so.
    #[n(1)]
    PassedOn,
}

/// What dispositions said of whether the contact is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub struct Dispositions {
    #[n(0)]
    pub last: Option<bool>,
    /// The last before `fcr.window` had passed since the end.
    #[n(1)]
    pub last_in_window: Option<bool>,
}

/// What holds for the whole contact: the first said, whenever it is said.
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

/// What the last `ContactQueued` of a leg said; no leg number is a leg like any other.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LegDirection {
    #[n(0)]
    pub leg: Option<Text>,
    #[n(1)]
    pub direction: Direction,
}

impl Engagement {
    #[must_use]
    pub fn talks(&self) -> bool {
        self.talk_ended_at.is_none() && self.ended_at.is_none()
    }

    #[must_use]
    pub fn wraps_up(&self) -> bool {
        self.talk_ended_at.is_some() && self.ended_at.is_none()
    }

    /// As reported, else answer to end of talk, less hold. Zero while the talk is open.
    #[must_use]
    pub fn talk(&self) -> Span {
        let seen = || {
            self.talk_ended_at
                .map_or(Span::ZERO, |end| end - self.answered_at - self.hold)
        };
        self.reported
            .and_then(|said| said.talk)
            .unwrap_or_else(seen)
    }

    /// As reported, else the closed holds.
    #[must_use]
    pub fn hold(&self) -> Span {
        let reported = self.reported.and_then(|said| said.hold);
        reported.unwrap_or(self.hold)
    }

    /// As reported, else end of talk to the end. Zero while open, and when it is unknown.
    #[must_use]
    pub fn wrap(&self) -> Span {
        let seen = || match (self.talk_ended_at, self.ended_at) {
            (Some(talk_end), Some(end)) if !self.incomplete => end - talk_end,
            _ => Span::ZERO,
        };
        self.reported
            .and_then(|said| said.wrap)
            .unwrap_or_else(seen)
    }

    #[must_use]
    pub fn handle(&self) -> Span {
        self.talk() + self.hold() + self.wrap()
    }

    /// Handled, but in no mean.
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        self.incomplete && self.reported.is_none()
    }
}

impl Engagement {
    pub(super) fn stop_hold(&mut self, at: Timestamp) {
        if let Some(since) = self.held_since.take() {
            self.hold = self.hold + (at - since);
        }
    }

    /// Ends the talk, and a hold left open with it, unless it is over.
    pub(super) fn stop_talk(&mut self, at: Timestamp) {
        self.stop_hold(at);
        self.talk_ended_at.get_or_insert(at);
    }
}

impl Obligation {
    /// The next instant at which time alone changes it.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        match (self.decided, self.at_risk) {
            (Some(_), _) => None,
            (None, false) => Some(self.risk_at),
            (None, true) => Some(self.due_at),
        }
    }

    /// Lets time pass; `talking` is the agent whose talk is open.
    pub(super) fn pass(&mut self, at: Timestamp, talking: Option<&AgentId>) {
        if self.decided.is_some() {
            return;
        }
        self.at_risk |= self.risk_at <= at;
        if self.due_at <= at {
            let missed = Decision {
                at: self.due_at,
                verdict: Verdict::Missed,
            };
            self.decide(missed, talking);
        }
    }

    /// Decides it unless it is decided; `agent` is who is judged by a response or resolution.
    pub(super) fn decide(&mut self, decision: Decision, agent: Option<&AgentId>) {
        if self.decided.is_some() {
            return;
        }
        self.decided = Some(decision);
        if self.owed.is_of_conversation() {
            self.agent = agent.cloned();
        }
    }
}

impl Owed {
    #[must_use]
    pub const fn measure(self) -> Measure {
        match self {
            Self::Answer(_) => Measure::Answer,
            Self::Accept(_) => Measure::Accept,
            Self::FirstResponse { .. } => Measure::FirstResponse,
            Self::NextResponse => Measure::NextResponse,
            Self::Resolution => Measure::Resolution,
        }
    }

    pub(super) const fn is_response(self) -> bool {
        matches!(self, Self::FirstResponse { .. } | Self::NextResponse)
    }

    /// A response or the resolution: owed by the contact's agents, not by its wait or an offer.
    pub(super) const fn is_of_conversation(self) -> bool {
        self.is_response() || matches!(self, Self::Resolution)
    }
}

impl Attributes {
    /// The contact's own direction.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.direction.unwrap_or(Direction::Inbound)
    }

    /// The contact's channel; one of which no event says a channel is `other`.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.unwrap_or(Channel::Other)
    }
}

impl From<DeclineCause> for OfferOutcome {
    fn from(cause: DeclineCause) -> Self {
        match cause {
            DeclineCause::Declined => Self::Declined,
            DeclineCause::Missed => Self::Missed,
            DeclineCause::Withdrawn => Self::Withdrawn,
        }
    }
}
