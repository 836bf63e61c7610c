//! Recounts a day: simulates ten minutes of a contact center and counts every figure from the events alone, without the engine.
//!
//! `cargo run -p floorwalker-testkit --example recount`

#![expect(clippy::print_stdout, reason = "is for people")]

use std::error::Error;

use floorwalker_core::event::Span;
use floorwalker_simulator::{World, WorldSettings};
use floorwalker_testkit::reference::{Settings, recount};

fn main() -> Result<(), Box<dyn Error>> {
    let world = World::new(WorldSettings::new(40, Span::from_secs(600)), 7);
    let events: Vec<_> = world.filter_map(|delivery| delivery.event).collect();
    let clock = events.iter().map(|event| event.occurred_at).max();
    let clock = clock.ok_or("a world without events")?;
    let counted = recount(&events, &Settings::default(), clock);
    for ((entity, window), card) in &counted.cards {
        if window.is_none() && entity.starts_with("queue:") {
            println!(
                "{entity}: {} answered, {} abandoned, {} handled",
                card.answered, card.abandoned, card.handled
            );
        }
    }
    Ok(())
}
