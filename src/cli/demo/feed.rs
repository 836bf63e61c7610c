//! Plays the simulator's world at the wall clock that the engine is handed.

use std::time::Duration;

use crate::kafka::{
    KafkaSettings, Sender, Stop,
    clock::{self, Wall},
};
use floorwalker_core::event::{Span, Timestamp};
use floorwalker_simulator::{Day, Delivery, Faults, World, WorldSettings, default_incidents};

const MINUTE: Span = Span::from_secs(60);
const HOUR: Span = Span::from_secs(3_600);
/// The world has been there for this long when the demo begins: the figures are full, and rules know what is usual (after 50 min).
const LIVED: Span = Span(56 * MINUTE.0);
/// The first incident of the timetable is a surge after a minute; it is to be felt when the demo begins.
const INCIDENTS_FROM: Span = Span(52 * MINUTE.0);
/// What surges could add up to makes each arrival dearer: after this long nothing goes wrong any more.
const INCIDENTS_FOR: Span = Span(8 * HOUR.0);
/// Longer than anybody looks.
const LENGTH: Span = Span(30 * 24 * HOUR.0);
const TURN: Duration = Duration::from_millis(5);

/// A world on its way to a topic.
pub(super) struct Feed {
    sender: Sender,
    wall: Wall,
    world: World,
    /// What comes next, and when.
    next: Option<Delivery>,
}

impl Feed {
    /// Sends what has happened already to `topic`.
    pub(super) fn open(
        kafka: &KafkaSettings,
        topic: &str,
        agents: u32,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut world = World::new(world(agents, kafka.wall.now()), seed);
        let mut feed = Self {
            sender: Sender::new(kafka, topic)?,
            wall: kafka.wall,
            next: world.next(),
            world,
        };
        feed.send_due()?;
        feed.sender.finish()?;
        Ok(feed)
    }

    /// Sends what happens until the demo is to stop.
    pub(super) fn play(mut self, stop: &Stop) -> anyhow::Result<()> {
        while !stop.is_requested() {
            self.send_due()?;
            self.sender.poll()?;
            clock::pause(TURN);
        }
        self.sender.finish()
    }

    fn send_due(&mut self) -> anyhow::Result<()> {
        let now = self.wall.now();
        while let Some(delivery) = self.next.take_if(|delivery| delivery.at <= now) {
            let key = delivery.key.as_bytes();
            self.sender.send(Some(key), &delivery.payload)?;
            self.next = self.world.next();
        }
        // Nobody asks the demo what really happened.
        drop(self.world.take_truth());
        Ok(())
    }
}

/// A center of all channels on a busy morning, whenever the demo begins.
fn world(agents: u32, now: Timestamp) -> WorldSettings {
    let agents = usize::try_from(agents).unwrap_or(usize::MAX);
    let mut incidents = default_incidents(INCIDENTS_FOR);
    for incident in &mut incidents {
        incident.begins = incident.begins + INCIDENTS_FROM;
    }
    WorldSettings {
        start: now - LIVED,
        day: Day::busy_at(now),
        incidents,
        faults: Faults::default(),
        ..WorldSettings::new(agents, LENGTH)
    }
}
