//! The engine in memory, fed with files by time.

use std::{collections::BTreeMap, sync::Arc};

use jiff::tz::TimeZone;

use super::outcome::Outcome;
use crate::{
    cli::{
        directory::FileStatements,
        input::{Files, Place, Sorter},
        report::Scales,
    },
    kafka::clock,
};
use floorwalker_core::{
    contact::Policy,
    decode::{Decoded, decode},
    engine::{Counters, InputId, Placement, Settings},
    event::{Body, Event, Text, Timestamp},
    local::Cluster,
};

use indicatif::ProgressBar;

/// Records of an input that a task takes in before it commits a step.
const STEP_RECORDS: usize = 1_000;
/// Lines that wait in memory for the engine.
const LINES_A_TURN: u64 = 50_000;

pub(super) struct Run {
    cluster: Cluster,
    placement: Placement,
    pub(super) outcome: Outcome,
    pub(super) scales: Scales,
    /// Events that occurred after `at`.
    pub(super) later: u64,
    /// By type: how many events, and where the first is.
    pub(super) skipped: BTreeMap<Text, (u64, Place)>,
    pub(super) policies: Vec<Policy>,
    /// The zone of the hours of the week.
    pub(super) zone: TimeZone,
    at: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// What occurred later is a dead letter.
    expected_until: Timestamp,
    /// Lines since the engine had its last turn.
    waiting: u64,
}

impl Run {
    pub(super) fn new(
        settings: Settings,
        at: Option<Timestamp>,
        statements: &FileStatements,
    ) -> anyhow::Result<Self> {
        let tasks = settings.tasks;
        let wall = at.map_or_else(clock::wall, |at| at.max(clock::wall()));
        let future_max = settings.future_max;
        let policies = (statements.directory).contact_settings(&settings.contact);
        let zone = settings.kpi.zone.clone();
        let mut cluster = Cluster::new(&Arc::new(settings), wall)?;
        for (_, json) in &statements.lines {
            cluster.state(json);
        }
        for partition in 0..i32::from(tasks) {
            cluster.add_input(InputId {
                source: 0,
                partition,
            });
        }
        Ok(Self {
            cluster,
            placement: Placement::new(tasks),
            outcome: Outcome::default(),
            scales: Scales::default(),
            later: 0,
            skipped: BTreeMap::new(),
            policies: policies.policies,
            zone,
            at,
            newest: None,
            expected_until: wall + future_max,
            waiting: 0,
        })
    }

    /// A file is whole: its lines are sorted by time, so that none of them is late.
    pub(super) fn read(&mut self, files: &Files, bar: &ProgressBar) -> anyhow::Result<()> {
        let mut events = Sorter::default();
        files.each_line(bar, |place, line| match decode(line) {
            Ok(Decoded::Event(event)) if self.at.is_some_and(|at| event.occurred_at > at) => {
                self.later += 1;
                Ok(())
            }
            Ok(Decoded::Event(event)) => {
                self.note(&event);
                let partition = self.placement.owner_of(&event.key).0;
                events.push(event.occurred_at, place, (partition, line))
            }
            Ok(Decoded::Unknown(kind)) => {
                self.skipped.entry(kind).or_insert((0, place)).0 += 1;
                self.feed(place, 0, line)
            }
            Err(_) => self.feed(place, 0, line),
        })?;
        events.each(|(_, place), partition, line| self.feed(place, partition, line))
    }

    fn note(&mut self, event: &Event) {
        if event.occurred_at > self.expected_until {
            return;
        }
        self.newest = self.newest.max(Some(event.occurred_at));
        if let Body::SurveyAnswered(survey, _) = &event.body {
            self.scales.add(survey);
        }
    }

    fn feed(&mut self, place: Place, partition: u16, line: &[u8]) -> anyhow::Result<()> {
        let input = InputId {
            source: 0,
            partition: partition.into(),
        };
        (self.cluster).feed_keyed(input, Some(place.to_key()), line.to_vec());
        self.waiting += 1;
        if self.waiting < LINES_A_TURN {
            return Ok(());
        }
        self.waiting = 0;
        self.cluster.run_on(STEP_RECORDS)?;
        self.collect()
    }

    /// Counts to the end.
    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        if let Some(at) = self.at {
            self.cluster.end_at(at);
        }
        self.cluster.run_until_quiet(STEP_RECORDS)?;
        self.collect()?;
        for output in self.cluster.contact_records() {
            self.outcome.take_contact(output)?;
        }
        Ok(())
    }

    fn collect(&mut self) -> anyhow::Result<()> {
        for (_, output) in std::mem::take(&mut self.cluster.outputs) {
            self.outcome.take(output)?;
        }
        Ok(())
    }

    /// Returns the clock of all numbers.
    pub(super) fn clock(&self) -> Option<Timestamp> {
        self.at.or(self.newest)
    }

    pub(super) fn counters(&self) -> Counters {
        self.cluster.counters()
    }
}
