//! The engine in memory, fed with files by time.

use indicatif::ProgressBar;
use jiff::tz::TimeZone;

use super::outcome::Outcome;
use crate::{
    cli::{
        directory::FileStatements,
        input::Files,
        recorded::{Engine, Reading},
        report::Scales,
    },
    kafka::clock,
};
use floorwalker_core::{
    contact::Policy,
    engine::{Counters, Settings},
    event::{Body, Timestamp},
};

pub(super) struct Run {
    engine: Engine,
    pub(super) reading: Reading,
    pub(super) outcome: Outcome,
    pub(super) scales: Scales,
    pub(super) policies: Vec<Policy>,
    /// The zone of the hours of the week.
    pub(super) zone: TimeZone,
    at: Option<Timestamp>,
}

impl Run {
    pub(super) fn new(
        settings: Settings,
        at: Option<Timestamp>,
        statements: &FileStatements,
    ) -> anyhow::Result<Self> {
        let wall = at.map_or_else(clock::wall, |at| at.max(clock::wall()));
        let policies = (statements.directory).contact_settings(&settings.contact);
        Ok(Self {
            reading: Reading::new(&settings, at, wall),
            outcome: Outcome::default(),
            scales: Scales::default(),
            policies: policies.policies,
            zone: settings.kpi.zone.clone(),
            at,
            engine: Engine::new(settings, wall, statements)?,
        })
    }

    pub(super) fn read(&mut self, files: &Files, bar: &ProgressBar) -> anyhow::Result<()> {
        let (engine, outcome, scales) = (&mut self.engine, &mut self.outcome, &mut self.scales);
        self.reading.read(
            (files, bar),
            |event| {
                if let Body::SurveyAnswered(survey, _) = &event.body {
                    scales.add(survey);
                }
            },
            |place, partition, line| match engine.feed(place, partition, line) {
                true => (engine.turn()?.into_iter()).try_for_each(|output| outcome.take(output)),
                false => Ok(()),
            },
        )
    }

    /// Counts to the end.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        for output in self.engine.finish(self.at)? {
            self.outcome.take(output)?;
        }
        for output in self.engine.contact_records() {
            self.outcome.take_contact(output)?;
        }
        Ok(())
    }

    pub(super) fn counters(&self) -> Counters {
        self.engine.counters()
    }
}
