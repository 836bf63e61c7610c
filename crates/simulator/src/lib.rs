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
mod agent;
mod center;
mod contact;
mod day;
mod dice;
mod effects;
mod effort;
mod floor;
mod incident;
pub mod jsonl; // events as JSON lines
mod line;
mod numbers;
mod phrases;
mod plan;
mod queue;
mod roster;
mod settings;
mod talk;
mod truth;
mod wire;
mod written;

use floorwalker_core::event::Timestamp;

pub use day::Day;
pub use incident::{Incident, IncidentKind, default_incidents, drawn_incidents};
pub use settings::{Desk, Habits, Handle, Promise, QueuePlan, Roster, Turns, WorldSettings};
pub use truth::Truth;
pub use wire::{Delivery, Faults};

use center::Center;
use dice::Dice;
use numbers::{AgentNo, ContactNo, QueueNo};
use wire::Wire;

/// The deliveries of a contact center, in order of arrival.
#[derive(Debug)]
pub struct World {
    center: Center,
    wire: Wire,
}

impl World {
    /// Builds a world. The same settings and seed always give the same deliveries.
    #[must_use]
    pub fn new(settings: WorldSettings, seed: u64) -> Self {
        let wire = Wire::new(settings.faults, Dice::new(seed, 1));
        Self {
            center: Center::new(settings, seed),
            wire,
        }
    }

    /// Returns the time up to which everything has happened.
    ///
    /// Deliveries may arrive later.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.center.now
    }

    /// Takes what really happened since the last call.
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
            for event in std::mem::take(&mut self.center.emitted) {
                let trouble = self.center.trouble(&event);
                self.wire.send(event, trouble);
            }
        }
    }
}
