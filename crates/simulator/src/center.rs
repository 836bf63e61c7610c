//! The contact center: its state, and what happens to it next.

use std::collections::BTreeMap;

use super::{
    agenda::{Action, Agenda},
    agent::{self, Agent},
    contact::{Contact, Phase, Problem},
    dice::Dice,
    effects::Effects,
    numbers::{AgentNo, ContactNo},
    phrases, plan,
    queue::{self, Line},
    roster,
    settings::WorldSettings,
    truth::Truth,
};
use floorwalker_core::event::{Body, ContactId, CustomerId, Event, EventId, Key, Span, Timestamp};

/// The contact center itself, where everything is known at once.
#[derive(Debug)]
pub(super) struct Center {
    pub(super) settings: WorldSettings,
    pub(super) now: Timestamp,
    pub(super) ends_at: Timestamp,
    pub(super) dice: Dice,
    pub(super) agenda: Agenda,
    pub(super) agents: Vec<Agent>,
    pub(super) lines: Vec<Line>,
    pub(super) contacts: BTreeMap<ContactNo, Contact>,
    /// Why the customers who will return do so.
    pub(super) problems: BTreeMap<usize, Problem>,
    pub(super) effects: Effects,
    /// Part of all ids: two runs into one topic are not each other's repeats.
    pub(super) tag: String,
    pub(super) begun: ContactNo,
    pub(super) emitted: Vec<Event>,
    pub(super) truth: Vec<Truth>,
}

impl Center {
    pub(super) fn new(settings: WorldSettings, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let plans = plan::plans(&settings, &roster::desk_sizes(&settings));
        let agents = agent::agents(&settings, &plans, &mut dice);
        let lines = queue::lines(&settings, &plans, &agents);
        let mut center = Self {
            now: settings.start,
            ends_at: settings.start + settings.length,
            dice,
            agenda: Agenda::default(),
            agents,
            lines,
            contacts: BTreeMap::new(),
            problems: BTreeMap::new(),
            effects: Effects::new(Dice::new(seed, 2)),
            tag: tag(settings.start),
            begun: 0,
            emitted: Vec::new(),
            truth: Vec::new(),
            settings,
        };
        center.open();
        center
    }

    fn open(&mut self) {
        self.begin_duties();
        self.plan_incidents();
        for queue in 0..self.lines.len() {
            self.lines[queue].surge_max = self.surge_max(&self.lines[queue].plan.name);
            self.plan_arrival(queue);
        }
    }

    /// `None`: all is over.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().filter(|at| *at <= self.ends_at)
    }

    pub(super) fn act(&mut self) {
        let Some((at, action)) = self.agenda.pop() else {
            return;
        };
        self.now = at;
        match action {
            Action::Arrive(queue) => self.arrive(queue),
            Action::Return(person) if self.returns_tomorrow(person) => {}
            Action::Return(person) => self.come_back(person),
            Action::Duty(agent, step) => self.take_duty(agent, step),
            Action::ComeBack(agent) => self.sit_down(agent),
            Action::Incident(number, begins) => self.turn_incident(number, begins),
            Action::EndWrapUp(contact, agent) => self.end_wrap_up(contact, agent),
            Action::Rate(contact) => self.rate(contact),
            Action::Reopen(contact) if self.reopens_tomorrow(contact) => {}
            Action::Reopen(contact) => self.reopen(contact),
            Action::GiveUp(contact, wait) => self.in_wait(contact, wait, Self::give_up),
            Action::Overflow(contact, wait) => self.in_wait(contact, wait, Self::overflow),
            Action::AskForCallback(contact, wait) => {
                self.in_wait(contact, wait, Self::leave_number)
            }
            Action::Nag(contact, wait) => self.in_wait(contact, wait, Self::nag),
            Action::Turn(contact, turn, step) => self.in_turn(contact, turn, step),
        }
    }

    pub(super) fn plan_in(&mut self, wait: Span, action: Action) {
        self.agenda.plan(self.now + wait, action);
    }

    /// Emits an event of a contact, now.
    pub(super) fn emit(&mut self, contact: ContactNo, body: Body) {
        self.emit_after(Span::ZERO, contact, body);
    }

    /// Emits an event of a contact after `wait`. The first one names channel and customer.
    pub(super) fn emit_after(&mut self, wait: Span, number: ContactNo, body: Body) {
        let Some(contact) = self.contacts.get_mut(&number) else {
            return;
        };
        let first = contact.events_emitted == 0;
        contact.events_emitted += 1;
        self.emitted.push(Event {
            id: EventId::new(&format!("{}-{}", contact.id, contact.events_emitted)),
            occurred_at: self.now + wait,
            sequence: None,
            key: Key::Contact(contact.id.clone()),
            channel: first.then_some(contact.channel),
            customer: contact.customer.clone().filter(|_| first),
            body,
        });
    }

    /// Begins a contact, without an event yet.
    pub(super) fn begin(&mut self, person: usize, problem: Problem) -> ContactNo {
        self.begun += 1;
        let queue = &self.lines[problem.queue];
        let channel = queue.plan.channel;
        let known = !self.dice.chance(self.settings.habits.unknown_customer);
        let mood = 0.25 - 0.5 * problem.hardness - 0.25 * f64::from(problem.returns.min(2));
        let contact = Contact {
            id: ContactId::new(&format!("{}-{}-{}", channel.name(), self.tag, self.begun)),
            channel,
            customer: known.then(|| CustomerId::new(&format!("k{person}"))),
            person,
            language: phrases::language_of(person),
            problem,
            phase: Phase::Before,
            queue: problem.queue,
            queued_at: self.now,
            priority: queue.plan.priority,
            leg: None,
            turn: 0,
            wait: 0,
            events_emitted: 0,
            waited: Span::ZERO,
            transfers: 0,
            overflows: 0,
            talk: Span::ZERO,
            hold: None,
            wrap_up: Span::ZERO,
            open_wrap_ups: 0,
            replies_left: 0,
            bot_rounds_left: 0,
            reopened: 0,
            mood: self.dice.normal(mood, 0.25).clamp(-1.0, 1.0),
            agent: None,
            solved: false,
            score: 0.0,
            has_future: false,
        };
        self.contacts.insert(self.begun, contact);
        self.begun
    }

    pub(super) fn record_incident(&mut self, number: usize, agents: &[AgentNo]) {
        let id = |agent: &AgentNo| self.agents[*agent].hire.id.as_str().to_owned();
        let agents = agents.iter().map(id).collect();
        let truth = Truth::of_incident(number, &self.settings, agents);
        self.truth.push(truth);
    }

    pub(super) fn edit(&mut self, number: ContactNo, change: impl FnOnce(&mut Contact)) {
        if let Some(contact) = self.contacts.get_mut(&number) {
            change(contact);
        }
    }

    pub(super) fn forget_if_done(&mut self, contact: ContactNo) {
        if self.contacts.get(&contact).is_some_and(Contact::is_done) {
            self.contacts.remove(&contact);
        }
    }
}

/// Seconds since 2020 in digits and letters.
fn tag(start: Timestamp) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    const YEAR_2020: i64 = 1_577_836_800;
    let mut rest = (start.0 / 1_000_000 - YEAR_2020).unsigned_abs();
    let mut tag = Vec::new();
    while rest > 0 || tag.is_empty() {
        tag.push(DIGITS[usize::try_from(rest % 36).unwrap_or(0)]);
        rest /= 36;
    }
    tag.iter().rev().map(|digit| char::from(*digit)).collect()
}
