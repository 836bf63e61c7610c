//! The fold: applies one event after the other, in order, and lets time pass between them.

mod conversation;
mod experience;
mod flags;
mod handoff;
mod outbound;
mod passing;
mod pausing;
mod resolution;
mod talks;
mod waits;

use minicbor::{Decode, Encode};

pub(super) use self::passing::Until;
pub use self::{
    experience::{BAD_MOOD, Experience},
    flags::Conversation,
    handoff::Handoff,
};
use super::{
    Attributes, ContactSettings, Pause,
    end::{AnsweredEnd, Dispositions},
    outbound::{Attempt, AttemptOutcome, Leg},
    parts::{
        Closed, Engagement, Episode, EpisodeOutcome, Obligation, Offer, OfferOutcome, Reopening,
        SurveyGiven, index,
    },
};
use crate::event::{
    AgentId, Body, Channel, Direction, EndedBy, LeftWhy, QueueId, Survey, Text, Timestamp,
};

/// A contact as its events up to an instant make it: a function of the *set* of events and of that instant.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Fold {
    #[n(0)]
    pub attributes: Attributes,
    #[n(1)]
    pub began_at: Option<Timestamp>,
    /// Set while the contact is over: ended or resolved, and neither queued by an inbound leg nor reopened since.
    #[n(2)]
    pub over_since: Option<Timestamp>,
    #[n(3)]
    pub episodes: Vec<Episode>,
    #[n(4)]
    pub offers: Vec<Offer>,
    #[n(5)]
    pub engagements: Vec<Engagement>,
    #[n(6)]
    pub obligations: Vec<Obligation>,
    #[n(7)]
    pub survey: Option<SurveyGiven>,
    #[n(8)]
    pub answered_end: Option<AnsweredEnd>,
    #[n(9)]
    pub queued_before: bool,
    #[n(10)]
    pub transferred_before: bool,
    #[n(11)]
    pub last_queue: Option<QueueId>,
    #[n(12)]
    pub clock_skews: u32,
    /// The latest instant at which the passing of time alone changed something.
    #[n(13)]
    pub last_transition_at: Option<Timestamp>,
    /// Legs with attributes other than those of one that was never queued.
    #[n(14)]
    pub legs: Vec<Leg>,
    #[n(15)]
    pub conversation: Conversation,
    #[n(16)]
    pub reopenings: Vec<Reopening>,
    /// The first event other than a survey or a report.
    #[n(17)]
    pub contacted_at: Option<Timestamp>,
    #[n(18)]
    pub dispositions: Dispositions,
    /// Transferred to an external party.
    #[n(19)]
    pub left_house: bool,
    #[n(20)]
    #[cbor(default)]
    pub experience: Experience,
    /// Flow-outs that found nobody waiting.
    #[n(21)]
    pub flow_outs: Option<EarlyFlowOuts>,
    #[n(22)]
    #[cbor(default)]
    pub attempts: Vec<Attempt>,
    /// In order; the last may go on.
    #[cbor(n(23), default, skip_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// An open handoff within the customer's turn.
    #[n(24)]
    pub handoff: Option<Handoff>,
    /// When its first inbound wait began.
    #[n(25)]
    pub inbound_since: Option<Timestamp>,
    /// Kept until something happens at a later instant.
    #[n(26)]
    pub answered_now: Option<AnsweredNow>,
}

/// Answer at the present instant.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AnsweredNow {
    #[n(0)]
    pub at: Timestamp,
    #[n(1)]
    pub agent: AgentId,
    /// Another agent answered at the same instant, too.
    #[n(2)]
    pub by_several: bool,
}

/// Flow-outs of one instant, of waits that begin at it, since none was open before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EarlyFlowOuts {
    #[n(0)]
    pub at: Timestamp,
    /// In order.
    #[n(1)]
    pub reasons: Vec<LeftWhy>,
}

/// Event without what is the same for all of a contact's events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening<'a> {
    pub at: Timestamp,
    pub body: &'a Body,
}

impl Fold {
    /// Applies an event that comes after all applied so far. Time must have been advanced to it.
    pub(super) fn apply(&mut self, happening: Happening<'_>, settings: &ContactSettings) {
        let at = happening.at;
        self.began_at.get_or_insert(at);
        self.answered_now = self.answered_now.take().filter(|answer| answer.at == at);
        if !matches!(
            happening.body,
            Body::SurveyAnswered(..) | Body::EngagementReported(_)
        ) {
            self.contacted_at.get_or_insert(at);
        }
        match happening.body {
            Body::Transferred(transferred) => self.transfer(at, transferred, settings),
            Body::ContactQueued(queued) => self.queue(at, queued, settings),
            Body::ContactLeftQueue(why) => self.flow_out(at, *why, settings),
            Body::AgentOffered(offered) => self.offer(at, offered, settings),
            Body::OfferDeclined(agent, cause) => self.end_offer(at, agent, *cause),
            Body::AgentAnswered(answered) => self.answer(at, answered, settings),
            Body::AgentLeft(left) => self.leave(at, left, settings),
            Body::HoldStarted(agent) => self.start_hold(at, agent),
            Body::HoldEnded(agent) => self.end_hold(at, agent),
            Body::ContactEnded(by, _) => self.end_contact(at, *by, settings),
            Body::WrapUpEnded(wrap_up) => {
                self.dispose(at, wrap_up.resolved, settings);
                self.end_wrap_up(at, wrap_up);
            }
            Body::SurveyAnswered(survey, _) => self.take_survey(at, *survey),
            Body::MessageSent(message) => self.message(at, message, settings),
            Body::EngagementReported(report) => self.take_report(at, report, settings),
            Body::ContactResolved(agent) => self.resolve(at, agent.as_ref(), settings),
            Body::ContactReopened(_) => self.reopen(at, settings),
            Body::ContactPaused(_) => self.be_paused(at),
            Body::ContactContinued(_) => self.go_on(at, settings),
            Body::AgentStateChanged(_) | Body::AlertAcknowledged(_) => {}
        }
        if let Some(queue) = queue_named(happening.body) {
            self.last_queue = Some(queue.clone());
        }
    }

    /// Whether it has an inbound leg by now. Only such contacts have responses, a resolution, first-contact resolution and surveys.
    #[must_use]
    pub fn has_inbound_leg(&self) -> bool {
        self.attributes.direction() == Direction::Inbound || self.inbound_since.is_some()
    }

    fn end_contact(&mut self, at: Timestamp, by: EndedBy, settings: &ContactSettings) {
        let outcome = match by {
            EndedBy::Customer => EpisodeOutcome::Abandoned,
            EndedBy::Agent | EndedBy::System => EpisodeOutcome::Left,
        };
        self.lose_wait(at, outcome, settings);
        let attempted = match by {
            EndedBy::Customer => AttemptOutcome::Silent,
            EndedBy::Agent | EndedBy::System => AttemptOutcome::Unreached,
        };
        self.end_attempt(at, attempted, None);
        self.end_offers(at, None, OfferOutcome::Withdrawn);
        self.owe_no_response(at, Closed::Ended, None);
        for engagement in 0..self.engagements.len() {
            if self.engagements[engagement].talks() {
                self.end_talk(engagement, at, settings);
            }
        }
        self.conversation.set(Conversation::ENDED);
        self.be_over(at, settings);
    }

    /// The contact ended or was resolved.
    fn be_over(&mut self, at: Timestamp, settings: &ContactSettings) {
        self.over_since.get_or_insert(at);
        self.experience.be_over();
        self.end_answered(at, settings);
    }

    /// The contact counts as ended when the customer's side first ends at or after the first answer.
    fn end_answered(&mut self, at: Timestamp, settings: &ContactSettings) {
        if self.answered_end.is_none()
            && let Some(engaged) = self.last_engaged()
        {
            let passed_on = settings.first_contact.transfer_breaks && self.is_passed_on();
            self.answered_end = Some(AnsweredEnd {
                at,
                engaged,
                flaw: self.flaw(passed_on),
                passed_on,
                waits: index(self.episodes.len()),
            });
        }
    }

    /// Returns the queue of an event: the one that it names, otherwise the last named before, otherwise the first named after.
    fn queue_around<'q>(&'q self, named: Option<&'q QueueId>) -> Option<&'q QueueId> {
        named
            .or(self.last_queue.as_ref())
            .or(self.attributes.first_queue.as_ref())
    }

    fn waited_in(&self) -> Option<QueueId> {
        (self.episodes.last()).map(|episode| episode.queue.clone())
    }

    fn take_survey(&mut self, at: Timestamp, survey: Survey) {
        self.survey = Some(SurveyGiven {
            at,
            survey,
            engaged: self.last_engaged(),
            waited_in: self.waited_in(),
        });
    }
}

impl Attributes {
    /// Learns from an event that comes after all others so far. True if this changes
    /// what earlier events meant.
    pub(super) fn learn(&mut self, seen: &Observation<'_>) -> bool {
        if self.customer.is_none() {
            self.customer = seen.customer.cloned();
        }
        let mut changed = self.channel.is_none() && seen.channel.is_some();
        self.channel = self.channel.or(seen.channel);
        if self.first_queue.is_none() {
            self.first_queue = queue_named(seen.body).cloned();
            changed |= self.first_queue.is_some();
        }
        if let Body::ContactQueued(queued) = seen.body {
            if self.reason.is_none() {
                self.reason = queued.reason.clone();
            }
            changed |= self.direction.is_none();
            self.direction = self
                .direction
                .or(queued.direction)
                .or(Some(Direction::Inbound));
        }
        changed
    }
}

/// What one event shows of the whole contact.
#[derive(Debug)]
pub(super) struct Observation<'a> {
    pub channel: Option<Channel>,
    pub customer: Option<&'a Text>,
    pub body: &'a Body,
}

fn queue_named(body: &Body) -> Option<&QueueId> {
    match body {
        Body::ContactQueued(queued) => queued.queue.as_ref(),
        Body::AgentOffered(at) | Body::AgentAnswered(at) => at.queue.as_ref(),
        Body::MessageSent(message) => message.queue.as_ref(),
        Body::Transferred(_)
        | Body::ContactLeftQueue(_)
        | Body::OfferDeclined(..)
        | Body::AgentLeft(_)
        | Body::ContactPaused(_)
        | Body::ContactContinued(_)
        | Body::HoldStarted(_)
        | Body::HoldEnded(_)
        | Body::ContactEnded(..)
        | Body::WrapUpEnded(_)
        | Body::EngagementReported(_)
        | Body::ContactResolved(_)
        | Body::ContactReopened(_)
        | Body::SurveyAnswered(..)
        | Body::AgentStateChanged(_)
        | Body::AlertAcknowledged(_) => None,
    }
}
