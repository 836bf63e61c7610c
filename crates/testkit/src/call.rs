//! One call of the voice world, from its arrival to its last wrap-up and survey.

use super::{
    random::Random,
    staff::{Seat, Staff},
};
use floorwalker_core::event::{
    AgentId, AtAgent, Body, Channel, ContactId, ContactQueued, CustomerId, DeclineCause, Direction,
    EndedBy, Event, EventId, Key, LeftWhy, QueueId, Span, Survey, Text, Timestamp, TransferTarget,
    Transferred, WrapUpEnded,
};

/// A call is transferred at most this often.
const HOPS_MAX: usize = 3;

pub(super) struct Call<'a> {
    staff: &'a mut Staff,
    contact: ContactId,
    customer: Option<CustomerId>,
    /// Whole seconds, as many feeds have them: then ties are common.
    whole_seconds: bool,
    at: Timestamp,
    hops: usize,
    answered: bool,
    events: Vec<Event>,
}

const fn secs(seconds: i64) -> Span {
    Span::from_secs(seconds)
}

impl<'a> Call<'a> {
    pub(super) fn new(staff: &'a mut Staff, number: usize, at: Timestamp) -> Self {
        let customer = staff.random.below(staff.customers.max(1));
        let known = staff.random.chance(0.85);
        let whole_seconds = staff.random.chance(0.4);
        let mut call = Self {
            staff,
            contact: ContactId::new(&format!("v{number}")),
            customer: known.then(|| CustomerId::new(&format!("k{customer}"))),
            whole_seconds,
            at,
            hops: 0,
            answered: false,
            events: Vec::new(),
        };
        call.at = call.grid(at);
        call
    }

    pub(super) fn play(mut self) -> Vec<Event> {
        match self.random().below(100) {
            0..5 => self.direct(),
            5..9 => self.other_direction(Direction::Outbound),
            9 => self.other_direction(Direction::Internal),
            10 => self.skewed(),
            _ => {
                let queue = self.staff.any_queue();
                self.arrive(queue);
            }
        }
        self.survey();
        self.events
    }

    fn random(&mut self) -> &mut Random {
        &mut self.staff.random
    }

    fn chance(&mut self, share: f64) -> bool {
        self.staff.random.chance(share)
    }

    fn grid(&self, at: Timestamp) -> Timestamp {
        match self.whole_seconds {
            true => at.floor(secs(1)),
            false => at,
        }
    }

    fn pass(&mut self, span: Span) {
        self.at = self.grid(self.at + span);
    }

    fn pass_about(&mut self, mean: Span) {
        let span = self.random().exponential(mean);
        self.pass(span);
    }

    fn emit(&mut self, body: Body) {
        self.emit_at(self.at, body);
    }

    /// The first event names channel and customer; a few later ones do again.
    fn emit_at(&mut self, at: Timestamp, body: Body) {
        let number = self.events.len();
        let names_it = number == 0 || self.chance(0.05);
        self.events.push(Event {
            id: EventId::new(&format!("{}-{number}", self.contact)),
            occurred_at: self.grid(at),
            sequence: None,
            key: Key::Contact(self.contact.clone()),
            channel: names_it.then_some(Channel::Voice),
            customer: self.customer.clone().filter(|_| names_it),
            body,
        });
    }

    fn queue_in(&mut self, queue: &QueueId, direction: Option<Direction>, leg: Option<&str>) {
        let reasons = ["invoice", "outage", "address"];
        let reason = self.chance(0.5).then(|| *self.random().pick(&reasons));
        let priority = self.chance(0.1).then_some(1);
        self.emit(Body::ContactQueued(ContactQueued {
            queue: Some(queue.clone()),
            direction,
            priority,
            reason: reason.map(Text::new),
            leg: leg.map(Text::new),
            thread: None,
        }));
    }

    fn at_agent(&mut self, seat: Seat, queue: Option<&QueueId>, leg: Option<&str>) -> AtAgent {
        let names_it = self.chance(0.7);
        AtAgent {
            agent: self.staff.agent(seat),
            queue: queue.cloned().filter(|_| names_it),
            leg: leg.map(Text::new),
        }
    }

    /// Begins to wait, perhaps restlessly: again in the same queue, moved on, or called back.
    fn arrive(&mut self, first: QueueId) {
        let mut queue = first;
        let direction = self.chance(0.5).then_some(Direction::Inbound);
        self.queue_in(&queue, direction, None);
        match self.random().below(100) {
            0..4 => {
                self.pass_about(secs(15));
                self.queue_in(&queue, None, None);
            }
            4..8 => {
                self.pass_about(secs(20));
                queue = self.staff.other_queue(&queue);
                self.queue_in(&queue, None, None);
            }
            8..11 => return self.flow_out(&queue),
            11 => {
                self.pass_about(secs(15));
                return self.emit(Body::ContactEnded(EndedBy::System, None));
            }
            _ => {}
        }
        self.wait(&queue);
    }

    fn flow_out(&mut self, queue: &QueueId) {
        self.pass_about(secs(30));
        let why = *self.random().pick(&LeftWhy::ALL);
        self.emit(Body::ContactLeftQueue(why));
        if why == LeftWhy::Callback {
            self.pass_about(secs(600));
            self.queue_in(queue, Some(Direction::Outbound), Some("callback"));
            let seat = self.staff.any_seat(None);
            self.pass_about(secs(8));
            self.answer(seat, Some(queue), Some("callback"));
        } else if self.chance(0.5) {
            self.pass_about(secs(20));
            self.emit(Body::ContactEnded(EndedBy::System, None));
        }
    }

    /// Rings at agents as they become free, until one answers or the patience ends.
    fn wait(&mut self, queue: &QueueId) {
        let impatient = self.chance(0.08);
        let patience = if impatient { secs(4) } else { secs(150) };
        let gives_up_at = self.at + self.staff.random.exponential(patience);
        loop {
            let (seat, free_at) = self.staff.first_free(queue);
            let short = self.staff.random.up_to(secs(2));
            let rings_at = self.grid(self.at.max(free_at) + short);
            if rings_at >= gives_up_at {
                return self.give_up(gives_up_at);
            }
            self.at = rings_at;
            let offered = self.chance(0.9);
            if offered {
                let offer = self.at_agent(seat, Some(queue), None);
                self.emit(Body::AgentOffered(offer));
            }
            let refused = offered && self.chance(0.08);
            let rings_for = match (refused, self.chance(0.03)) {
                (true, _) => self.staff.random.up_to(secs(25)),
                (false, true) => secs(18),
                (false, false) => self.staff.random.exponential(secs(5)),
            };
            let stops_at = self.grid(rings_at + rings_for);
            self.staff.busy_until(seat, stops_at);
            if stops_at >= gives_up_at {
                return self.give_up(gives_up_at);
            }
            self.at = stops_at;
            if !refused {
                return self.answer(seat, Some(queue), None);
            }
            let agent = self.staff.agent(seat);
            let cause = *self.random().pick(&DeclineCause::ALL);
            self.emit(Body::OfferDeclined(agent, cause));
        }
    }

    fn give_up(&mut self, at: Timestamp) {
        self.at = self.grid(at);
        self.emit(Body::ContactEnded(EndedBy::Customer, None));
        if self.chance(0.02) {
            // The agent lifts the receiver as the customer hangs up.
            self.pass(Span::from_millis(300));
            let seat = self.staff.any_seat(None);
            let answer = self.at_agent(seat, None, None);
            self.emit(Body::AgentAnswered(answer));
            self.wrap_up(seat);
        }
    }

    fn answer(&mut self, seat: Seat, queue: Option<&QueueId>, leg: Option<&str>) {
        let answer = self.at_agent(seat, queue, leg);
        self.emit(Body::AgentAnswered(answer.clone()));
        if self.chance(0.01) {
            let again = self.at + secs(1);
            self.emit_at(again, Body::AgentAnswered(answer));
        }
        self.answered = true;
        self.talk(seat);
    }

    fn talk(&mut self, seat: Seat) {
        self.pass_about(secs(90));
        if self.chance(0.25) {
            self.hold(seat);
        }
        match self.random().below(100) {
            0..3 => self.consult(),
            3 => self.monitor(),
            _ => {}
        }
        self.pass_about(secs(90));
        self.staff.busy_until(seat, self.at);
        self.hops += 1;
        let passes_on = self.hops <= HOPS_MAX && self.chance(0.14);
        match passes_on.then(|| self.random().below(4)) {
            Some(0 | 1) => self.transfer_to_queue(seat),
            Some(2) => self.transfer_to_agent(seat),
            Some(_) => self.transfer_outside(seat),
            None => {
                let by = *self.random().pick(&[EndedBy::Customer, EndedBy::Agent]);
                self.emit(Body::ContactEnded(by, None));
                self.wrap_up(seat);
            }
        }
    }

    fn hold(&mut self, seat: Seat) {
        let agent = self.staff.agent(seat);
        self.emit(Body::HoldStarted(agent.clone()));
        self.pass_about(secs(30));
        if self.chance(0.9) {
            self.emit(Body::HoldEnded(agent));
        }
        self.pass_about(secs(20));
    }

    /// Another agent is asked on a leg of its own.
    fn consult(&mut self) {
        let queue = self.staff.any_queue();
        self.queue_in(&queue, Some(Direction::Internal), Some("2"));
        self.pass_about(secs(5));
        let seat = self.staff.any_seat(None);
        let answer = self.at_agent(seat, Some(&queue), Some("2"));
        let agent = answer.agent.clone();
        self.emit(Body::AgentAnswered(answer));
        self.pass_about(secs(40));
        self.emit(Body::WrapUpEnded(WrapUpEnded {
            agent,
            disposition: None,
            resolved: None,
        }));
    }

    fn monitor(&mut self) {
        self.emit(Body::ContactQueued(ContactQueued {
            queue: None,
            direction: Some(Direction::Monitor),
            priority: None,
            reason: None,
            leg: Some(Text::new("3")),
            thread: None,
        }));
        self.emit(Body::AgentAnswered(AtAgent {
            agent: AgentId::new("supervisor"),
            queue: None,
            leg: Some(Text::new("3")),
        }));
    }

    fn transferred(&mut self, seat: Seat, to: TransferTarget, warm: bool) {
        let agent = self.staff.agent(seat);
        self.emit(Body::Transferred(Transferred {
            agent,
            to: Some(to),
            warm,
        }));
    }

    fn transfer_to_queue(&mut self, seat: Seat) {
        let here = self.staff.any_queue();
        let queue = self.staff.other_queue(&here);
        self.transferred(seat, TransferTarget::Queue(queue.clone()), false);
        let gap = self.staff.random.up_to(Span::from_millis(3));
        let tied = self.chance(0.6);
        self.aside(|call| call.wrap_up(seat));
        self.pass(if tied { Span::ZERO } else { gap });
        self.queue_in(&queue, None, None);
        self.wait(&queue);
    }

    /// Cold: one after the other. Warm: both talk to the customer for a while.
    fn transfer_to_agent(&mut self, seat: Seat) {
        let other = self.staff.any_seat(Some(seat));
        let to = TransferTarget::Agent(self.staff.agent(other));
        if self.chance(0.5) {
            let answer = self.at_agent(other, None, None);
            self.emit(Body::AgentAnswered(answer));
            self.pass_about(secs(20));
            self.transferred(seat, to, true);
            self.aside(|call| call.wrap_up(seat));
            return self.talk(other);
        }
        self.transferred(seat, to, false);
        self.aside(|call| call.wrap_up(seat));
        if self.chance(0.7) {
            let offer = self.at_agent(other, None, None);
            self.emit(Body::AgentOffered(offer));
            self.pass_about(secs(5));
        }
        self.answer(other, None, None);
    }

    fn transfer_outside(&mut self, seat: Seat) {
        self.transferred(seat, TransferTarget::External(Text::new("+44 20")), false);
        self.aside(|call| call.wrap_up(seat));
        self.pass_about(secs(600));
        self.emit(Body::ContactEnded(EndedBy::Customer, None));
    }

    /// What one agent does beside the call: the call's own time goes on from here.
    fn aside(&mut self, does: impl FnOnce(&mut Self)) {
        let at = self.at;
        does(self);
        self.at = at;
    }

    /// Mostly half a minute; at once, late, or never in some calls.
    fn wrap_up(&mut self, seat: Seat) {
        let kind = self.random().below(100);
        let late = (4..7).contains(&kind);
        match kind {
            0..4 => return,
            4..6 => self.pass(secs(1_800 + 600)),
            6 => self.pass(secs(1_800)),
            7..13 => {}
            _ => self.pass_about(secs(30)),
        }
        let resolved = self.chance(0.7).then(|| self.chance(0.85));
        let disposition = self.chance(0.3).then(|| Text::new("done"));
        let agent = self.staff.agent(seat);
        if !late {
            self.staff.busy_until(seat, self.at);
        }
        self.emit(Body::WrapUpEnded(WrapUpEnded {
            agent,
            disposition,
            resolved,
        }));
    }

    /// An answer that no queue came before.
    fn direct(&mut self) {
        let seat = self.staff.any_seat(None);
        let queue = self.staff.any_queue();
        let named = self.chance(0.5).then_some(&queue);
        self.answer(seat, named, None);
    }

    fn other_direction(&mut self, direction: Direction) {
        let queue = self.staff.any_queue();
        self.queue_in(&queue, Some(direction), None);
        self.pass_about(secs(12));
        let seat = self.staff.any_seat(None);
        self.answer(seat, Some(&queue), None);
    }

    /// Two clocks disagree: the answer seems to come before the wait.
    fn skewed(&mut self) {
        let queue = self.staff.any_queue();
        let (seat, free_at) = self.staff.first_free(&queue);
        self.at = self.grid(self.at.max(free_at));
        let late = self.at + Span(1) + self.staff.random.up_to(Span::from_millis(900));
        self.whole_seconds = false;
        self.aside(|call| {
            call.at = late;
            call.queue_in(&queue, None, None);
        });
        let answer = AtAgent {
            agent: self.staff.agent(seat),
            queue: Some(queue),
            leg: None,
        };
        self.emit(Body::AgentAnswered(answer));
        self.answered = true;
        self.pass(secs(1));
        self.talk(seat);
    }

    /// Minutes to hours later; some think twice; a few never spoke to anybody.
    fn survey(&mut self) {
        let surveyed = if self.answered { 0.2 } else { 0.02 };
        if !self.chance(surveyed) {
            return;
        }
        for _ in 0..=usize::from(self.chance(0.05)) {
            self.pass_about(secs(1_200));
            let (scale_min, scale_max) = *self.random().pick(&[(1.0, 5.0), (0.0, 10.0)]);
            let steps = *self.random().pick(&[0.0, 0.25, 0.5, 0.75, 0.75, 1.0, 1.0]);
            let survey = Survey {
                score: scale_min + steps * (scale_max - scale_min),
                scale_min,
                scale_max,
            };
            self.emit(Body::SurveyAnswered(survey, None));
        }
    }
}
