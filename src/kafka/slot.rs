//! A task that this worker was given, from its takeover to the day it is given up.

use std::time::Duration;

use crossbeam_channel::Sender;
use rdkafka::{Message as _, error::KafkaResult, message::Headers as _};

use super::{
    batch::Names,
    clock::Tick,
    directory::Statements,
    reading::{self, Fetch, Polled, Reading},
    restore::Takeover,
    topics::Topic,
    upkeep::TrimPoint,
};
use crate::{
    engine::{InputId, Pending, SourceRecord, Step, Task, TaskError, TaskId},
    event::Timestamp,
};

/// Records of one partition before the others get their turn.
const RECORDS_A_TURN: usize = 64;
/// The exchange lags when its last record is older than this, or more than this much follows.
const EXCHANGE_LAG_MAX: Duration = Duration::from_secs(2);
const EXCHANGE_LAG_BYTES_MAX: u64 = 64 << 20;

pub(super) enum Slot {
    Restoring(Takeover),
    Running(Box<Running>),
    /// Can't go on; kept so that nobody else tries.
    Failed(String),
}

pub(super) struct Running {
    pub(super) task: Box<Task>,
    pub(super) exchange: Reading,
    pub(super) sources: Vec<(InputId, Reading)>,
    /// A step that waits for its transaction.
    pub(super) cut: Option<Step>,
    pub(super) waits_since: Option<Tick>,
    /// The last committed step.
    pub(super) committed: u64,
    pub(super) exchange_committed: i64,
    pub(super) trim: TrimPoint,
    /// Statements of the directory that it was told.
    heard: usize,
}

impl Slot {
    pub(super) fn running(&mut self) -> Option<&mut Running> {
        match self {
            Self::Running(running) => Some(running),
            Self::Restoring(_) | Self::Failed(_) => None,
        }
    }
}

impl Running {
    /// Opens the task's inputs where it stands.
    pub(super) fn open(
        mut task: Box<Task>,
        (id, committed): (TaskId, u64),
        inputs: &[InputId],
        (fetch, names, bell): (&Fetch, &Names, &Sender<()>),
    ) -> KafkaResult<Self> {
        let frames = names.of(Topic::Exchange);
        let position = task.exchange_position();
        let exchange = Reading::new(fetch, frames, i32::from(id.0), Some(position), bell)?;
        let mut sources = Vec::with_capacity(inputs.len());
        for input in inputs {
            let from = task.position(*input);
            task.add_input(*input);
            let name = names.source(input.source);
            let reading = Reading::new(fetch, name, input.partition, from, bell)?;
            sources.push((*input, reading));
        }
        let running = Self {
            task,
            exchange,
            sources,
            cut: None,
            waits_since: None,
            committed,
            exchange_committed: position,
            trim: TrimPoint::default(),
            heard: 0,
        };
        reading::start(fetch, running.readings())?;
        Ok(running)
    }

    /// Tells the task what the directory says.
    pub(super) fn hear(&mut self, statements: &Statements, now: Timestamp) {
        for line in statements.since(self.heard) {
            self.heard += 1;
            if let Err(refusal) = self.task.handle_statement(line.offset, &line.json, now) {
                let task = self.task.id().0;
                tracing::error!(task, offset = line.offset, "directory: left out: {refusal}");
            }
        }
    }

    pub(super) fn readings(&self) -> impl Iterator<Item = &Reading> {
        let sources = self.sources.iter().map(|(_, reading)| reading);
        std::iter::once(&self.exchange).chain(sources)
    }

    /// A source has grown.
    pub(super) fn add_input(
        &mut self,
        input: InputId,
        (fetch, names, bell): (&Fetch, &Names, &Sender<()>),
    ) -> KafkaResult<()> {
        let from = self.task.position(input);
        self.task.add_input(input);
        let name = names.source(input.source);
        let reading = Reading::new(fetch, name, input.partition, from, bell)?;
        reading::start(fetch, std::iter::once(&reading))?;
        self.sources.push((input, reading));
        Ok(())
    }

    /// Applies what other tasks sent; returns how many records there were.
    pub(super) fn read_exchange(
        &mut self,
        fetch: &Fetch,
        now: Timestamp,
    ) -> Result<usize, TaskError> {
        for count in 0..RECORDS_A_TURN {
            match Reading::poll(&mut self.exchange) {
                Polled::Record(record) => {
                    let frame = record.payload().unwrap_or_default();
                    self.task.handle_frame(record.offset(), frame, now)?;
                }
                Polled::End => {}
                Polled::Gone => return self.exchange_gone(fetch).map_or(Ok(count), Err),
                Polled::Nothing => return Ok(count),
            }
        }
        Ok(RECORDS_A_TURN)
    }

    /// Frames that are gone can't be made up for.
    fn exchange_gone(&mut self, fetch: &Fetch) -> Option<TaskError> {
        let gone = self.exchange.is_gone(fetch);
        if matches!(gone, Ok(true)) {
            return Some(TaskError::Corrupt {
                task: u16::try_from(self.exchange.partition).unwrap_or(u16::MAX),
                cause: format!(
                    "`{}` no longer holds offset {}: frames are lost",
                    self.exchange.topic, self.exchange.progress.position
                ),
            });
        }
        let again = self.exchange.restart(fetch, false);
        tracing::warn!(
            ?gone,
            ?again,
            "the exchange is read again from where it stood"
        );
        None
    }

    /// Applies events; returns how many there were.
    pub(super) fn read_sources(&mut self, fetch: &Fetch, now: Timestamp) -> KafkaResult<usize> {
        let Self { task, sources, .. } = self;
        let mut total = 0;
        for (input, reading) in sources {
            let (count, gone) = read_source(task, *input, reading, now);
            total += count;
            if gone {
                start_over(fetch, reading)?;
            }
        }
        Ok(total)
    }

    /// Frames come in more slowly than they are sent.
    pub(super) fn exchange_lags(&self, now: Timestamp) -> bool {
        let progress = self.exchange.progress;
        if progress.at_end || progress.written_at_ms == 0 {
            return false;
        }
        let age = now - Timestamp::from_millis(progress.written_at_ms);
        let lag_max_us = i64::try_from(EXCHANGE_LAG_MAX.as_micros()).unwrap_or(i64::MAX);
        age.0 > lag_max_us || progress.lag_bytes() > EXCHANGE_LAG_BYTES_MAX
    }

    /// Each 10 ms: timers, and the inputs that stand at their end.
    pub(super) fn handle_tick(&mut self, now: Timestamp) {
        for (input, reading) in &self.sources {
            if reading.progress.is_caught_up() {
                self.task.handle_end(*input, now);
            }
        }
        self.task.handle_timeout(now);
    }

    /// What a step would say now; notes since when it waits.
    pub(super) fn pending(&mut self, at: Tick) -> Pending {
        let pending = match &self.cut {
            Some(step) if step.urgent => Pending::Alert,
            Some(_) => self.task.pending().max(Pending::Step),
            None => self.task.pending(),
        };
        if pending != Pending::Nothing {
            self.waits_since.get_or_insert(at);
        }
        pending
    }

    pub(super) fn handle_committed(&mut self, step: &Step, state_offset: i64) {
        self.committed = step.seq;
        self.exchange_committed = step.exchange_position;
        self.task.handle_committed(step.seq, state_offset);
        self.trim.advance(step.restore_from, state_offset);
    }
}

/// How many records were applied, and whether the position is gone.
fn read_source(
    task: &mut Task,
    input: InputId,
    reading: &mut Reading,
    now: Timestamp,
) -> (usize, bool) {
    for count in 0..RECORDS_A_TURN {
        match Reading::poll(reading) {
            Polled::Record(record) => {
                let headers: Vec<_> = record.headers().map_or_else(Vec::new, |headers| {
                    headers
                        .iter()
                        .map(|header| (header.key, header.value))
                        .collect()
                });
                let record = SourceRecord {
                    input,
                    offset: record.offset(),
                    key: record.key(),
                    payload: record.payload(),
                    headers: &headers,
                };
                task.handle_source(&record, now);
            }
            Polled::End => {}
            Polled::Gone => return (count, true),
            Polled::Nothing => return (count, false),
        }
    }
    (RECORDS_A_TURN, false)
}

/// Retention took what was not read yet, or the topic was made anew: what there is, is read.
fn start_over(fetch: &Fetch, reading: &mut Reading) -> KafkaResult<()> {
    let gone = reading.is_gone(fetch)?;
    if gone {
        tracing::error!(
            topic = reading.topic,
            partition = reading.partition,
            offset = reading.progress.position,
            "the source no longer holds this offset: its records are lost, goes on with the oldest there is"
        );
    }
    reading.restart(fetch, gone)
}
