//! What one contact is made of: its waits, offers, engagements, end and survey.

use crate::event::{
    AgentId, Channel, ContactId, CustomerId, Direction, QueueId, Span, Survey, Text, Timestamp,
};

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) contact: ContactId,
    pub(super) channel: Channel,
    /// The contact's own: its first ContactQueued's, else inbound.
    pub(super) direction: Direction,
    pub(super) customer: Option<CustomerId>,
    pub(super) reason: Option<Text>,
    /// The first event other than a survey or a report.
    pub(super) began_at: Option<Timestamp>,
    pub(super) waits: Vec<Wait>,
    pub(super) offers: Vec<Offer>,
    pub(super) engagements: Vec<Engagement>,
    pub(super) end: Option<End>,
    pub(super) survey: Option<Surveyed>,
    /// What dispositions said, in order.
    pub(super) resolved_said: Vec<(Timestamp, bool)>,
    /// Transfers to an outside party.
    pub(super) external_at: Vec<Timestamp>,
}

/// An inbound episode.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) queue: QueueId,
    pub(super) queued_at: Timestamp,
    /// Some agent of ours had this contact before.
    pub(super) after_answer: bool,
    pub(super) end: Option<(Timestamp, WaitEnd)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum WaitEnd {
    Answered(AgentId),
    Abandoned,
    /// A flow-out: left, moved, or ended by our side.
    Left,
    Stale,
}

/// An inbound offer.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) agent: AgentId,
    pub(super) queue: Option<QueueId>,
    pub(super) offered_at: Timestamp,
    pub(super) end: Option<(Timestamp, OfferEnd)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OfferEnd {
    Answered,
    /// Declined or missed.
    Refused,
    /// Withdrawn, another's answer, the end of the wait or the contact.
    Withdrawn,
}

#[derive(Debug)]
pub(super) struct Engagement {
    pub(super) agent: AgentId,
    pub(super) queue: Option<QueueId>,
    pub(super) direction: Direction,
    pub(super) answered_at: Timestamp,
    pub(super) talk_ended_at: Option<Timestamp>,
    pub(super) transferred_at: Option<Timestamp>,
    pub(super) hold: Span,
    pub(super) held_since: Option<Timestamp>,
    /// `Some` once a WrapUpEnded spoke of this engagement, with what it said of resolved.
    pub(super) wrap_up_said: Option<Option<bool>>,
    pub(super) end: Option<EngagementEnd>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct EngagementEnd {
    pub(super) at: Timestamp,
    pub(super) complete: bool,
}

/// The contact's end: its first ContactEnded at or after its first answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: Timestamp,
    /// The inbound engagement begun last by then.
    pub(super) engaged: usize,
    /// The last wait by then came after an answer, and nobody took it.
    pub(super) wait_lost: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Surveyed {
    pub(super) at: Timestamp,
    pub(super) survey: Survey,
    /// The inbound engagement begun last by then.
    pub(super) engaged: Option<usize>,
    /// The queue waited in last by then.
    pub(super) waited_in: Option<QueueId>,
}

impl Wait {
    pub(super) fn is_lost_after_answer(&self) -> bool {
        let lost = |end: &WaitEnd| matches!(end, WaitEnd::Abandoned | WaitEnd::Left);
        self.after_answer && self.end.as_ref().is_some_and(|(_, end)| lost(end))
    }
}

impl Engagement {
    pub(super) fn end_hold(&mut self, at: Timestamp) {
        if let Some(since) = self.held_since.take() {
            self.hold = self.hold + (at - since);
        }
    }

    /// Ends the talk unless it is over; without wrap-up the engagement ends with it.
    pub(super) fn end_talk(&mut self, at: Timestamp, has_wrap_up: bool) {
        if self.talk_ended_at.is_some() {
            return;
        }
        self.end_hold(at);
        self.talk_ended_at = Some(at);
        if !has_wrap_up {
            self.end = Some(EngagementEnd { at, complete: true });
        }
    }

    pub(super) fn talk(&self) -> Span {
        self.talk_ended_at.map_or(Span::ZERO, |ended_at| {
            ended_at - self.answered_at - self.hold
        })
    }

    pub(super) fn wrap(&self) -> Span {
        match (self.end, self.talk_ended_at) {
            (Some(end), Some(talk_ended_at)) => end.at - talk_ended_at,
            _ => Span::ZERO,
        }
    }
}
