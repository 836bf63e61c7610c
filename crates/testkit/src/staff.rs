//! The agents of the voice world: who works in which queue, and who is free when.

use super::random::Random;
use floorwalker_core::event::{AgentId, QueueId, Timestamp};

/// Queues, agents and when each agent is free, with the numbers of the seed.
pub(super) struct Staff {
    pub(super) random: Random,
    pub(super) customers: usize,
    queues: Vec<QueueId>,
    agents: Vec<AgentId>,
    free_at: Vec<Timestamp>,
}

/// An agent by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat(usize);

impl Staff {
    pub(super) fn new(
        seed: u64,
        customers: usize,
        queues: usize,
        agents: usize,
        start: Timestamp,
    ) -> Self {
        Self {
            random: Random::new(seed),
            customers,
            queues: (0..queues)
                .map(|number| QueueId::new(&queue_name(number)))
                .collect(),
            agents: (0..agents)
                .map(|number| AgentId::new(&format!("agent-{number}")))
                .collect(),
            free_at: vec![start; agents],
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

    /// Returns the agent of the queue who is free first, and when.
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
