//! A worker: polls its tasks' inputs, applies them, and hands whole steps to its committing thread.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender};
use rdkafka::{
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
};

use super::{
    batch::Names,
    client::{Change, End, FetchContext, MembershipContext},
    clock::{self, Tick},
    commit::{Job, Outcome},
    directory::Statements,
    parked::Parked,
    progress::{InputProgress, Phase, Progress, TaskProgress, WorkerProgress},
    reading::{self, Fetch, Reading},
    restore::{Restored, Takeover},
    settings::KafkaSettings,
    slot::{Running, Slot},
    topics::Topic,
    upkeep::{SourcePartitions, Trim},
};
use crate::{
    engine::{Counters, InputId, Settings, TaskError, TaskId},
    event::Timestamp,
};

/// Timers, the group, and inputs at their end.
const TICK: Duration = Duration::from_millis(10);
const REPORT_INTERVAL: Duration = Duration::from_millis(200);
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// Applied bytes beyond which reading waits for the commit.
const UNCOMMITTED_BYTES_MAX: usize = 16 << 20;
/// Statistics come each 500 ms; older ones say nothing about now.
const ENDS_AGE_MAX: Duration = Duration::from_secs(2);

/// What all workers of the process share.
pub(super) struct Shared {
    pub(super) kafka: KafkaSettings,
    pub(super) settings: Arc<Settings>,
    pub(super) names: Arc<Names>,
    pub(super) partitions: Arc<SourcePartitions>,
    pub(super) statements: Arc<Statements>,
    pub(super) parked: Arc<Parked>,
    pub(super) progress: Arc<Progress>,
    pub(super) trims: Sender<Trim>,
    /// Tasks that this process was given.
    pub(super) owned: AtomicUsize,
    pub(super) stop: Arc<AtomicBool>,
}

/// The ends of the channels to a worker's other threads.
pub(super) struct Links {
    pub(super) jobs: Sender<Job>,
    pub(super) outcomes: Receiver<Outcome>,
    pub(super) takeovers: Sender<Takeover>,
    pub(super) restored: Receiver<Restored>,
    /// Rung by whoever has something for the worker.
    pub(super) bell: Receiver<()>,
    pub(super) bell_rope: Sender<()>,
}

pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u16,
    pub(super) membership: BaseConsumer<MembershipContext>,
    pub(super) fetch: Fetch,
    pub(super) links: Links,
    pub(super) slots: BTreeMap<TaskId, Slot>,
    /// A transaction is under way.
    pub(super) committing: bool,
    pub(super) told: WorkerProgress,
    pub(super) partitions: Vec<i32>,
    pub(super) ends_at: Option<Tick>,
}

impl Worker {
    /// Until the process is to stop.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        self.join()?;
        self.partitions = self.shared.partitions.counts();
        let (mut ticked_at, mut reported_at, mut trimmed_at) =
            (Tick::now(), Tick::now(), Tick::now());
        while !self.shared.stop.load(Ordering::Relaxed) {
            self.collect_outcomes()?;
            self.collect_restored();
            let read = self.read();
            let now = Tick::now();
            if now.since(ticked_at) >= TICK {
                ticked_at = now;
                self.tick()?;
            }
            if now.since(reported_at) >= REPORT_INTERVAL {
                reported_at = now;
                self.report();
            }
            if now.since(trimmed_at) >= TRIM_INTERVAL {
                trimmed_at = now;
                self.trim();
            }
            self.commit_if_due(read == 0)?;
            if read == 0 {
                self.rest(ticked_at);
            }
        }
        self.leave()
    }

    /// Asks the group for tasks; without a group, takes them all.
    fn join(&mut self) -> anyhow::Result<()> {
        if self.shared.kafka.broker.forms_groups() {
            let tasks = self.shared.names.of(Topic::Tasks);
            return Ok(self.membership.subscribe(&[tasks])?);
        }
        let all = match self.number {
            0 => (0..i32::from(self.shared.settings.tasks)).collect(),
            _ => Vec::new(),
        };
        self.handle_change(Change::Assigned(all))
    }

    fn tick(&mut self) -> anyhow::Result<()> {
        self.poll_membership()?;
        self.poll_fetch_events();
        self.note_ends();
        self.open_new_partitions();
        let now = self.shared.kafka.wall.now();
        for slot in self.slots.values_mut() {
            if let Some(running) = slot.running() {
                running.hear(&self.shared.statements, now);
                running.handle_tick(now);
            }
        }
        Ok(())
    }

    pub(super) fn poll_membership(&mut self) -> anyhow::Result<()> {
        match self.membership.poll(Duration::ZERO) {
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => anyhow::bail!(
                "the group refuses this worker: {code}; does another process run as instance `{}`?",
                self.shared.kafka.instance
            ),
            Some(Err(error)) => tracing::warn!("group: {error}"),
            Some(Ok(_)) | None => {}
        }
        while let Some(change) = self.membership.context().next() {
            self.handle_change(change)?;
        }
        Ok(())
    }

    /// Statistics and errors; records come by their own queues.
    fn poll_fetch_events(&self) {
        if let Some(Err(error)) = self.fetch.poll(Duration::ZERO) {
            tracing::warn!("fetch: {error}");
        }
    }

    fn note_ends(&mut self) {
        let context = self.fetch.context();
        let Some((at, ends)) = context.ends_since(self.ends_at) else {
            if self
                .ends_at
                .is_some_and(|at| Tick::now().since(at) > ENDS_AGE_MAX)
            {
                self.for_each_reading(|reading| reading.progress.end.heard = false);
            }
            return;
        };
        self.ends_at = Some(at);
        self.for_each_reading(|reading| {
            let key = (reading.topic.clone(), reading.partition);
            reading.progress.end = ends.get(&key).copied().unwrap_or(End::default());
        });
    }

    fn for_each_reading(&mut self, mut note: impl FnMut(&mut Reading)) {
        for slot in self.slots.values_mut() {
            if let Some(running) = slot.running() {
                note(&mut running.exchange);
                running
                    .sources
                    .iter_mut()
                    .for_each(|(_, reading)| note(reading));
            }
        }
    }

    fn read(&mut self) -> usize {
        let uncommitted: usize = self
            .slots
            .values_mut()
            .filter_map(Slot::running)
            .map(|running| running.task.pending_bytes())
            .sum();
        if uncommitted > UNCOMMITTED_BYTES_MAX {
            return 0;
        }
        let now = self.shared.kafka.wall.now();
        let read = self.read_exchange(now);
        self.told.sources_paused = self
            .slots
            .values_mut()
            .filter_map(Slot::running)
            .any(|running| running.exchange_lags(clock::wall()));
        if self.told.sources_paused {
            return read;
        }
        read + self.read_sources(now)
    }

    fn read_exchange(&mut self, now: Timestamp) -> usize {
        let mut total = 0;
        let mut failed = Vec::new();
        for (id, slot) in &mut self.slots {
            let Some(running) = slot.running() else {
                continue;
            };
            match running.read_exchange(&self.fetch, now) {
                Ok(count) => total += count,
                Err(error) => failed.push((*id, error)),
            }
        }
        for (id, error) in failed {
            self.fail(id, &error);
        }
        self.note_advance(total);
        total
    }

    fn read_sources(&mut self, now: Timestamp) -> usize {
        let mut total = 0;
        for slot in self.slots.values_mut() {
            let Some(running) = slot.running() else {
                continue;
            };
            match running.read_sources(&self.fetch, now) {
                Ok(count) => total += count,
                Err(error) => tracing::warn!("sources: {error}"),
            }
        }
        self.note_advance(total);
        total
    }

    pub(super) fn note_advance(&mut self, count: usize) {
        if count > 0 {
            self.told.advanced_at = clock::wall();
        }
    }

    /// The task stands still until somebody looks into it.
    fn fail(&mut self, id: TaskId, error: &TaskError) {
        tracing::error!(task = id.0, "task stopped: {error}");
        self.forget(id);
        self.slots.insert(id, Slot::Failed(error.to_string()));
    }

    /// Reads the task's inputs no more; its memory is returned.
    pub(super) fn close(&mut self, id: TaskId) -> Option<Box<Running>> {
        let slot = self.slots.remove(&id)?;
        match slot {
            Slot::Restoring(takeover) => takeover.cancelled.store(true, Ordering::Relaxed),
            Slot::Running(running) => {
                if let Err(error) = reading::stop(&self.fetch, running.readings()) {
                    tracing::warn!(task = id.0, "stop reading: {error}");
                }
                return Some(running);
            }
            Slot::Failed(_) => {}
        }
        None
    }

    pub(super) fn forget(&mut self, id: TaskId) {
        drop(self.close(id));
    }

    pub(super) fn take_over(&mut self, id: TaskId) {
        let takeover = Takeover {
            task: id,
            cancelled: Arc::default(),
        };
        self.slots.insert(id, Slot::Restoring(takeover.clone()));
        self.links.takeovers.send(takeover).ok();
    }

    pub(super) fn collect_restored(&mut self) {
        while let Ok(restored) = self.links.restored.try_recv() {
            if restored.takeover.cancelled.load(Ordering::Relaxed) {
                continue;
            }
            let id = restored.takeover.task;
            match restored.result {
                Ok((task, report)) => {
                    tracing::info!(
                        task = id.0,
                        seq = report.seq,
                        records = report.records,
                        bytes = report.bytes,
                        seconds = report.took.as_secs_f64(),
                        parked = report.parked,
                        "task restored"
                    );
                    let seq = report.seq;
                    self.shared.progress.restored(report);
                    self.open(id, task, seq);
                }
                Err(error) => {
                    tracing::error!(task = id.0, "task not restored: {error:#}");
                    self.slots.insert(id, Slot::Failed(format!("{error:#}")));
                }
            }
        }
    }

    fn open(&mut self, id: TaskId, task: Box<crate::engine::Task>, seq: u64) {
        let inputs = inputs_of(id, self.shared.settings.tasks, &self.partitions);
        let edge = (&self.fetch, &*self.shared.names, &self.links.bell_rope);
        let slot = match Running::open(task, (id, seq), &inputs, edge) {
            Ok(mut running) => {
                running.hear(&self.shared.statements, self.shared.kafka.wall.now());
                Slot::Running(Box::new(running))
            }
            Err(error) => Slot::Failed(format!("inputs can't be read: {error}")),
        };
        self.slots.insert(id, slot);
    }

    fn open_new_partitions(&mut self) {
        let counts = self.shared.partitions.counts();
        if counts == self.partitions {
            return;
        }
        tracing::info!(?counts, "sources have more partitions");
        let tasks = self.shared.settings.tasks;
        let edge = (&self.fetch, &*self.shared.names, &self.links.bell_rope);
        for (id, slot) in &mut self.slots {
            let Some(running) = slot.running() else {
                continue;
            };
            let known = inputs_of(*id, tasks, &self.partitions);
            for input in inputs_of(*id, tasks, &counts) {
                if !known.contains(&input)
                    && let Err(error) = running.add_input(input, edge)
                {
                    tracing::error!(task = id.0, ?input, "new partition: {error}");
                }
            }
        }
        self.partitions = counts;
    }

    fn rest(&self, ticked_at: Tick) {
        let spent = Tick::now().since(ticked_at);
        let left = TICK.saturating_sub(spent);
        self.links.bell.recv_timeout(left).ok();
    }

    fn trim(&mut self) {
        for (id, slot) in &mut self.slots {
            let Some(running) = slot.running() else {
                continue;
            };
            let partition = i32::from(id.0);
            let wanted = [
                (Topic::State, running.trim.before),
                (Topic::Exchange, running.exchange_committed),
            ];
            for (topic, before) in wanted.into_iter().filter(|(_, before)| *before > 0) {
                let trim = Trim {
                    topic,
                    partition,
                    before,
                };
                self.shared.trims.send(trim).ok();
            }
        }
    }

    fn report(&mut self) {
        let mut counters = Counters::default();
        let mut tasks = BTreeMap::new();
        for (id, slot) in &self.slots {
            if let Slot::Running(running) = slot {
                counters.add(&running.task.counters());
            }
            tasks.insert(id.0, describe(slot));
        }
        self.told.at = clock::wall();
        self.told.counters = counters;
        self.told.tasks = tasks;
        self.shared.progress.set(self.number, self.told.clone());
    }
}

/// The source partitions that task `id` reads: those whose number, mod P, is its own.
fn inputs_of(id: TaskId, tasks: u16, counts: &[i32]) -> Vec<InputId> {
    let mut inputs = Vec::new();
    for (source, count) in (0..).zip(counts) {
        let own = (i32::from(id.0)..*count).step_by(usize::from(tasks));
        inputs.extend(own.map(|partition| InputId { source, partition }));
    }
    inputs
}

fn describe(slot: &Slot) -> TaskProgress {
    match slot {
        Slot::Restoring(_) => TaskProgress::default(),
        Slot::Failed(cause) => TaskProgress {
            phase: Phase::Failed(cause.clone()),
            ..TaskProgress::default()
        },
        Slot::Running(running) => TaskProgress {
            phase: Phase::Running,
            seq: running.committed,
            clock: running.task.clock(),
            exchange: describe_input(&running.exchange),
            sources: running
                .sources
                .iter()
                .map(|(_, reading)| describe_input(reading))
                .collect(),
        },
    }
}

fn describe_input(reading: &Reading) -> InputProgress {
    InputProgress {
        topic: reading.topic.clone(),
        partition: reading.partition,
        position: reading.progress.position,
        lag: reading.progress.lag(),
        caught_up: reading.progress.is_caught_up(),
    }
}

/// A membership that answers nobody while it closes would never close.
pub(super) fn closing(membership: &BaseConsumer<MembershipContext>) {
    membership.context().closing.store(true, Ordering::Relaxed);
}

pub(super) fn new_fetch(shared: &Shared, worker: u16) -> anyhow::Result<Fetch> {
    let fetch: BaseConsumer<FetchContext> = shared
        .kafka
        .fetch(worker)
        .create_with_context(FetchContext::default())
        .context("Kafka consumer of the sources")?;
    // A topic that the client doesn't know when it is assigned waits for up to a second.
    let sources = shared
        .settings
        .sources
        .iter()
        .map(|source| source.topic.as_str());
    for topic in sources.chain([shared.names.of(Topic::Exchange)]) {
        fetch.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    }
    Ok(Arc::new(fetch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_partition_belongs_to_one_task() {
        let inputs = inputs_of(TaskId(1), 4, &[9, 1, 2]);
        let found: Vec<_> = inputs
            .iter()
            .map(|input| (input.source, input.partition))
            .collect();
        assert_eq!(found, [(0, 1), (0, 5), (2, 1)]);
    }
}
