//! Reads the parts of one contact from its events in order.
//!
//! A timer books at its time, after the events of that very instant: exactly at a limit is within it.

use std::collections::BTreeMap;

use super::{
    Settings,
    outbound::Leg,
    parts::{
        AttemptEnd, End, Engagement, EngagementEnd, Offer, OfferEnd, Parts, Said, Surveyed, Wait,
        WaitEnd,
    },
};
use floorwalker_core::event::{
    AgentId, AtAgent, Body, ContactQueued, DeclineCause, Direction, EndedBy, Event, LeftWhy,
    QueueId, Span, Text, Timestamp, TransferTarget, Transferred,
};

/// Reads the events of one contact: in order, each once, none after the clock.
pub(super) fn read(events: &[&Event], settings: &Settings, clock: Timestamp) -> Option<Parts> {
    let contact = events.first()?.contact()?.clone();
    let mut reading = Reading {
        settings,
        events,
        legs: BTreeMap::new(),
        side: Side::Open,
        hung_up: false,
        queued: false,
        transferred: false,
        flowed_out: Vec::new(),
        answers: Vec::new(),
        parts: Parts {
            contact,
            channel: settings.channel_of(events),
            direction: first_direction(events),
            customer: events.iter().find_map(|event| event.customer.clone()),
            reason: events.iter().find_map(|event| reason_of(event)),
            began_at: first_sign_of_life(events),
            inbound_from: None,
            pauses: Vec::new(),
            waits: Vec::new(),
            attempts: Vec::new(),
            offers: Vec::new(),
            engagements: Vec::new(),
            end: None,
            over_since: None,
            survey: None,
            resolved_said: Vec::new(),
            left_house: false,
            moments: Vec::new(),
            reopenings: Vec::new(),
            begun_anew: Vec::new(),
            clock_skews: 0,
        },
    };
    for (position, event) in events.iter().enumerate() {
        reading.close_overdue(|limit| limit < event.occurred_at);
        reading.apply(position, event);
    }
    reading.close_overdue(|limit| limit <= clock);
    Some(reading.parts)
}

fn as_queued(event: &Event) -> Option<&ContactQueued> {
    let Body::ContactQueued(queued) = &event.body else {
        return None;
    };
    Some(queued)
}

fn first_direction(events: &[&Event]) -> Direction {
    events
        .iter()
        .find_map(|event| as_queued(event))
        .and_then(|queued| queued.direction)
        .unwrap_or(Direction::Inbound)
}

fn reason_of(event: &Event) -> Option<Text> {
    as_queued(event).and_then(|queued| queued.reason.clone())
}

fn first_sign_of_life(events: &[&Event]) -> Option<Timestamp> {
    let told_later =
        |body: &Body| matches!(body, Body::SurveyAnswered(..) | Body::EngagementReported(_));
    events
        .iter()
        .find(|event| !told_later(&event.body))
        .map(|event| event.occurred_at)
}

/// The queue an event names for itself. `to_queue` is where a transfer goes, not where it happens.
pub(super) fn queue_named(event: &Event) -> Option<&QueueId> {
    if let Body::AgentOffered(at) | Body::AgentAnswered(at) = &event.body {
        return at.queue.as_ref();
    }
    if let Body::MessageSent(message) = &event.body {
        return message.queue.as_ref();
    }
    as_queued(event).and_then(|queued| queued.queue.as_ref())
}

/// The customer's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Open,
    /// Ended or resolved, and neither queued by an inbound leg nor reopened since.
    Over,
}

pub(super) struct Reading<'a> {
    settings: &'a Settings,
    pub(super) events: &'a [&'a Event],
    pub(super) parts: Parts,
    /// Of the last ContactQueued of each leg; no leg number is a leg like any other.
    pub(super) legs: BTreeMap<Option<Text>, Leg>,
    pub(super) side: Side,
    /// ContactEnded, and neither queued nor reopened since, be it by an outbound leg.
    pub(super) hung_up: bool,
    /// A ContactQueued was seen.
    queued: bool,
    /// A Transferred was seen.
    transferred: bool,
    /// When it left a queue, though it waited in none, and whether for a callback.
    flowed_out: Vec<(Timestamp, bool)>,
    /// When who answered, monitors left out.
    answers: Vec<(Timestamp, AgentId)>,
}

impl Reading<'_> {
    fn apply(&mut self, position: usize, event: &Event) {
        let at = event.occurred_at;
        match &event.body {
            Body::Transferred(it) => self.transferred(at, it),
            Body::ContactQueued(it) => self.queued(at, position, it),
            Body::ContactLeftQueue(why) => self.flowed_out(at, position, *why == LeftWhy::Callback),
            Body::AgentOffered(it) => self.offered(at, position, it),
            Body::OfferDeclined(agent, cause) => self.declined(at, agent, *cause),
            Body::AgentAnswered(it) => self.answered(at, position, it),
            Body::AgentLeft(it) => self.left(at, &it.agent, it.leg.as_ref()),
            Body::HoldStarted(agent) => {
                let has_the_turn = |one: &&mut Engagement| one.has_the_turn();
                if let Some(engagement) = self.talking(agent).filter(has_the_turn) {
                    // A second start while on hold changes nothing: holds are a union.
                    engagement.held_since.get_or_insert(at);
                }
            }
            Body::HoldEnded(agent) => {
                if let Some(engagement) = self.talking(agent) {
                    engagement.end_hold(at);
                }
            }
            Body::ContactEnded(by, _) => self.ended(at, position, *by),
            Body::WrapUpEnded(it) => self.wrap_up_ended(at, it),
            Body::MessageSent(it) => self.wrote(at, position, it),
            Body::EngagementReported(it) => self.reported(at, position, it),
            Body::ContactResolved(agent) => self.resolved(at, position, agent.as_ref()),
            Body::ContactReopened(_) => self.reopened(at, position),
            Body::ContactPaused(_) => self.paused(at),
            Body::ContactContinued(_) => self.continued(at),
            Body::AgentStateChanged(_) | Body::AlertAcknowledged(_) => {}
            Body::SurveyAnswered(survey, _) => {
                let engaged = self.last_engaged();
                self.parts.survey = Some(Surveyed {
                    at,
                    survey: *survey,
                    engaged,
                    waited_in: self.parts.waits.last().map(|wait| wait.queue.clone()),
                });
            }
        }
    }

    /// Waits and engagements whose limit has come.
    fn close_overdue(&mut self, is_due: impl Fn(Timestamp) -> bool) {
        let max_age = self.settings.max_age(self.parts.channel);
        let attempt_limit = self.open_attempt().map(|open| open.queued_at + max_age);
        if let Some(at) = attempt_limit.filter(|at| is_due(*at)) {
            self.end_attempt(at, AttemptEnd::Unreached);
        }
        let wait_limit = self.open_wait().map(|wait| wait.queued_at + max_age);
        if let Some(at) = wait_limit.filter(|at| is_due(*at)) {
            self.end_wait(at, WaitEnd::Stale);
        }
        let has_wrap_up = self.has_wrap_up();
        // Wrap-up is part of an engagement: the greatest age bounds both together.
        for engagement in &mut self.parts.engagements {
            let stale_at = engagement.answered_at + max_age;
            let limit = match engagement.talk_ended_at {
                Some(talk_ended_at) => stale_at.min(talk_ended_at + self.settings.wrap_up_max),
                None => stale_at,
            };
            if engagement.end.is_none() && is_due(limit) {
                engagement.talk_unknown = engagement.talk_ended_at.is_none();
                engagement.end_talk(limit, has_wrap_up);
                engagement.end = Some(EngagementEnd {
                    at: limit,
                    wrap_known: !has_wrap_up,
                });
            }
        }
    }

    fn transferred(&mut self, at: Timestamp, it: &Transferred) {
        self.transferred = true;
        if matches!(it.to, Some(TransferTarget::External(_))) {
            self.parts.left_house = true;
        }
        let has_wrap_up = self.has_wrap_up();
        if let Some(engagement) = self.talking(&it.agent) {
            engagement.end_talk(at, has_wrap_up);
            engagement.transferred_at = Some(at);
        }
    }

    /// Leaves the talk, which goes on on another leg if both legs are known and differ.
    fn left(&mut self, at: Timestamp, agent: &AgentId, leg: Option<&Text>) {
        let has_wrap_up = self.has_wrap_up();
        let Some(engagement) = self.talking(agent) else {
            return;
        };
        if leg.is_none() || engagement.leg.is_none() || engagement.leg.as_ref() == leg {
            engagement.end_talk(at, has_wrap_up);
        }
    }

    fn queued(&mut self, at: Timestamp, position: usize, it: &ContactQueued) {
        let direction = it.direction.unwrap_or(self.parts.direction);
        let leg = Leg::beginning(direction, &self.parts);
        self.legs.insert(it.leg.clone(), leg);
        self.queued_attempt(at, it, leg);
        self.hung_up = false;
        self.continued(at);
        let first = !std::mem::replace(&mut self.queued, true);
        // Another leg's queueing (outbound, internal, monitor) is no wait, and moves none.
        let (Direction::Inbound, Some(queue)) = (direction, &it.queue) else {
            return;
        };
        if self.side == Side::Over {
            self.begins_anew(at);
        }
        self.side = Side::Open;
        self.parts.over_since = None;
        self.parts.inbound_from.get_or_insert(at);
        self.note(at, position, Said::Queued);
        if self.open_wait().is_some_and(|wait| wait.queue == *queue) {
            return;
        }
        self.end_wait(at, WaitEnd::Left { callback: false });
        self.parts.waits.push(Wait {
            queue: queue.clone(),
            queued_at: at,
            after_answer: self.last_engaged().is_some(),
            end: None,
            reached: None,
        });
        // The clocks disagree: the very first wait comes after an answer that names its queue.
        if first && !self.transferred {
            let answer = self.last_answer_in(queue);
            if let Some(agent) = answer {
                self.parts.clock_skews += 1;
                self.end_wait(at, WaitEnd::Answered(agent));
            }
        }
        // Out as soon as in.
        let flow_out = self.flowed_out.iter().position(|(out_at, _)| *out_at == at);
        if let Some(flow_out) = flow_out {
            let (_, callback) = self.flowed_out.remove(flow_out);
            self.lost(at, position, WaitEnd::Left { callback });
        }
    }

    /// Of the wait that is open, else of the attempt, else of a wait to come.
    fn flowed_out(&mut self, at: Timestamp, position: usize, callback: bool) {
        if self.open_wait().is_some() {
            self.lost(at, position, WaitEnd::Left { callback });
        } else if self.open_attempt().is_some() {
            self.end_attempt(at, AttemptEnd::Unreached);
        } else {
            self.flowed_out.push((at, callback));
        }
    }

    /// Something before its end in order is before it, be it at the same instant.
    pub(super) fn begins_anew(&mut self, at: Timestamp) {
        if self.parts.end.is_some() {
            self.parts.begun_anew.push(at);
        }
    }

    fn last_answer_in(&self, queue: &QueueId) -> Option<AgentId> {
        let mut latest_first = self.parts.engagements.iter().rev();
        latest_first
            .find(|engagement| engagement.queue.as_ref() == Some(queue))
            .map(|engagement| engagement.agent.clone())
    }

    fn offered(&mut self, at: Timestamp, position: usize, it: &AtAgent) {
        // Reserved, then ringing, is one offer: a second one while the first is open is a repeat. An offer of a
        // contact that is over is an offer all the same.
        let open = |offer: &Offer| offer.end.is_none() && offer.agent == it.agent;
        if self.direction_of(&it.leg) != Direction::Inbound || self.parts.offers.iter().any(open) {
            return;
        }
        let queue = self.queue_around(position);
        self.parts.offers.push(Offer {
            agent: it.agent.clone(),
            queue,
            offered_at: at,
            end: None,
        });
    }

    fn declined(&mut self, at: Timestamp, agent: &AgentId, cause: DeclineCause) {
        let other_answers_now = |it: &(Timestamp, AgentId)| it.0 == at && it.1 != *agent;
        let end = match cause {
            DeclineCause::Declined => OfferEnd::Declined,
            DeclineCause::Missed if self.answers.iter().any(other_answers_now) => {
                OfferEnd::Withdrawn
            }
            DeclineCause::Missed => OfferEnd::Missed,
            DeclineCause::Withdrawn => OfferEnd::Withdrawn,
        };
        for offer in &mut self.parts.offers {
            if offer.agent == *agent {
                offer.end.get_or_insert((at, end));
            }
        }
    }

    fn answered(&mut self, at: Timestamp, position: usize, it: &AtAgent) {
        let leg = self.leg(&it.leg);
        // Who only listens takes nothing: no wait ends, no engagement begins.
        if leg.direction == Direction::Monitor {
            return;
        }
        self.note(at, position, Said::Answered(it.agent.clone()));
        self.answers.push((at, it.agent.clone()));
        for offer in &mut self.parts.offers {
            // Who rang beside the winner missed nothing.
            if offer.agent != it.agent && offer.end == Some((at, OfferEnd::Missed)) {
                offer.end = Some((at, OfferEnd::Withdrawn));
            }
            let end = if offer.agent == it.agent {
                OfferEnd::Answered
            } else {
                OfferEnd::Withdrawn
            };
            offer.end.get_or_insert((at, end));
        }
        // Any answer ends the wait: one on an outbound or internal leg, and one by an agent who still talks to this
        // customer, though it begins no second engagement, whatever its leg.
        self.end_wait(at, WaitEnd::Answered(it.agent.clone()));
        let attempted_in = self.open_attempt().and_then(|open| open.queue.clone());
        self.end_attempt(at, AttemptEnd::Answered(it.agent.clone()));
        if let Some(wait) = leg.calls_back {
            self.called_back(at, wait, &it.agent);
        }
        if self.talking(&it.agent).is_some() {
            return;
        }
        let last_waited_in = self.parts.waits.last().map(|wait| wait.queue.clone());
        let mut engagement = Engagement {
            agent: it.agent.clone(),
            queue: it.queue.clone().or(attempted_in).or(last_waited_in),
            leg: it.leg.clone(),
            direction: leg.direction,
            callback: leg.calls_back.is_some(),
            answered_at: at,
            talk_ended_at: None,
            transferred_at: None,
            hold: Span::ZERO,
            held_since: None,
            wrap_up_received: None,
            end: None,
            reported: None,
            by_turns: self.goes_by_turns(),
            turns: Vec::new(),
            talk_unknown: false,
        };
        engagement.turn_begins(at);
        if self.hung_up {
            self.parts.clock_skews += 1;
            engagement.end_talk(at, self.has_wrap_up());
        }
        self.parts.engagements.push(engagement);
    }

    fn ended(&mut self, at: Timestamp, position: usize, by: EndedBy) {
        self.side = Side::Over;
        self.hung_up = true;
        self.parts.over_since.get_or_insert(at);
        self.lost(
            at,
            position,
            match by {
                EndedBy::Customer => WaitEnd::Abandoned,
                EndedBy::Agent | EndedBy::System => WaitEnd::Left { callback: false },
            },
        );
        // Who ends an attempt had picked up.
        self.end_attempt(
            at,
            match by {
                EndedBy::Customer => AttemptEnd::Silent,
                EndedBy::Agent | EndedBy::System => AttemptEnd::Unreached,
            },
        );
        self.note(at, position, Said::Ended);
        self.withdraw_offers(at);
        let has_wrap_up = self.has_wrap_up();
        for engagement in &mut self.parts.engagements {
            engagement.end_talk(at, has_wrap_up);
        }
        self.end_for_good(at);
    }

    /// The contact's end, if it is the first after an answer.
    pub(super) fn end_for_good(&mut self, at: Timestamp) {
        // Answered means by an agent on an inbound leg.
        if self.parts.end.is_none() {
            let mut waits = self.parts.waits.iter().enumerate();
            let lost_wait = (waits.next_back())
                .and_then(|(place, wait)| wait.is_lost_after_answer().then_some(place));
            let passed_on = self.is_passed_on();
            self.parts.end = self.last_engaged().map(|engaged| End {
                at,
                engaged,
                lost_wait,
                passed_on,
            });
        }
    }

    /// A second agent or an outside party got it, by an event that comes before in order.
    fn is_passed_on(&self) -> bool {
        let inbound = self.parts.engagements.iter();
        let mut agents = inbound.filter_map(|one| one.is_inbound().then_some(&one.agent));
        let first = agents.next();
        let second = agents.any(|agent| Some(agent) != first);
        second || self.parts.left_house
    }

    pub(super) fn open_wait(&self) -> Option<&Wait> {
        self.parts.waits.last().filter(|wait| wait.end.is_none())
    }

    /// Ends the open wait, if there is one; what still rings for it is withdrawn.
    pub(super) fn end_wait(&mut self, at: Timestamp, end: WaitEnd) {
        let open = |wait: &&mut Wait| wait.end.is_none();
        if let Some(wait) = self.parts.waits.last_mut().filter(open) {
            wait.end = Some((at, end));
            self.withdraw_offers(at);
        }
    }

    fn withdraw_offers(&mut self, at: Timestamp) {
        for offer in &mut self.parts.offers {
            offer.end.get_or_insert((at, OfferEnd::Withdrawn));
        }
    }

    fn talking(&mut self, agent: &AgentId) -> Option<&mut Engagement> {
        self.parts
            .engagements
            .iter_mut()
            .find(|engagement| engagement.agent == *agent && engagement.talk_ended_at.is_none())
    }

    pub(super) fn last_engaged(&self) -> Option<usize> {
        let mut engagements = self.parts.engagements.iter();
        engagements.rposition(Engagement::is_inbound)
    }

    pub(super) fn has_wrap_up(&self) -> bool {
        !self.settings.no_wrap_up.contains(&self.parts.channel)
    }
}
