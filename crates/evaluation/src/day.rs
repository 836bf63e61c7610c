//! One day that was played: what was raised, and what really went wrong.

use std::collections::BTreeSet;

use floorwalker_core::{
    decode::{Decoded, decode},
    engine::{Settings, TaskError},
    event::{Event, Key, Span, Timestamp},
};
use floorwalker_simulator::{World, WorldSettings};

use crate::{
    alert::Alert,
    fits::{first_to_name, named_by},
    play::Play,
    truth::Incident,
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
    /// Returns the first incident that an alert of this day names.
    #[must_use]
    pub fn named_by(&self, alert: &Alert) -> Option<&Incident> {
        named_by(alert, &self.incidents)
    }

    /// Returns the first alert of the engine that names an incident of this day.
    #[must_use]
    pub fn first_to_name(&self, incident: &Incident) -> Option<&Alert> {
        first_to_name(incident, &self.alerts)
    }

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
        let mut incidents = Vec::new();
        while let Some(delivery) = world.next() {
            stage.deliver(delivery.at, &delivery.payload, delivery.event.as_ref())?;
            let truth = world.take_truth();
            incidents.extend(truth.into_iter().filter_map(Incident::of_truth));
        }
        stage.finish(incidents)
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
        let event = match decode(line) {
            Ok(Decoded::Event(event)) => Some(event),
            Ok(Decoded::Unknown(_)) | Err(_) => None,
        };
        let event = event.as_ref();
        if let (None, Some(first)) = (&self.stage, event) {
            self.stage = Some(Stage::new(self.settings.clone(), first.occurred_at)?);
        }
        match &mut self.stage {
            Some(stage) => {
                let at = event.map_or(stage.now, |event| event.occurred_at);
                stage.deliver(at, line, event)
            }
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

    /// Takes a record, and the event that it holds, if it holds one.
    fn deliver(
        &mut self,
        at: Timestamp,
        payload: &[u8],
        event: Option<&Event>,
    ) -> Result<(), TaskError> {
        self.now = self.now.max(at);
        let key = event.map(|event| &event.key);
        if let Some(Key::Agent(agent)) = key
            && !self.agents.contains(agent.as_str())
        {
            self.agents.insert(agent.as_str().to_owned());
        }
        self.play.deliver(self.now, payload, key)
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
