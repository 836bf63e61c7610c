//! Parts of a contact: waits, offers, engagements, obligations.

use minicbor::{Decode, Encode};

use super::{Measure, outbound::Reached, turns::Turns};
use crate::event::{AgentId, DeclineCause, Direction, QueueId, Span, Survey, Text, Timestamp};

/// One wait of an inbound contact in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Episode {
    #[n(0)]
    pub queue: QueueId,
    #[n(1)]
    pub opened_at: Timestamp,
    #[n(2)]
    pub ended: Option<EpisodeEnd>,
    /// An agent had answered before it began.
    #[n(3)]
    #[cbor(default)]
    pub after_answer: bool,
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
    /// The callback of a wait that left for one.
    #[n(4)]
    pub reached: Option<Reached>,
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
    /// A flow-out of a customer who asked to be called back.
    #[n(4)]
    LeftForCallback,
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
    /// Withdrawn, answered by another, or the wait or the contact was over.
    #[n(3)]
    Withdrawn,
}

/// One agent on one leg, from the answer to the end of the after-contact work.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is another thing that is known of it"
)]
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Engagement {
    #[n(0)]
    pub agent: AgentId,
    /// Queue of `AgentAnswered`, otherwise the last one waited in.
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
    /// Sum of the closed holds.
    #[n(6)]
    pub hold: Span,
    #[n(7)]
    pub held_since: Option<Timestamp>,
    #[n(8)]
    pub transferred: bool,
    /// No event ended the wrap-up; unless it is reported, it is unknown.
    #[n(9)]
    pub wrap_unseen: bool,
    /// A `WrapUpEnded` was applied to it.
    #[n(10)]
    pub wrap_up_received: bool,
    /// The resolution by the disposition.
    #[n(11)]
    pub resolved: Option<bool>,
    /// Direction of its leg when it began.
    #[n(12)]
    pub direction: Direction,
    /// Figures of vendors' summaries.
    #[n(13)]
    pub reported: Option<ReportedParts>,
    /// It is on a callback leg and counts as inbound.
    #[n(14)]
    #[cbor(default)]
    pub callback: bool,
    /// On channels where talk goes by turns.
    #[n(15)]
    pub turns: Option<Turns>,
    /// The same for the talk.
    #[n(16)]
    #[cbor(default)]
    pub talk_unseen: bool,
}

/// Parts that a summary named; each replaces the figure of the events.
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
    /// Code of the policy: [`super::Policy::code`].
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
    /// It was open past `risk_at`.
    #[n(6)]
    pub at_risk: bool,
    #[n(7)]
    pub decided: Option<Decision>,
    /// When and how the obligation was closed: by an answer, however late, by an abandon.
    #[n(8)]
    pub closed: Option<Closing>,
    /// Agent who is judged by it, beside the groups. For an accept: who was offered. For a decided response or resolution: who
    /// gave it, otherwise who was talking.
    #[n(9)]
    pub agent: Option<AgentId>,
    /// Whether its clock stands while the contact is paused.
    #[cbor(n(10), default)]
    pub pauses: bool,
}

/// What is owed, with an index into the contact's episodes or offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Owed {
    /// An answer to this episode.
    #[n(0)]
    Answer(#[n(0)] u32),
    /// An answer to this offer by its agent.
    #[n(1)]
    Accept(#[n(0)] u32),
    /// `rates`: of the contact's policies this one makes the first-response rate.
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
    /// The contact ended, and the response is no longer owed.
    #[n(8)]
    Ended,
}

/// A contact that was over began anew.
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

/// The last inbound engagement to begin by some time.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Engaged {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub queue: Option<QueueId>,
}

impl Engagement {
    #[must_use]
    pub fn talks(&self) -> bool {
        self.talk_ended_at.is_none() && self.ended_at.is_none()
    }

    /// Whether it counts as inbound.
    #[must_use]
    pub fn is_inbound(&self) -> bool {
        self.direction == Direction::Inbound || self.callback
    }

    #[must_use]
    pub fn wraps_up(&self) -> bool {
        self.talk_ended_at.is_some() && self.ended_at.is_none()
    }

    /// Returns the talk as reported, otherwise from answer to end of talk (by turns: the agent's turns in it), less hold. Zero while the talk is open.
    #[must_use]
    pub fn talk(&self) -> Span {
        let seen = || {
            self.talk_ended_at
                .map_or(Span::ZERO, |end| self.worked_by(end) - self.hold)
        };
        self.reported
            .and_then(|report| report.talk)
            .unwrap_or_else(seen)
    }

    /// Returns the hold as reported, otherwise the closed holds.
    #[must_use]
    pub fn hold(&self) -> Span {
        let reported = self.reported.and_then(|report| report.hold);
        reported.unwrap_or(self.hold)
    }

    /// Returns the wrap-up as reported, otherwise from end of talk to the end. Zero while it is open or unknown.
    #[must_use]
    pub fn wrap(&self) -> Span {
        let seen = || match (self.talk_ended_at, self.ended_at) {
            (Some(talk_end), Some(end)) if !self.wrap_unseen => end - talk_end,
            _ => Span::ZERO,
        };
        self.reported
            .and_then(|report| report.wrap)
            .unwrap_or_else(seen)
    }

    #[must_use]
    pub fn handle(&self) -> Span {
        self.talk() + self.hold() + self.wrap()
    }

    /// Whether it is handled but counts in no mean: a part was neither reported nor seen.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let reported = self.reported.unwrap_or_default();
        (self.talk_unseen && reported.talk.is_none())
            || (self.wrap_unseen && reported.wrap.is_none())
    }
}

impl Engagement {
    /// Whether an event of this leg, or of none, can belong to it: a leg that both name must be the same.
    pub(super) fn is_of_leg(&self, leg: Option<&Text>) -> bool {
        leg.zip(self.leg.as_ref())
            .is_none_or(|(one, other)| one == other)
    }

    pub(super) fn stop_hold(&mut self, at: Timestamp) {
        if let Some(since) = self.held_since.take() {
            self.hold = self.hold + (at - since);
        }
    }

    /// Ends the talk, and a hold left open with it, unless it is over.
    pub(super) fn stop_talk(&mut self, at: Timestamp) {
        self.stop_turn(at);
        self.stop_hold(at);
        self.talk_ended_at.get_or_insert(at);
    }
}

impl Obligation {
    /// Withdraws what was closed as declined at this instant.
    pub(super) fn withdraw(&mut self, at: Timestamp) {
        if let Some(closing) = self.closed.as_mut().filter(|closing| closing.at == at) {
            closing.how = Closed::Withdrawn;
        }
        if let Some(decision) = self.decided.as_mut().filter(|decision| decision.at == at) {
            decision.verdict = Verdict::Excluded;
        }
    }

    /// Decides it unless it is decided; `agent` is judged by a response or resolution.
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

    /// Whether it is a response or the resolution: owed by the contact's agents, not by its wait or an offer.
    pub(super) const fn is_of_conversation(self) -> bool {
        self.is_response() || matches!(self, Self::Resolution)
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

/// Converts the position of a part into its index in state.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a contact has far fewer parts"
)]
pub(super) fn index(position: usize) -> u32 {
    position as u32
}
