//! A whole contact center: people who call, write and come back, agents with shifts and skills, and what goes wrong.
//!
//! Contract: the same settings and seed always give the same deliveries, in order of arrival. The network ([`Faults`]) changes how
//! events are delivered, never what happens in the contact center.
//!
//! ```
//! use floorwalker_core::event::Span;
//! use floorwalker_simulator::{World, WorldSettings};
//!
//! let mut world = World::new(WorldSettings::new(40, Span::from_secs(600)), 1);
//! let first = world.next().unwrap();
//! assert!(world.all(|delivery| delivery.at >= first.at && delivery.event.is_some()));
//! ```

mod after;
mod agenda;
mod contact;
mod day;
mod dice;
mod floor;
mod incident;
pub mod jsonl; // events as JSON lines
mod line;
mod phrases;
mod plan;
mod roster;
mod settings;
mod talk;
mod truth;
mod wire;
mod written;

use std::collections::BTreeMap;

use floorwalker_core::event::{Body, ContactId, CustomerId, Event, EventId, Key, Span, Timestamp};

pub use day::Day;
pub use incident::{Incident, IncidentKind, default_incidents};
pub use settings::{Desk, Habits, Handle, Promise, QueuePlan, Roster, Turns, WorldSettings};
pub use truth::Truth;
pub use wire::Faults;

use agenda::{Action, Agenda};
use contact::{Contact, Phase, Problem};
use dice::Dice;
use floor::Agent;
use incident::Effects;
use line::Line;
use wire::Wire;

type AgentNo = usize;
type QueueNo = usize;
type ContactNo = u64;

/// A record as it arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// When it arrives.
    pub at: Timestamp,
    /// The contact or agent: what a producer would key it by.
    pub key: String,
    pub payload: Vec<u8>,
    /// The event in the payload. `None`: the payload is garbage.
    pub event: Option<Event>,
}

/// The deliveries of a contact center, in order of arrival.
#[derive(Debug)]
pub struct World {
    center: Center,
    wire: Wire,
}

impl World {
    #[must_use]
    pub fn new(settings: WorldSettings, seed: u64) -> Self {
        let wire = Wire::new(settings.faults, Dice::new(seed, 1));
        Self {
            center: Center::new(settings, seed),
            wire,
        }
    }

    /// How far the world has lived.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.center.now
    }

    /// What has really happened since this was last asked.
    pub fn take_truth(&mut self) -> Vec<Truth> {
        std::mem::take(&mut self.center.truth)
    }
}

impl Iterator for World {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        loop {
            let acts_at = self.center.next_at();
            let arrives_at = self.wire.next_at();
            match (arrives_at, acts_at) {
                (Some(arrival), Some(action)) if arrival < action => return self.wire.receive(),
                (_, None) => return self.wire.receive(),
                (_, Some(_)) => self.center.act(),
            }
            for event in self.center.emitted.drain(..) {
                self.wire.send(event);
            }
        }
    }
}

/// The contact center itself, where everything is known at once.
#[derive(Debug)]
struct Center {
    settings: WorldSettings,
    now: Timestamp,
    ends_at: Timestamp,
    dice: Dice,
    agenda: Agenda,
    agents: Vec<Agent>,
    lines: Vec<Line>,
    contacts: BTreeMap<ContactNo, Contact>,
    /// Why the customers who will return do so.
    problems: BTreeMap<usize, Problem>,
    effects: Effects,
    /// Part of all ids: two runs into one topic are not each other's repeats.
    tag: String,
    begun: ContactNo,
    emitted: Vec<Event>,
    truth: Vec<Truth>,
}

/// For each agent, so that some call again.
const CUSTOMERS_AN_AGENT: usize = 90;

impl Center {
    fn new(settings: WorldSettings, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 0);
        let plans = plan::plans(&settings, &roster::desk_sizes(&settings));
        let agents = floor::agents(&settings, &plans, &mut dice);
        let lines = line::lines(&settings, &plans, &agents);
        let mut center = Self {
            now: settings.start,
            ends_at: settings.start + settings.length,
            dice,
            agenda: Agenda::default(),
            agents,
            lines,
            contacts: BTreeMap::new(),
            problems: BTreeMap::new(),
            effects: Effects::default(),
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
    fn next_at(&self) -> Option<Timestamp> {
        self.agenda.next_at().filter(|at| *at <= self.ends_at)
    }

    fn act(&mut self) {
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

    fn plan_in(&mut self, wait: Span, action: Action) {
        self.agenda.plan(self.now + wait, action);
    }

    /// Emits an event of a contact, now.
    fn emit(&mut self, contact: ContactNo, body: Body) {
        self.emit_after(Span::ZERO, contact, body);
    }

    /// Emits an event of a contact after `wait`. The first one names channel and customer.
    fn emit_after(&mut self, wait: Span, number: ContactNo, body: Body) {
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
    fn begin(&mut self, person: usize, problem: Problem) -> ContactNo {
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

    fn edit(&mut self, number: ContactNo, change: impl FnOnce(&mut Contact)) {
        if let Some(contact) = self.contacts.get_mut(&number) {
            change(contact);
        }
    }

    fn forget_if_done(&mut self, contact: ContactNo) {
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
