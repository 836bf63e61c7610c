//! A seeded voice contact center: calls arrive at random, wait for the agents of their queue, and go the ways calls go.
//!
//! Agents take one call at a time, queues are first come first served (but for transfers), customers hang up when their
//! patience ends. What feeds do is in it too: whole seconds and microseconds, ties, legs, skewed clocks, wrap-ups that
//! come late or never. What a network does to events is [`super::faults`].

use super::{call::Call, random::Random};
use floorwalker_core::event::{AgentId, Event, QueueId, Span, Timestamp};

/// What to make. The same world gives the same events.
#[derive(Debug, Clone)]
pub struct VoiceWorld {
    pub seed: u64,
    pub contacts: usize,
    /// Above 0. Agent `i` works in queue `i mod queues` and the next one.
    pub agents: usize,
    /// Above 0.
    pub queues: usize,
    /// Above 0; few, so that some call again.
    pub customers: usize,
    pub start: Timestamp,
    /// Contacts an hour.
    pub rate: f64,
}

impl Default for VoiceWorld {
    /// 1,000 calls in two and a half hours: about 23 of 30 agents busy.
    fn default() -> Self {
        Self {
            seed: 1,
            contacts: 1_000,
            agents: 30,
            queues: 4,
            customers: 400,
            // 2026-11-22T08:00:00Z
            start: Timestamp(1_795_334_400_000_000),
            rate: 400.0,
        }
    }
}

impl VoiceWorld {
    /// The events in order; ids are unique within their contact.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut floor = Floor::new(self);
        let mut at = self.start;
        let mut events = Vec::with_capacity(self.contacts * 8);
        for number in 0..self.contacts {
            at = at + floor.random.exponential(self.between_arrivals());
            events.extend(Call::new(&mut floor, number, at).play());
        }
        events.sort_by(Event::cmp_in_order);
        events
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a mean of hours is far below 2^63 microseconds"
    )]
    fn between_arrivals(&self) -> Span {
        Span((3.6e9 / self.rate.max(1e-3)) as i64)
    }
}

/// Who is there, and who is free when.
pub(super) struct Floor {
    pub(super) random: Random,
    pub(super) customers: usize,
    queues: Vec<QueueId>,
    agents: Vec<AgentId>,
    free_at: Vec<Timestamp>,
}

/// An agent by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat(usize);

impl Floor {
    fn new(world: &VoiceWorld) -> Self {
        Self {
            random: Random::new(world.seed),
            customers: world.customers,
            queues: (0..world.queues)
                .map(|number| QueueId::new(&queue_name(number)))
                .collect(),
            agents: (0..world.agents)
                .map(|number| AgentId::new(&format!("agent-{number}")))
                .collect(),
            free_at: vec![world.start; world.agents],
        }
    }

    pub(super) fn any_queue(&mut self) -> QueueId {
        self.random.pick(&self.queues).clone()
    }

    pub(super) fn other_queue(&mut self, than: &QueueId) -> QueueId {
        let others: Vec<&QueueId> = self.queues.iter().filter(|queue| *queue != than).collect();
        match others.is_empty() {
            true => than.clone(),
            false => (*self.random.pick(&others)).clone(),
        }
    }

    pub(super) fn agent(&self, seat: Seat) -> AgentId {
        self.agents[seat.0].clone()
    }

    pub(super) fn any_seat(&mut self, but: Option<Seat>) -> Seat {
        let seats = self.agents.len();
        let seat = Seat(self.random.below(seats));
        match but {
            Some(taken) if taken == seat => Seat((seat.0 + 1) % seats),
            _ => seat,
        }
    }

    /// Who of the queue's agents is free first, and when.
    pub(super) fn first_free(&self, queue: &QueueId) -> (Seat, Timestamp) {
        let queues = self.queues.len();
        let number = self.queues.iter().position(|it| it == queue).unwrap_or(0);
        let works_here = |agent: usize| {
            let home = agent % queues;
            home == number || (home + 1) % queues == number
        };
        let seats = 0..self.agents.len();
        let theirs = seats.filter(|agent| works_here(*agent));
        let first = theirs.min_by_key(|agent| self.free_at[*agent]).unwrap_or(0);
        (Seat(first), self.free_at[first])
    }

    pub(super) fn busy_until(&mut self, seat: Seat, at: Timestamp) {
        let free_at = &mut self.free_at[seat.0];
        *free_at = at.max(*free_at);
    }
}

fn queue_name(number: usize) -> String {
    let names = ["billing", "tech", "sales", "claims"];
    let name = names.get(number).map(|name| (*name).to_owned());
    name.unwrap_or_else(|| format!("queue-{number}"))
}
