//! One configuration that is tried on recorded events.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{
    figures::Block,
    names::{of_groups, off},
    period::Period,
    raised::{Raised, raised},
};
use crate::cli::{
    directory::FileStatements,
    input::{Files, Place},
    recorded::{Engine, Reading, Rejections},
    report::Rejected,
};
use floorwalker_core::{
    alert::RULES_OF_CONTACTS,
    engine::{Counters, OutTopic, Output, Settings},
    event::Timestamp,
    rules::RecognitionKind,
};
use floorwalker_evaluation::Episodes;

/// What one configuration made of the events.
#[derive(Debug, Serialize)]
pub(super) struct Side {
    pub(super) config: String,
    pub(super) events: Counters,
    pub(super) rejected: Vec<Rejected>,
    /// Rules about queues, agents, reasons, feeds and all work.
    pub(super) groups: Block,
    pub(super) contacts: Block,
    /// How often agents and teams were recognized, by rule.
    pub(super) recognized: BTreeMap<&'static str, usize>,
    /// In the order in which they fired.
    pub(super) alerts: Vec<Raised>,
}

pub(super) struct Trial {
    engine: Engine,
    alerts: Episodes,
    recognized: BTreeMap<String, usize>,
    rejections: Rejections,
}

/// What is read of a recognition.
#[derive(Deserialize)]
struct Recognized {
    rule: String,
}

/// Works on all trials at a time, each on a thread of its own.
pub(super) fn each(
    trials: &mut [Trial],
    work: fn(&mut Trial) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let start = |trial| scope.spawn(move || work(trial));
        let workers: Vec<_> = trials.iter_mut().map(start).collect();
        workers.into_iter().try_for_each(|worker| {
            let done = worker.join();
            done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })
}

impl Trial {
    pub(super) fn new(
        settings: Settings,
        wall: Timestamp,
        statements: &FileStatements,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            engine: Engine::new(settings, wall, statements)?,
            alerts: Episodes::default(),
            recognized: BTreeMap::new(),
            rejections: Rejections::default(),
        })
    }

    /// Takes a line. Returns whether it is time for a turn.
    pub(super) fn feed(&mut self, place: Place, partition: u16, line: &[u8]) -> bool {
        self.engine.feed(place, partition, line)
    }

    pub(super) fn turn(&mut self) -> anyhow::Result<()> {
        let outputs = self.engine.turn()?;
        self.take(outputs)
    }

    pub(super) fn finish(&mut self) -> anyhow::Result<()> {
        let outputs = self.engine.finish(None)?;
        self.take(outputs)
    }

    fn take(&mut self, outputs: Vec<Output>) -> anyhow::Result<()> {
        for output in outputs {
            match (output.topic, &output.payload) {
                (OutTopic::Alerts, Some(record)) => {
                    let taken = self.alerts.take(record, None);
                    taken.context("an alert that was just written")?;
                }
                (OutTopic::DeadLetters, _) => self.rejections.add(&output),
                (OutTopic::Recognitions, Some(record)) => {
                    let Recognized { rule } = serde_json::from_slice(record)
                        .context("a recognition that was just written")?;
                    *self.recognized.entry(rule).or_default() += 1;
                }
                (
                    OutTopic::Alerts
                    | OutTopic::Kpis
                    | OutTopic::Contacts
                    | OutTopic::Scorecards
                    | OutTopic::Recognitions,
                    _,
                ) => {}
            }
        }
        Ok(())
    }

    pub(super) fn counters(&self) -> Counters {
        self.engine.counters()
    }

    /// Whether any line was an event of use.
    pub(super) fn has_events(&self) -> bool {
        let counters = self.counters();
        counters.applied + counters.repeated > 0
    }

    pub(super) fn rejected(&self, reading: &Reading, files: &Files) -> Vec<Rejected> {
        self.rejections.list(&reading.skipped, files)
    }

    /// Of the rules that are `wanted`.
    pub(super) fn into_side(
        self,
        (config, settings): (String, &Settings),
        rejected: Vec<Rejected>,
        (period, own): (&Period, &BTreeSet<String>),
        wanted: &dyn Fn(&str) -> bool,
    ) -> Side {
        let events = self.counters();
        let kinds = RecognitionKind::ALL.map(RecognitionKind::name).into_iter();
        let recognized = kinds
            .filter(|name| wanted(name))
            .map(|name| (name, self.recognized.get(name).copied().unwrap_or(0)));
        let recognized = recognized.collect();
        let mut alerts = raised(self.alerts);
        alerts.retain(|it| wanted(&it.rule));
        let block = |names: &mut dyn Iterator<Item = &str>| {
            let names: Vec<&str> = names.filter(|name| wanted(name)).collect();
            Block::of(&names, &off(&names, settings), (&alerts, period))
        };
        Side {
            config,
            events,
            rejected,
            groups: block(&mut of_groups(own)),
            contacts: block(&mut RULES_OF_CONTACTS.into_iter()),
            recognized,
            alerts,
        }
    }
}
