//! The engine in memory, fed with lines.

use std::sync::Arc;

use crate::cli::{directory::FileStatements, input::Place};
use floorwalker_core::{
    engine::{Counters, InputId, Output, Settings},
    event::Timestamp,
    local::Cluster,
};

/// Records of an input that a task takes in before it commits a step.
const STEP_RECORDS: usize = 1_000;
/// Lines that wait in memory for the engine.
const LINES_A_TURN: u64 = 50_000;

/// All tasks, and one source with a partition for each.
pub(in crate::cli) struct Engine {
    cluster: Cluster,
    /// Lines since the last turn.
    waiting: u64,
}

impl Engine {
    pub(in crate::cli) fn new(
        settings: Settings,
        wall: Timestamp,
        statements: &FileStatements,
    ) -> anyhow::Result<Self> {
        let tasks = settings.tasks;
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
            waiting: 0,
        })
    }

    /// Takes a line. Returns whether so many wait that it is time for a turn.
    pub(in crate::cli) fn feed(&mut self, place: Place, partition: u16, line: &[u8]) -> bool {
        let input = InputId {
            source: 0,
            partition: partition.into(),
        };
        (self.cluster).feed_keyed(input, Some(place.to_key()), line.to_vec());
        self.waiting += 1;
        self.waiting >= LINES_A_TURN
    }

    /// Works on the lines that wait, and returns what came of them.
    pub(in crate::cli) fn turn(&mut self) -> anyhow::Result<Vec<Output>> {
        self.waiting = 0;
        self.cluster.run_on(STEP_RECORDS)?;
        Ok(self.take_outputs())
    }

    /// Counts to the end of all lines, or to `at` if that is later.
    pub(in crate::cli) fn finish(&mut self, at: Option<Timestamp>) -> anyhow::Result<Vec<Output>> {
        if let Some(at) = at {
            self.cluster.end_at(at);
        }
        self.cluster.run_until_quiet(STEP_RECORDS)?;
        Ok(self.take_outputs())
    }

    fn take_outputs(&mut self) -> Vec<Output> {
        let outputs = std::mem::take(&mut self.cluster.outputs);
        outputs.into_iter().map(|(_, output)| output).collect()
    }

    /// Returns the records of all contacts as they are now.
    pub(in crate::cli) fn contact_records(&self) -> Vec<Output> {
        self.cluster.contact_records()
    }

    pub(in crate::cli) fn counters(&self) -> Counters {
        self.cluster.counters()
    }
}
