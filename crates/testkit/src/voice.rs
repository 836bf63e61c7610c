//! A seeded voice contact center: calls arrive at random, wait for the agents of their queue, and go the ways calls go.
//!
//! Agents take one call at a time, queues are first come first served (but for transfers), customers hang up when their
//! patience ends. What feeds do is in it too: whole seconds and microseconds, ties, legs, skewed clocks, wrap-ups that
//! come late or never. What a network does to events is [`super::faults`].

use super::{call::Call, staff::Staff};
use floorwalker_core::event::{Event, Span, Timestamp};

/// Settings of a voice world. The same settings always give the same events.
#[derive(Debug, Clone)]
pub struct VoiceWorld {
    /// The seed of all random numbers.
    pub seed: u64,
    /// How many calls arrive.
    pub contacts: usize,
    /// How many agents, above 0. Agent `i` works in queue `i mod queues` and the next one.
    pub agents: usize,
    /// How many queues, above 0.
    pub queues: usize,
    /// How many customers, above 0; few, so that some call again.
    pub customers: usize,
    /// When the first call may arrive.
    pub start: Timestamp,
    /// Calls an hour in the mean.
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
    /// Returns the events in order. Ids are unique within their contact.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut staff = Staff::new(
            self.seed,
            self.customers,
            self.queues,
            self.agents,
            self.start,
        );
        let mut at = self.start;
        let mut events = Vec::with_capacity(self.contacts * 8);
        for number in 0..self.contacts {
            at = at + staff.random.exponential(self.between_arrivals());
            events.extend(Call::new(&mut staff, number, at).play());
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
