//! A task that this worker was given, from its takeover to the day it is given up.

use std::{collections::BTreeMap, time::Duration};

use crossbeam_channel::Sender;
use rdkafka::{Message as _, error::KafkaResult, message::Headers as _};

use super::{
    batch::Names,
    clock::{self, Tick},
    progress::{Loss, Progress, Stuck, WorkerProgress},
    reading::{self, Fetch, Polled, Reading},
    restore::LOST,
    statements::Statements,
    takeover::Takeover,
    timings::Timings,
    topic::Topic,
    upkeep::{SourceTopics, TrimPoint},
};
use floorwalker_core::{
    engine::{
        Counters, InputId, Kind, Pending, SourceRecord, Step, Task, TaskError, TaskId, TopicBinding,
    },
    event::Timestamp,
};

/// Records of one partition before the others get their turn.
const RECORDS_A_TURN: usize = 64;
/// A task with this much to commit reads no further: what it sends on to one other task stays below what a record may hold.
const UNCOMMITTED_BYTES_MAX: usize = 8 << 20;
/// A step that was aborted is written again after this, doubled each time; a rebalance may be the reason, and takes its time.
const AGAIN_AFTER: Duration = Duration::from_millis(20);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(2);
const STUCK_AFTER: u32 = 3;
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
    /// When the oldest source record was written that was read since the last step was cut.
    read_since: Option<Timestamp>,
    /// The same of the step that is under way, and since when it waits.
    cut_since: (Option<Timestamp>, Option<Tick>),
    /// Why the step is not committed yet, and when it is tried again.
    pub(super) stuck: Option<Stuck>,
    again_at: Option<Tick>,
    /// The last committed step.
    pub(super) committed: u64,
    pub(super) exchange_committed: i64,
    pub(super) trim: TrimPoint,
    /// How many statements of the directory it has applied.
    statements_read: usize,
    /// How many acknowledgements it has seen.
    acknowledged_read: usize,
    /// What this process's counts have of the task's.
    counted: Counters,
    over_limit: BTreeMap<Kind, u64>,
}

/// What a task's inputs are read with.
#[derive(Clone, Copy)]
pub(super) struct Edge<'a> {
    pub(super) fetch: &'a Fetch,
    pub(super) names: &'a Names,
    pub(super) wake_tx: &'a Sender<()>,
    pub(super) topics: &'a SourceTopics,
    pub(super) progress: &'a Progress,
}

impl Edge<'_> {
    /// True if the topic of the input was deleted and created again since its position was noted.
    fn bind(self, task: &mut Task, input: InputId) -> bool {
        let Some(id) = self.topics.id(input.source) else {
            return false;
        };
        match task.bind_topic(input, &id.to_string()) {
            TopicBinding::Same => false,
            TopicBinding::Replaced { position } => {
                let topic = self.names.source(input.source);
                (self.progress).note_loss(topic, &Loss::replaced(input.partition, position));
                true
            }
        }
    }
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
        edge: Edge<'_>,
    ) -> KafkaResult<Self> {
        let Edge { fetch, wake_tx, .. } = edge;
        let frames = edge.names.of(Topic::Exchange);
        let position = task.exchange_position();
        let exchange = Reading::new(fetch, frames, i32::from(id.0), Some(position), wake_tx)?;
        let mut sources = Vec::with_capacity(inputs.len());
        for input in inputs {
            sources.push((*input, open_source(&mut task, *input, edge)?));
        }
        let counted = task.counters();
        let over_limit = task.names().iter();
        let over_limit = over_limit.map(|(kind, held)| (*kind, held.over_limit));
        let over_limit = over_limit.collect();
        let running = Self {
            task,
            exchange,
            sources,
            cut: None,
            waits_since: None,
            read_since: None,
            cut_since: (None, None),
            stuck: None,
            again_at: None,
            committed,
            exchange_committed: position,
            trim: TrimPoint::default(),
            statements_read: 0,
            acknowledged_read: 0,
            counted,
            over_limit,
        };
        reading::start(fetch, running.readings())?;
        Ok(running)
    }

    /// Applies new statements of the directory and new acknowledgements to the task.
    pub(super) fn apply_statements(&mut self, statements: &Statements, now: Timestamp) {
        for line in statements.since(self.statements_read) {
            self.statements_read += 1;
            if let Err(refusal) = self.task.handle_statement(line.offset, &line.json, now) {
                let task = self.task.id().0;
                tracing::error!(task, offset = line.offset, "directory: left out: {refusal}");
            }
        }
        for alert in statements.acknowledged_since(self.acknowledged_read) {
            self.acknowledged_read += 1;
            self.task.handle_acknowledgement(&alert, now);
        }
    }

    /// Adds what the task has counted since this was last called to what the process has.
    pub(super) fn count(&mut self, process: &mut WorkerProgress) {
        let now = self.task.counters();
        process.own.add(&now.since(&self.counted));
        self.counted = now;
        for (kind, held) in self.task.names() {
            let known = self.over_limit.entry(*kind).or_default();
            let more = held.over_limit - *known;
            *known = held.over_limit;
            *process.over_limit.entry(*kind).or_default() += more;
        }
    }

    /// Names with figures of their own, by kind.
    pub(super) fn names(&self) -> BTreeMap<Kind, usize> {
        let held = self.task.names().iter();
        held.map(|(kind, held)| (*kind, held.names)).collect()
    }

    pub(super) fn readings(&self) -> impl Iterator<Item = &Reading> {
        let sources = self.sources.iter().map(|(_, reading)| reading);
        std::iter::once(&self.exchange).chain(sources)
    }

    /// A source has grown.
    pub(super) fn add_input(&mut self, input: InputId, edge: Edge<'_>) -> KafkaResult<()> {
        let reading = open_source(&mut self.task, input, edge)?;
        reading::start(edge.fetch, std::iter::once(&reading))?;
        self.sources.push((input, reading));
        Ok(())
    }

    /// Reads sources whose topics were created again from their first records on.
    pub(super) fn follow_topics(&mut self, edge: Edge<'_>) -> KafkaResult<()> {
        for (input, reading) in &mut self.sources {
            if edge.bind(&mut self.task, *input) {
                reading.restart(edge.fetch, true)?;
            }
        }
        Ok(())
    }

    /// Applies what other tasks sent; returns how many records there were.
    pub(super) fn read_exchange(
        &mut self,
        fetch: &Fetch,
        now: Timestamp,
    ) -> Result<usize, TaskError> {
        for count in 0..RECORDS_A_TURN {
            if self.task.pending_bytes() >= UNCOMMITTED_BYTES_MAX {
                return Ok(count);
            }
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
        let gone = self.exchange.lost(fetch);
        if matches!(gone, Ok(Some(_))) {
            return Some(TaskError::Corrupt {
                task: u16::try_from(self.exchange.partition).unwrap_or(u16::MAX),
                cause: format!(
                    "`{}` no longer holds offset {}: frames are lost. {LOST}",
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

    /// Applies events; returns how many there were, and notes how many of each topic.
    pub(super) fn read_sources(
        &mut self,
        edge: Edge<'_>,
        now: Timestamp,
        mut note: impl FnMut(&str, u64),
    ) -> KafkaResult<usize> {
        let Self {
            task,
            sources,
            read_since,
            ..
        } = self;
        let mut total = 0;
        for (input, reading) in sources {
            let (count, gone) = read_source(task, *input, reading, (now, read_since));
            total += count;
            note(&reading.topic, count as u64);
            if gone {
                start_over(edge, reading)?;
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
            if reading.progress.is_caught_up()
                && let Some(drained_at) = reading.progress.drained_at
            {
                self.task.handle_end(*input, drained_at);
            }
        }
        self.task.handle_timeout(now);
    }

    /// Returns what waits to be emitted; notes since when.
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

    /// A step is on its way; one that is tried again keeps its beginning.
    pub(super) fn handle_cut(&mut self) {
        let waits_since = self.waits_since.take();
        let (written_at, since) = &mut self.cut_since;
        *written_at = written_at
            .iter()
            .copied()
            .chain(self.read_since.take())
            .min();
        *since = since.or(waits_since);
    }

    /// Measures a step that was committed. In a backlog only its own time means anything.
    pub(super) fn measure(&mut self, step: &Step, timings: &Timings, now: Timestamp) {
        let (written_at, since) = std::mem::take(&mut self.cut_since);
        if let Some(since) = since {
            timings.step.record(Tick::now().since(since));
        }
        if self.task.is_behind() {
            return;
        }
        if let Some(written_at) = written_at {
            timings.end_to_end.record_since(written_at, clock::wall());
        }
        timings.note_alerts(&step.outputs, now);
    }

    /// A step failed at several attempts running: it is tried alone, so that the others' are committed.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck
            .as_ref()
            .is_some_and(|stuck| stuck.tries >= STUCK_AFTER)
    }

    /// Whether its step may be tried now.
    pub(super) fn may_commit(&self, now: Tick) -> bool {
        self.again_at.is_none_or(|at| now >= at)
    }

    /// The step is to be written again, the same bytes.
    pub(super) fn handle_aborted(&mut self, step: Step, cause: String) {
        let now = Tick::now();
        let stuck = self.stuck.get_or_insert_with(|| Stuck {
            seq: step.seq,
            since: clock::wall(),
            tries: 0,
            cause: String::new(),
        });
        stuck.tries += 1;
        stuck.cause = cause;
        let wait = AGAIN_AFTER * 2_u32.saturating_pow(stuck.tries.saturating_sub(1).min(8));
        self.again_at = Some(now.after(wait.min(AGAIN_AFTER_MAX)));
        self.waits_since = Some(now);
        self.cut = Some(step);
    }

    pub(super) fn handle_committed(&mut self, step: &Step, state_offset: i64) {
        (self.stuck, self.again_at) = (None, None);
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
    (now, read_since): (Timestamp, &mut Option<Timestamp>),
) -> (usize, bool) {
    let mut count = 0;
    for _ in 0..RECORDS_A_TURN {
        if task.pending_bytes() >= UNCOMMITTED_BYTES_MAX {
            return (count, false);
        }
        match Reading::poll(reading) {
            Polled::Record(record) => {
                let headers: Vec<_> = record.headers().map_or_else(Vec::new, |headers| {
                    headers
                        .iter()
                        .map(|header| (header.key, header.value))
                        .collect()
                });
                let written_at = record.timestamp().to_millis().map(Timestamp::from_millis);
                *read_since = read_since.iter().copied().chain(written_at).min();
                let record = SourceRecord {
                    input,
                    offset: record.offset(),
                    key: record.key(),
                    payload: record.payload(),
                    headers: &headers,
                };
                task.handle_source(&record, now);
                count += 1;
            }
            Polled::End => {}
            Polled::Gone => return (count, true),
            Polled::Nothing => {
                reading.progress.drained_at = Some(now);
                return (count, false);
            }
        }
    }
    (count, false)
}

fn open_source(task: &mut Task, input: InputId, edge: Edge<'_>) -> KafkaResult<Reading> {
    task.add_input(input);
    edge.bind(task, input);
    let from = task.position(input);
    let name = edge.names.source(input.source);
    Reading::new(edge.fetch, name, input.partition, from, edge.wake_tx)
}

/// Goes on with the oldest record there is after retention removed some that were not read yet, or the topic was created again. A broker
/// that does not answer is asked again: librdkafka repeats that the position is gone.
fn start_over(edge: Edge<'_>, reading: &mut Reading) -> KafkaResult<()> {
    edge.topics.ask_again();
    let lost = match reading.lost(edge.fetch) {
        Ok(lost) => lost,
        Err(error) => {
            let (topic, partition) = (&reading.topic, reading.partition);
            tracing::warn!(topic, partition, "position gone, asks again: {error}");
            return reading.restart(edge.fetch, false);
        }
    };
    if let Some(records) = lost {
        let partition = reading.partition;
        let from = reading.progress.position;
        (edge.progress).note_loss(&reading.topic, &Loss::removed(partition, from, records));
    }
    reading.restart(edge.fetch, lost.is_some())
}
