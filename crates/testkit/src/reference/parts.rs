//! What one contact is made of: its waits, offers, engagements, end and survey.

use floorwalker_core::event::{
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
    /// Its first inbound ContactQueued.
    pub(super) inbound_from: Option<Timestamp>,
    /// When it waited for the customer or a third party, in order; the last has no end if it still does.
    pub(super) pauses: Vec<(Timestamp, Option<Timestamp>)>,
    pub(super) waits: Vec<Wait>,
    /// Outbound waits that call nobody back.
    pub(super) attempts: Vec<Attempt>,
    pub(super) offers: Vec<Offer>,
    pub(super) engagements: Vec<Engagement>,
    pub(super) end: Option<End>,
    /// It ended or was resolved, and was neither queued by an inbound leg nor reopened since.
    pub(super) over_since: Option<Timestamp>,
    pub(super) survey: Option<Surveyed>,
    /// What dispositions said, in order.
    pub(super) resolved_said: Vec<(Timestamp, bool)>,
    /// It was transferred to an outside party.
    pub(super) left_house: bool,
    /// What bears on responses and the resolution, in order.
    pub(super) moments: Vec<Moment>,
    pub(super) reopenings: Vec<Reopened>,
    /// When, after its end, it was reopened or, being over, queued by an inbound leg.
    pub(super) begun_anew: Vec<Timestamp>,
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
    /// In public.
    Bot,
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
        callback: bool,
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
    /// Who first answered a leg that called it back.
    pub(super) reached: Option<(Timestamp, AgentId)>,
}

/// An outbound wait.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) queue: Option<QueueId>,
    pub(super) leg: Option<Text>,
    pub(super) queued_at: Timestamp,
    pub(super) end: Option<(Timestamp, AttemptEnd)>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum AttemptEnd {
    Answered(AgentId),
    /// The customer had picked up, and hung up.
    Silent,
    /// Any other end: nobody picked up, given up, stale.
    Unreached,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum WaitEnd {
    Answered(AgentId),
    Abandoned,
    /// A flow-out: left, moved, or ended by our side.
    Left {
        callback: bool,
    },
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
    Declined,
    Missed,
    /// Withdrawn, another's answer, the end of the wait or the contact.
    Withdrawn,
}

#[derive(Debug)]
pub(super) struct Engagement {
    pub(super) agent: AgentId,
    pub(super) queue: Option<QueueId>,
    pub(super) leg: Option<Text>,
    pub(super) direction: Direction,
    /// Its leg calls a wait back.
    pub(super) callback: bool,
    pub(super) answered_at: Timestamp,
    pub(super) talk_ended_at: Option<Timestamp>,
    pub(super) transferred_at: Option<Timestamp>,
    pub(super) hold: Span,
    pub(super) held_since: Option<Timestamp>,
    /// `Some` once a WrapUpEnded spoke of this engagement, with what it said of resolved.
    pub(super) wrap_up_received: Option<Option<bool>>,
    pub(super) end: Option<EngagementEnd>,
    pub(super) reported: Option<Reported>,
    /// Where the customer's turns are nobody's work.
    pub(super) by_turns: bool,
    /// From when to when it was worked on, where talk goes by turns; the last has no end while it goes on.
    pub(super) turns: Vec<(Timestamp, Option<Timestamp>)>,
    /// It was open too long, or nobody answered that we know of: how long it took is not known from the events.
    pub(super) talk_unknown: bool,
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
    /// The events say how long the wrap-up took: it ended, or there is none on this channel.
    pub(super) wrap_known: bool,
}

/// The contact's end: its first ContactEnded or ContactResolved at or after its first answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: Timestamp,
    /// The inbound engagement begun last by then.
    pub(super) engaged: usize,
    /// The last wait by then, if it came after an answer and ended without one.
    pub(super) lost_wait: Option<usize>,
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

impl Parts {
    /// Some leg of it is, or was, inbound.
    pub(super) fn has_inbound_leg(&self) -> bool {
        self.direction == Direction::Inbound || self.inbound_from.is_some()
    }
}

impl Wait {
    /// Whether it was called back by then does not matter here.
    pub(super) fn is_lost_after_answer(&self) -> bool {
        let lost = |end: &WaitEnd| matches!(end, WaitEnd::Abandoned | WaitEnd::Left { .. });
        self.after_answer && self.end.as_ref().is_some_and(|(_, end)| lost(end))
    }
}

impl Engagement {
    /// Callbacks count as what they answer.
    pub(super) fn is_inbound(&self) -> bool {
        self.callback || self.direction == Direction::Inbound
    }

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
        self.turn_over(at);
        self.end_hold(at);
        self.talk_ended_at = Some(at);
        if !has_wrap_up || self.reported.is_some() {
            self.end = Some(EngagementEnd {
                at,
                wrap_known: !has_wrap_up,
            });
        }
    }

    /// What a report says counts instead of what was seen.
    pub(super) fn talk(&self) -> Span {
        let seen = self
            .talk_ended_at
            .map_or(Span::ZERO, |ended_at| self.at_work_to(ended_at) - self.hold);
        self.said().talk.unwrap_or(seen)
    }

    fn at_work_to(&self, ended_at: Timestamp) -> Span {
        if !self.by_turns {
            return ended_at - self.answered_at;
        }
        let mut sum = Span::ZERO;
        for (from, to) in &self.turns {
            sum = sum + (to.unwrap_or(ended_at) - *from);
        }
        sum
    }

    /// Whether the next word is ours.
    pub(super) fn has_the_turn(&self) -> bool {
        let running = self.turns.last().is_some_and(|(_, to)| to.is_none());
        self.talk_ended_at.is_none() && (running || !self.by_turns)
    }

    pub(super) fn turn_begins(&mut self, at: Timestamp) {
        if self.by_turns && self.talk_ended_at.is_none() && !self.has_the_turn() {
            self.turns.push((at, None));
        }
    }

    pub(super) fn turn_over(&mut self, at: Timestamp) {
        if self.by_turns && self.has_the_turn() {
            self.end_hold(at);
            if let Some((_, to)) = self.turns.last_mut() {
                *to = Some(at);
            }
        }
    }

    /// When it was open, up to the clock: its turns and its wrap-up, else from the answer to the end.
    pub(super) fn open(&self, clock: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let over_at = self.end.map_or(clock, |end| end.at);
        if !self.by_turns {
            return vec![(self.answered_at, over_at)];
        }
        let turns = self.turns.iter();
        let mut open: Vec<_> = (turns.map(|(from, to)| (*from, to.unwrap_or(clock)))).collect();
        open.extend(self.talk_ended_at.map(|ended_at| (ended_at, over_at)));
        open
    }

    pub(super) fn hold(&self) -> Span {
        self.said().hold.unwrap_or(self.hold)
    }

    /// Unknown, thus zero, where nobody said when it ended.
    pub(super) fn wrap(&self) -> Span {
        let seen = match (self.end, self.talk_ended_at) {
            (Some(end), Some(talk_ended_at)) if end.wrap_known => end.at - talk_ended_at,
            _ => Span::ZERO,
        };
        self.said().wrap.unwrap_or(seen)
    }

    /// All parts are known, from the events or from a report.
    pub(super) fn is_complete(&self) -> bool {
        let wrap_known = self.end.is_some_and(|end| end.wrap_known);
        (wrap_known || self.said().wrap.is_some())
            && (!self.talk_unknown || self.said().talk.is_some())
    }

    fn said(&self) -> Reported {
        self.reported.unwrap_or_default()
    }

    pub(super) fn talks_at(&self, at: Timestamp) -> bool {
        let ended = self.talk_ended_at.is_some_and(|ended_at| ended_at <= at);
        self.answered_at <= at && !ended
    }
}
