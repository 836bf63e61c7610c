//! All tasks of a deployment and the topics between them, in memory. What `replay` runs on, and what the laws of the engine
//! are tested on: it can lose a task's memory at any point of a step.

use std::{collections::BTreeMap, sync::Arc};

use minicbor::{Decode, Encode};

use crate::{
    engine::{
        Counters, Holder, InputId, Kind, Output, Pending, Settings, SourceRecord, Step, Task,
        TaskError, TaskId,
    },
    event::{Span, Timestamp},
};

/// Longer than any heartbeat or beat that is paced by the wall clock, but for the agents' while events flow.
const SETTLING: Span = Span::from_secs(6);
/// The ends of the inputs are sent, then those of the contact and customer stages, then the last records are written.
const SETTLING_ROUNDS: usize = 4;

/// The tasks and what has been committed.
#[derive(Debug)]
pub struct Cluster {
    settings: Arc<Settings>,
    tasks: Vec<Task>,
    committed: Vec<Committed>,
    /// By destination.
    exchange: Vec<Vec<Vec<u8>>>,
    feed_by_input: BTreeMap<InputId, Feed>,
    /// The topic of the directory, and how much of it each task has read.
    directory: Vec<Vec<u8>>,
    directory_read: Vec<usize>,
    /// Outputs of committed steps, with the task that wrote them.
    pub outputs: Vec<(TaskId, Output)>,
    /// The wall clock of the tasks.
    pub wall: Timestamp,
    /// Whether each step is compared with a task that only overwrites from state records.
    shadows: Option<Vec<Task>>,
    /// How often a task has taken inputs: every other step is cut between two ticks of its timers.
    turns: u64,
    /// More is fed later: no input is at its end.
    open: bool,
}

/// What the log and the offsets of one task hold.
#[derive(Debug, Default, Encode, Decode)]
struct Committed {
    #[n(0)]
    seq: u64,
    #[n(1)]
    state: Vec<Vec<u8>>,
    #[n(2)]
    restore_from: i64,
}

/// All that is committed: what another binary goes on from.
#[derive(Debug, Encode, Decode)]
struct Snapshot {
    #[n(0)]
    committed: Vec<Committed>,
    #[n(1)]
    exchange: Vec<Vec<Vec<u8>>>,
}

/// The payloads of a source partition, from its first record on.
pub type Payloads = Vec<Vec<u8>>;

/// A record's key and payload.
type Keyed = (Option<Vec<u8>>, Vec<u8>);

/// A source partition.
#[derive(Debug, Default)]
struct Feed {
    records: Vec<Keyed>,
    /// Offset of the first in `records`: those before are committed and gone.
    base: i64,
    next: i64,
}

/// Where the memory of a task is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Inputs have been applied, no step cut.
    BeforeStep,
    /// The step is cut, the transaction aborted with it.
    BeforeCommit,
    /// The step is committed, the task doesn't know.
    AfterCommit,
}

impl Cluster {
    /// Returns a deployment that nothing has been committed in.
    ///
    /// # Errors
    /// Never for new tasks.
    pub fn new(settings: &Arc<Settings>, wall: Timestamp) -> Result<Self, TaskError> {
        let tasks = usize::from(settings.tasks);
        let mut cluster = Self {
            settings: Arc::clone(settings),
            tasks: Vec::new(),
            committed: (0..tasks).map(|_| Committed::default()).collect(),
            exchange: vec![Vec::new(); tasks],
            feed_by_input: BTreeMap::new(),
            directory: Vec::new(),
            directory_read: vec![0; tasks],
            outputs: Vec::new(),
            wall,
            shadows: None,
            turns: 0,
            open: false,
        };
        for id in 0..settings.tasks {
            let task = cluster.restore(TaskId(id))?;
            cluster.tasks.push(task);
        }
        Ok(cluster)
    }

    /// Returns all that is committed, for [`Self::resume`] of this binary or of a newer one. Statements of the directory are not in it.
    #[must_use]
    pub fn snapshot(self) -> Vec<u8> {
        let snapshot = Snapshot {
            committed: self.committed,
            exchange: self.exchange,
        };
        let written = minicbor::to_vec(&snapshot);
        debug_assert!(written.is_ok(), "memory takes all");
        written.unwrap_or_default()
    }

    /// Returns a deployment that goes on from a snapshot. `inputs` are fed from their first record on, as Kafka has them.
    ///
    /// # Errors
    /// When the snapshot can't be read, or a task can't be restored from it.
    pub fn resume(
        settings: &Arc<Settings>,
        wall: Timestamp,
        snapshot: &[u8],
        inputs: Vec<(InputId, Payloads)>,
    ) -> Result<Self, TaskError> {
        let snapshot: Snapshot =
            minicbor::decode(snapshot).map_err(|error| TaskError::Corrupt {
                task: 0,
                cause: error.to_string(),
            })?;
        let mut cluster = Self::new(settings, wall)?;
        cluster.committed = snapshot.committed;
        cluster.exchange = snapshot.exchange;
        for (input, records) in inputs {
            cluster.feed_by_input.entry(input).or_default();
            records
                .into_iter()
                .for_each(|record| cluster.feed(input, record));
        }
        for id in 0..settings.tasks {
            cluster.tasks[usize::from(id)] = cluster.restore(TaskId(id))?;
        }
        Ok(cluster)
    }

    /// From now on each step is compared with a task that only overwrites from state records. To be called before the first.
    pub fn watch_shadows(&mut self) {
        let new = |id| Task::new(TaskId(id), &self.settings);
        self.shadows = Some((0..self.settings.tasks).map(new).collect());
    }

    /// Adds a source partition; task `partition mod P` reads it.
    pub fn add_input(&mut self, input: InputId) {
        self.feed_by_input.entry(input).or_default();
        let reader = self.reader(input);
        self.tasks[usize::from(reader.0)].add_input(input);
    }

    fn reader(&self, input: InputId) -> TaskId {
        let tasks = i32::from(self.settings.tasks);
        TaskId(u16::try_from(input.partition.rem_euclid(tasks)).unwrap_or_default())
    }

    /// Appends a record to a source partition.
    pub fn feed(&mut self, input: InputId, record: Vec<u8>) {
        self.feed_keyed(input, None, record);
    }

    /// Appends a record with a key, which its dead letter would have.
    pub fn feed_keyed(&mut self, input: InputId, key: Option<Vec<u8>>, record: Vec<u8>) {
        let feed = self.feed_by_input.entry(input).or_default();
        feed.records.push((key, record));
    }

    /// Works on what was fed so far, of inputs that go on: so they need not lie in memory whole.
    ///
    /// # Errors
    /// When a task can't go on.
    pub fn run_on(&mut self, limit: usize) -> Result<(), TaskError> {
        self.open = true;
        let done = self.go_on(limit);
        self.open = false;
        done
    }

    /// Appends a statement to the directory: each task reads it when it goes on.
    pub fn state(&mut self, json: &[u8]) {
        self.directory.push(json.to_vec());
    }

    /// From now on everything at its end stands at least at `at`.
    pub fn end_at(&mut self, at: Timestamp) {
        self.tasks.iter_mut().for_each(|task| task.end_at(at));
    }

    /// One task takes up to `limit` records of each of its inputs, lets time pass, and commits its step. True if there was
    /// one.
    ///
    /// # Errors
    /// When the task can't go on.
    pub fn advance(&mut self, task: TaskId, limit: usize) -> Result<bool, TaskError> {
        self.take_in(task, limit)?;
        let Some(step) = self.tasks[usize::from(task.0)].poll_output() else {
            return Ok(false);
        };
        let offset = self.commit(step)?;
        let seq = self.committed[usize::from(task.0)].seq;
        self.tasks[usize::from(task.0)].handle_committed(seq, offset);
        Ok(true)
    }

    /// Advances one task whose memory is lost at `crash` and restored from what is committed.
    ///
    /// # Errors
    /// When the task can't be restored.
    pub fn advance_and_crash(
        &mut self,
        task: TaskId,
        limit: usize,
        crash: Crash,
    ) -> Result<(), TaskError> {
        self.take_in(task, limit)?;
        if crash != Crash::BeforeStep {
            let step = self.tasks[usize::from(task.0)].poll_output();
            if let (Crash::AfterCommit, Some(step)) = (crash, step) {
                self.commit(step)?;
            }
        }
        self.tasks[usize::from(task.0)] = self.restore(task)?;
        Ok(())
    }

    fn take_in(&mut self, id: TaskId, limit: usize) -> Result<(), TaskError> {
        let task = &mut self.tasks[usize::from(id.0)];
        let read = &mut self.directory_read[usize::from(id.0)];
        for (offset, json) in (0..).zip(&self.directory).skip(*read) {
            // What can't be read changes nothing.
            task.handle_statement(offset, json, self.wall).ok();
        }
        *read = self.directory.len();
        let exchange = &self.exchange[usize::from(id.0)];
        let position = task.exchange_position();
        for (offset, frame) in (0..)
            .zip(exchange)
            .skip(usize::try_from(position).unwrap_or(0))
            .take(limit)
        {
            task.handle_frame(offset, frame, self.wall)?;
        }
        let tasks = i32::from(self.settings.tasks);
        for (input, feed) in &mut self.feed_by_input {
            if input.partition.rem_euclid(tasks) == i32::from(id.0) {
                feed.read(*input, limit, task, self.wall);
                if feed.is_at_end() && !self.open {
                    task.handle_end(*input, self.wall);
                }
            }
        }
        self.turns += 1;
        if task.pending() == Pending::Nothing || self.turns.is_multiple_of(2) {
            task.handle_timeout(self.wall);
        }
        Ok(())
    }

    fn commit(&mut self, step: Step) -> Result<i64, TaskError> {
        let place = usize::from(step.task.0);
        let committed = &mut self.committed[place];
        let offset = i64::try_from(committed.state.len()).unwrap_or(i64::MAX);
        committed.seq = step.seq;
        committed.restore_from = step.restore_from.unwrap_or(0);
        if let Some(shadows) = &mut self.shadows {
            for (record, at) in step.state.iter().zip(offset..) {
                shadows[place].restore(at, record)?;
            }
            let same = shadows[place].has_state_of(&self.tasks[place]);
            assert!(
                same,
                "task {place} changed a part that step {} does not log",
                step.seq
            );
        }
        committed.state.extend(step.state);
        for (destination, section) in step.sections {
            self.exchange[usize::from(destination.0)].push(section);
        }
        for (input, position) in step.positions {
            if let Some(feed) = self.feed_by_input.get_mut(&input) {
                feed.forget(position);
            }
        }
        let task = step.task;
        self.outputs
            .extend(step.outputs.into_iter().map(|output| (task, output)));
        Ok(offset)
    }

    /// Returns a task as the state log has it.
    fn restore(&mut self, id: TaskId) -> Result<Task, TaskError> {
        let committed = &self.committed[usize::from(id.0)];
        let mut task = Task::new(id, &self.settings);
        self.directory_read[usize::from(id.0)] = 0;
        let first = usize::try_from(committed.restore_from).unwrap_or(0);
        for (offset, record) in (0..).zip(&committed.state).skip(first) {
            task.restore(offset, record)?;
        }
        task.start(committed.seq)?;
        let tasks = i32::from(self.settings.tasks);
        for (input, feed) in &mut self.feed_by_input {
            if input.partition.rem_euclid(tasks) == i32::from(id.0) {
                task.add_input(*input);
                feed.next = task.position(*input).unwrap_or(0);
            }
        }
        Ok(task)
    }

    /// Lets all tasks go on in turn until no task has anything to send, and the wall clock with them far enough for every
    /// heartbeat and beat.
    ///
    /// # Errors
    /// When a task can't go on.
    pub fn run_until_quiet(&mut self, limit: usize) -> Result<(), TaskError> {
        self.go_on(limit)?;
        for _ in 0..SETTLING_ROUNDS {
            self.wall = self.wall + SETTLING;
            self.go_on(limit)?;
        }
        Ok(())
    }

    fn go_on(&mut self, limit: usize) -> Result<(), TaskError> {
        loop {
            let mut any = false;
            for id in 0..self.settings.tasks {
                any |= self.advance(TaskId(id), limit)?;
            }
            if !any && self.is_quiet() {
                return Ok(());
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let feeds_read = self.feed_by_input.values().all(Feed::is_at_end);
        let frames_read = (self.tasks.iter().zip(&self.exchange)).all(|(task, frames)| {
            usize::try_from(task.exchange_position()).is_ok_and(|read| read == frames.len())
        });
        let nothing_pending = self
            .tasks
            .iter()
            .all(|task| task.pending() == Pending::Nothing);
        let mut directory_read = self.directory_read.iter();
        let directory_read = directory_read.all(|read| *read == self.directory.len());
        feeds_read && frames_read && nothing_pending && directory_read
    }

    /// Returns the sums of all tasks.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.tasks.iter().for_each(|task| sum.add(&task.counters()));
        sum
    }

    #[must_use]
    pub const fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// Returns how many names of a kind have figures of their own, over all tasks.
    #[must_use]
    pub fn names(&self, kind: Kind) -> usize {
        let held = self.tasks.iter().filter_map(|task| task.names().get(&kind));
        held.map(|held| held.names).sum()
    }

    /// Returns the records of all contacts as they are now.
    #[must_use]
    pub fn contact_records(&self) -> Vec<Output> {
        self.tasks.iter().flat_map(Task::contact_records).collect()
    }

    /// Returns the bytes of memory that all states take, by what they are of.
    #[must_use]
    pub fn memory(&self) -> BTreeMap<Holder, usize> {
        let mut memory = BTreeMap::new();
        for (holder, bytes) in self.tasks.iter().flat_map(Task::memory) {
            *memory.entry(holder).or_default() += bytes;
        }
        memory
    }

    /// Returns the bytes and the number of the parts of all states.
    #[must_use]
    pub fn state_size(&self) -> (usize, usize) {
        let sizes = self.tasks.iter().map(Task::state_size);
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }
}

impl Feed {
    fn read(&mut self, input: InputId, limit: usize, task: &mut Task, wall: Timestamp) {
        let first = usize::try_from(self.next - self.base).unwrap_or(0);
        for (key, payload) in self.records.iter().skip(first).take(limit) {
            let record = SourceRecord {
                input,
                offset: self.next,
                key: key.as_deref(),
                payload: Some(payload),
                headers: &[],
            };
            task.handle_source(&record, wall);
            self.next += 1;
        }
    }

    fn is_at_end(&self) -> bool {
        usize::try_from(self.next - self.base).is_ok_and(|read| read == self.records.len())
    }

    fn forget(&mut self, position: i64) {
        let gone = usize::try_from(position - self.base).unwrap_or(0);
        self.records.drain(..gone.min(self.records.len()));
        self.base = self.base.max(position);
    }
}
