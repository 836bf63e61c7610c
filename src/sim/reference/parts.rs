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
    /// It ended or was resolved, and was neither queued nor reopened since.
    pub(super) over_since: Option<Timestamp>,
    pub(super) survey: Option<Surveyed>,
    /// What dispositions said, in order.
    pub(super) resolved_said: Vec<(Timestamp, bool)>,
    /// It was transferred to an outside party.
    pub(super) left_house: bool,
    /// What bears on responses and the resolution, in order.
    pub(super) moments: Vec<Moment>,
    pub(super) reopenings: Vec<Reopened>,
    /// Durations that would have been negative.
    pub(super) clock_skews: u64,
}

/// Something that opens or ends what is owed to the customer.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    pub(super) what: Said,
    /// The queue of its event, else around it.
    pub(super) queue: Option<QueueId>,
    /// The agent of the latest inbound talk that was open.
    pub(super) talking: Option<AgentId>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// In public, of an inbound contact that was not over.
    Customer,
    /// In public.
    Agent(AgentId),
    /// An inbound ContactQueued.
    Queued,
    /// Any answer but a monitor's.
    Answered(AgentId),
    /// An engagement that nobody answered: it was reported.
    ReportedAlone,
    Abandoned {
        waited: Span,
    },
    /// A flow-out that is no move to another queue.
    Left {
        waited: Span,
    },
    Ended,
    Resolved(Option<AgentId>),
    /// Of an inbound contact that was over.
    Reopened,
}

/// A reopening of what was over, whatever its direction.
#[derive(Debug)]
pub(super) struct Reopened {
    pub(super) at: Timestamp,
    /// The inbound engagement begun last by then.
    pub(super) engaged: Option<usize>,
    pub(super) waited_in: Option<QueueId>,
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
    pub(super) leg: Option<Text>,
    pub(super) direction: Direction,
    pub(super) answered_at: Timestamp,
    pub(super) talk_ended_at: Option<Timestamp>,
    pub(super) transferred_at: Option<Timestamp>,
    pub(super) hold: Span,
    pub(super) held_since: Option<Timestamp>,
    /// `Some` once a WrapUpEnded spoke of this engagement, with what it said of resolved.
    pub(super) wrap_up_said: Option<Option<bool>>,
    pub(super) end: Option<EngagementEnd>,
    pub(super) reported: Option<Reported>,
}

/// The last that reports named of each part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reported {
    pub(super) talk: Option<Span>,
    pub(super) hold: Option<Span>,
    pub(super) wrap: Option<Span>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct EngagementEnd {
    pub(super) at: Timestamp,
    pub(super) complete: bool,
}

/// The contact's end: its first ContactEnded or ContactResolved at or after its first answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: Timestamp,
    /// The inbound engagement begun last by then.
    pub(super) engaged: usize,
    /// The last wait by then came after an answer, and nobody took it.
    pub(super) wait_lost: bool,
    /// A second agent or an outside party had got it.
    pub(super) passed_on: bool,
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
        if !has_wrap_up || self.reported.is_some() {
            self.end = Some(EngagementEnd { at, complete: true });
        }
    }

    /// What a report says counts instead of what was seen.
    pub(super) fn talk(&self) -> Span {
        let seen = self.talk_ended_at.map_or(Span::ZERO, |ended_at| {
            ended_at - self.answered_at - self.hold
        });
        self.said().talk.unwrap_or(seen)
    }

    pub(super) fn hold(&self) -> Span {
        self.said().hold.unwrap_or(self.hold)
    }

    /// Unknown, thus zero, where nobody said when it ended.
    pub(super) fn wrap(&self) -> Span {
        let seen = match (self.end, self.talk_ended_at) {
            (Some(end), Some(talk_ended_at)) if end.complete => end.at - talk_ended_at,
            _ => Span::ZERO,
        };
        self.said().wrap.unwrap_or(seen)
    }

    fn said(&self) -> Reported {
        self.reported.unwrap_or_default()
    }

    pub(super) fn talks_at(&self, at: Timestamp) -> bool {
        let ended = self.talk_ended_at.is_some_and(|ended_at| ended_at <= at);
        self.answered_at <= at && !ended
    }
}
