//! Queues: who arrives, who waits, who gives up or moves on.

use super::{
    AgentNo, Center, ContactNo, QueueNo,
    agenda::{Action, Step, Turn},
    contact::{Contact, Phase, Problem},
    dice::seconds,
};
use floorwalker_core::event::{
    Body, Channel, ContactQueued, DeclineCause, Direction, EndedBy, LeftWhy, QueueId, Span, Text,
};

/// Nothing happens between leaving one queue and joining the next, but it takes this long.
const MOVES_WITHIN: Span = Span::from_millis(150);
const TRIES_AGAIN_AFTER: Span = Span::from_secs(3_600);
const ASKED_AFTER: Span = Span::from_secs(60);
const ASKS_AT_ONCE_AFTER: Span = Span::from_secs(2);
const CALLED_BACK_AFTER: Span = Span::from_secs(480);
const NAGS_AFTER: Span = Span::from_secs(50);
/// A transferred customer does not wait behind new ones, one who was promised a call even less.
pub(super) const TRANSFERRED_FIRST: i64 = -1;
const CALLED_BACK_FIRST: i64 = -2;
/// For each agent, so that some call again.
const CUSTOMERS_AN_AGENT: usize = 90;

impl Center {
    /// The next arrival at the highest rate there could be; [`Self::arrive`] thins them out (Lewis and Shedler 1979).
    pub(super) fn plan_arrival(&mut self, queue: QueueNo) {
        let line = &self.lines[queue];
        let most = line.rate * line.surge_max;
        if most > 0.0 {
            let gap = self.dice.exponential(seconds(1.0));
            self.plan_in(super::dice::times(gap, 1.0 / most), Action::Arrive(queue));
        }
    }

    pub(super) fn arrive(&mut self, queue: QueueNo) {
        self.plan_arrival(queue);
        let line = &self.lines[queue];
        let written = line.plan.channel == Channel::Email;
        let share = self.settings.day.share(self.now, written);
        let comes = share * self.surge_now(&line.plan.name) / line.surge_max;
        if !self.dice.chance(comes) {
            return;
        }
        let person = self
            .dice
            .below(CUSTOMERS_AN_AGENT * self.agents.len().max(1));
        let problem = self.any_problem(queue);
        self.begin_with(person, problem);
    }

    /// Nobody comes while we are closed: they try again in an hour.
    fn is_closed(&self, queue: QueueNo) -> bool {
        let written = self.lines[queue].plan.channel == Channel::Email;
        self.settings.day.share(self.now, written) <= 0.0
    }

    pub(super) fn returns_tomorrow(&mut self, person: usize) -> bool {
        let closed = (self.problems.get(&person)).is_some_and(|it| self.is_closed(it.queue));
        if closed {
            self.plan_in(TRIES_AGAIN_AFTER, Action::Return(person));
        }
        closed
    }

    pub(super) fn reopens_tomorrow(&mut self, number: ContactNo) -> bool {
        let contact = self.contacts.get(&number);
        let closed = contact.is_some_and(|contact| self.is_closed(contact.queue));
        if closed {
            self.plan_in(TRIES_AGAIN_AFTER, Action::Reopen(number));
        }
        closed
    }

    pub(super) fn come_back(&mut self, person: usize) {
        if let Some(problem) = self.problems.remove(&person) {
            self.begin_with(person, problem);
        }
    }

    fn begin_with(&mut self, person: usize, problem: Problem) {
        let contact = self.begin(person, problem);
        match self.lines[problem.queue].plan.channel {
            Channel::Voice | Channel::Video | Channel::Other => self.join(contact, problem.queue),
            Channel::Chat
            | Channel::Email
            | Channel::Social
            | Channel::Sms
            | Channel::Messaging => self.begin_written(contact),
        }
    }

    fn any_problem(&mut self, queue: QueueNo) -> Problem {
        let bad = self.is_release_bad(&self.lines[queue].plan.name);
        let reason = match bad && self.dice.chance(0.6) {
            true => "app_update",
            false => self.dice.pick(reasons(&self.lines[queue].plan.name)),
        };
        let hardness = if reason == "app_update" {
            0.75
        } else {
            self.dice.share().powi(2)
        };
        Problem {
            reason,
            queue,
            hardness,
            returns: 0,
        }
    }

    /// Begins to wait in a queue.
    pub(super) fn join(&mut self, number: ContactNo, queue: QueueNo) {
        let now = self.now;
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        contact.enter(Phase::Waiting);
        contact.wait += 1;
        contact.queue = queue;
        contact.queued_at = now;
        let wait = contact.wait;
        let key = (contact.priority, now, number);
        let body = queued(contact, self.lines[queue].id.clone());
        self.lines[queue].waiting.insert(key);
        self.emit(number, Body::ContactQueued(body));
        self.plan_wait(number, queue);
        if self.asks_at_once(number, queue) {
            self.plan_in(ASKS_AT_ONCE_AFTER, Action::AskForCallback(number, wait));
        } else if let Some(agent) = self.first_free(queue) {
            self.ring(number, agent);
        }
    }

    fn plan_wait(&mut self, number: ContactNo, queue: QueueNo) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        let (wait, channel) = (contact.wait, contact.channel);
        if contact.leg.is_some() {
            return;
        }
        let again = contact.overflows > 0;
        let plan = &self.lines[queue].plan;
        let (patience, overflow) = (plan.patience, plan.overflow.filter(|_| !again));
        let patience_now = self.patience_now(&plan.name);
        if let Some(mean) = patience {
            let gives_up = self.dice.exponential(mean);
            let gives_up = super::dice::times(gives_up, patience_now);
            self.plan_in(gives_up, Action::GiveUp(number, wait));
        }
        if let Some(after) = overflow {
            self.plan_in(after, Action::Overflow(number, wait));
        }
        if channel == Channel::Voice && self.dice.chance(self.settings.habits.callback) {
            self.plan_in(ASKED_AFTER, Action::AskForCallback(number, wait));
        }
        if channel == Channel::Chat {
            self.plan_in(NAGS_AFTER, Action::Nag(number, wait));
        }
    }

    /// The caller does not wait for an agent at all: a call back will do.
    fn asks_at_once(&mut self, number: ContactNo, queue: QueueNo) -> bool {
        let line = &self.lines[queue];
        let calls_in = (self.contacts.get(&number)).is_some_and(|contact| contact.leg.is_none());
        let share = (self.asks_for_callback(&line.plan.name))
            .filter(|_| calls_in && line.plan.channel == Channel::Voice);
        share.is_some_and(|share| self.dice.chance(share))
    }

    /// Does it if the contact is still in the wait that it was planned for.
    pub(super) fn in_wait(&mut self, number: ContactNo, wait: Turn, act: fn(&mut Self, ContactNo)) {
        let waits = |contact: &Contact| {
            let open = matches!(contact.phase, Phase::Waiting | Phase::Ringing(_));
            open && contact.wait == wait
        };
        if self.contacts.get(&number).is_some_and(waits) {
            act(self, number);
        }
    }

    pub(super) fn give_up(&mut self, number: ContactNo) {
        if let Some(agent) = self.step_out(number) {
            self.withdraw(number, agent);
        }
        self.emit(number, Body::ContactEnded(EndedBy::Customer, None));
        self.leave_unanswered(number);
    }

    /// Out of the queue; the agent at whom it rings.
    pub(super) fn step_out(&mut self, number: ContactNo) -> Option<AgentNo> {
        let contact = self.contacts.get(&number)?;
        let key = (contact.priority, contact.queued_at, number);
        self.lines[contact.queue].waiting.remove(&key);
        match contact.phase {
            Phase::Ringing(agent) => Some(agent),
            Phase::Before | Phase::Waiting | Phase::Talking(_) | Phase::Elsewhere | Phase::Over => {
                None
            }
        }
    }

    fn withdraw(&mut self, number: ContactNo, agent: AgentNo) {
        let id = self.agents[agent].hire.id.clone();
        self.emit(number, Body::OfferDeclined(id, DeclineCause::Withdrawn));
        self.agents[agent].ringing -= 1;
        self.look_for_work(agent);
    }

    /// To the desk's next queue.
    pub(super) fn overflow(&mut self, number: ContactNo) {
        let Some(contact) = self.contacts.get(&number) else {
            return;
        };
        let next = self.next_queue(contact.queue);
        if contact.phase != Phase::Waiting || next == contact.queue {
            return;
        }
        self.step_out(number);
        self.emit(number, Body::ContactLeftQueue(LeftWhy::Overflow));
        let now = self.now;
        self.edit(number, |it| {
            it.overflows += 1;
            it.waited = it.waited + (now - it.queued_at);
            it.enter(Phase::Before);
            it.queue = next;
        });
        self.plan_step(number, MOVES_WITHIN, Step::JoinQueue);
    }

    /// Of the same desk and channel; itself if it is the only one.
    pub(super) fn next_queue(&self, queue: QueueNo) -> QueueNo {
        let line = &self.lines[queue];
        let kin = |place: &QueueNo| {
            let other = &self.lines[*place];
            other.desk == line.desk && other.plan.channel == line.plan.channel
        };
        let behind = (queue + 1..self.lines.len()).find(kin);
        behind.or_else(|| (0..queue).find(kin)).unwrap_or(queue)
    }

    /// The customer would rather be called back.
    pub(super) fn leave_number(&mut self, number: ContactNo) {
        let waits = |contact: &Contact| contact.phase == Phase::Waiting;
        if !self.contacts.get(&number).is_some_and(waits) {
            return;
        }
        self.step_out(number);
        self.emit(number, Body::ContactLeftQueue(LeftWhy::Callback));
        self.edit(number, |it| {
            it.enter(Phase::Elsewhere);
            it.leg = Some(Text::new("callback"));
            it.priority = CALLED_BACK_FIRST;
        });
        let after = self.dice.exponential(CALLED_BACK_AFTER);
        self.plan_step(number, after, Step::CallBack);
    }

    /// Plans what happens if the contact is still in its present phase by then.
    pub(super) fn plan_step(&mut self, number: ContactNo, wait: Span, step: Step) {
        if let Some(contact) = self.contacts.get(&number) {
            let turn = contact.turn;
            self.plan_in(wait, Action::Turn(number, turn, step));
        }
    }
}

fn queued(contact: &Contact, queue: QueueId) -> ContactQueued {
    let calls_out = contact.leg.is_some();
    let first = contact.wait == 1;
    ContactQueued {
        queue: Some(queue),
        direction: calls_out.then_some(Direction::Outbound),
        priority: (contact.priority != 0).then_some(contact.priority),
        reason: first.then(|| Text::new(contact.problem.reason)),
        leg: contact.leg.clone(),
        thread: None,
    }
}

fn reasons(queue: &str) -> &'static [&'static str] {
    match queue {
        "billing" => &["invoice", "refund", "payment"],
        "tech" => &["outage", "login", "router"],
        "sales" | "chat-sales" => &["upgrade", "new_order", "price"],
        "claims" | "mail-claims" => &["damage", "claim_status"],
        _ => &["delivery", "invoice", "login", "complaint", "change"],
    }
}
