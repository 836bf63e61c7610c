//! One day that was played: what was raised, and what really went wrong.

use std::collections::BTreeSet;

use floorwalker_core::{
    decode::{Decoded, decode},
    engine::{Settings, TaskError},
    event::{Key, Span, Timestamp},
};
use floorwalker_simulator::{World, WorldSettings};

use crate::{
    alert::Alert,
    play::Play,
    truth::{Incident, read_truth},
};

/// What is on its way is waited for before the day is over.
const LAST_WAIT: Span = Span::from_secs(60);

/// A day that was played.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    pub incidents: Vec<Incident>,
    /// What the engine raised.
    pub alerts: Vec<Alert>,
    /// What rules with fixed thresholds would have raised.
    pub fixed: Vec<Alert>,
    /// How long it was.
    pub length: Span,
    /// Whoever had a state or a contact.
    pub agents: usize,
}

impl Day {
    /// Plays a simulated day.
    ///
    /// # Errors
    /// When a task can't go on.
    pub fn of_world(
        world: WorldSettings,
        seed: u64,
        settings: Settings,
    ) -> Result<Self, TaskError> {
        let start = world.start;
        let mut stage = Stage::new(settings, start)?;
        let mut world = World::new(world, seed);
        let mut truth = String::new();
        while let Some(delivery) = world.next() {
            stage.deliver(delivery.at, &delivery.payload)?;
            for fact in world.take_truth() {
                truth.push_str(&serde_json::to_string(&fact).unwrap_or_default());
                truth.push('\n');
            }
        }
        stage.finish(read_truth(&truth).unwrap_or_default())
    }
}

/// A day that is played from the lines of a feed, in the order in which they arrived. Each arrives when the newest so far occurred.
#[derive(Debug)]
pub struct Feed {
    settings: Settings,
    stage: Option<Stage>,
}

impl Feed {
    #[must_use]
    pub const fn new(settings: Settings) -> Self {
        Self {
            settings,
            stage: None,
        }
    }

    /// Takes the next line. What comes before the first event has no time, and is passed over.
    ///
    /// # Errors
    /// When a task can't go on.
    pub fn deliver(&mut self, line: &[u8]) -> Result<(), TaskError> {
        let occurred_at = match decode(line) {
            Ok(Decoded::Event(event)) => Some(event.occurred_at),
            Ok(Decoded::Unknown(_)) | Err(_) => None,
        };
        if let (None, Some(at)) = (&self.stage, occurred_at) {
            self.stage = Some(Stage::new(self.settings.clone(), at)?);
        }
        match &mut self.stage {
            Some(stage) => stage.deliver(occurred_at.unwrap_or(stage.now), line),
            None => Ok(()),
        }
    }

    /// Ends the day; `None` if it had no event.
    ///
    /// # Errors
    /// When a task can't go on.
    pub fn finish(self, incidents: Vec<Incident>) -> Result<Option<Day>, TaskError> {
        self.stage.map(|stage| stage.finish(incidents)).transpose()
    }
}

/// A day that is being played.
#[derive(Debug)]
struct Stage {
    play: Play,
    start: Timestamp,
    now: Timestamp,
    agents: BTreeSet<String>,
}

impl Stage {
    fn new(settings: Settings, start: Timestamp) -> Result<Self, TaskError> {
        Ok(Self {
            play: Play::new(settings, start)?,
            start,
            now: start,
            agents: BTreeSet::new(),
        })
    }

    fn deliver(&mut self, at: Timestamp, payload: &[u8]) -> Result<(), TaskError> {
        self.now = self.now.max(at);
        if let Ok(Decoded::Event(event)) = decode(payload)
            && let Key::Agent(agent) = &event.key
            && !self.agents.contains(agent.as_str())
        {
            self.agents.insert(agent.as_str().to_owned());
        }
        self.play.deliver(self.now, payload)
    }

    fn finish(mut self, incidents: Vec<Incident>) -> Result<Day, TaskError> {
        self.play.wait_until(self.now + LAST_WAIT)?;
        let (alerts, fixed) = self.play.into_alerts();
        Ok(Day {
            incidents,
            alerts,
            fixed,
            length: self.now - self.start,
            agents: self.agents.len(),
        })
    }
}
