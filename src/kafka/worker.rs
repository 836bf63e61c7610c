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
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use topic_ids::TopicId;

use super::{
    batch::Names,
    client::FetchContext,
    clock::{self, Tick},
    commit::{Job, Outcome},
    inputs::inputs_of,
    limits::Refusals,
    member::Member,
    outage,
    parked::Parked,
    progress::{Phase, Progress, TaskProgress, WorkerProgress},
    reading::{self, Fetch, Reading},
    restore::Restored,
    settings::KafkaSettings,
    slot::{Edge, Running, Slot},
    sources::Sources,
    statements::Statements,
    takeover::Takeover,
    topic::Topic,
    upkeep::{SourceTopics, Trim},
};
use floorwalker_core::{
    engine::{Counters, Settings, TaskError, TaskId},
    event::{Span, Timestamp},
};

/// Timers, the group, and inputs at their end.
const TICK: Duration = Duration::from_millis(10);
const REPORT_INTERVAL: Duration = Duration::from_millis(200);
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// Applied bytes beyond which reading waits for the commit.
const UNCOMMITTED_BYTES_MAX: usize = 16 << 20;
/// Statistics come each 500 ms; older ones are worth nothing.
const ENDS_AGE_MAX: Duration = Duration::from_secs(2);

/// What all workers of the process share.
pub(super) struct Shared {
    pub(super) kafka: KafkaSettings,
    pub(super) settings: Arc<Settings>,
    pub(super) names: Arc<Names>,
    pub(super) topics: Arc<SourceTopics>,
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
    /// Woken by a thread that has something for the worker.
    pub(super) wake_rx: Receiver<()>,
    pub(super) wake_tx: Sender<()>,
}

pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u16,
    pub(super) member: Member,
    pub(super) fetch: Fetch,
    pub(super) links: Links,
    pub(super) slots: BTreeMap<TaskId, Slot>,
    /// Since when a transaction is under way.
    pub(super) committing: Option<Tick>,
    pub(super) progress: WorkerProgress,
    pub(super) refusals: Refusals,
    pub(super) partitions: Vec<i32>,
    pub(super) topic_ids: Vec<Option<TopicId>>,
    pub(super) ends_at: Option<Tick>,
    pub(super) sources: Sources,
}

impl Worker {
    /// Works until the process is to stop.
    pub(super) fn run(mut self) -> anyhow::Result<()> {
        self.join()?;
        self.partitions = self.shared.topics.counts();
        self.topic_ids = self.shared.topics.ids();
        self.progress.advanced_at = clock::wall();
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

    fn tick(&mut self) -> anyhow::Result<()> {
        self.poll_membership()?;
        self.poll_fetch_events();
        self.note_ends();
        self.follow_topics();
        self.open_new_partitions();
        let now = self.shared.kafka.wall.now();
        for slot in self.slots.values_mut() {
            if let Some(running) = slot.running() {
                running.apply_statements(&self.shared.statements, now);
                running.handle_tick(now);
            }
        }
        Ok(())
    }

    /// Statistics and errors; records come by their own queues.
    fn poll_fetch_events(&self) {
        if let Some(Err(error)) = self.fetch.poll(Duration::ZERO) {
            outage::warn_of_poll("fetch", &error);
        }
    }

    fn note_ends(&mut self) {
        let context = self.fetch.context();
        let Some((at, ends)) = context.ends_since(self.ends_at) else {
            if self
                .ends_at
                .is_some_and(|at| Tick::now().since(at) > ENDS_AGE_MAX)
            {
                self.for_each_reading(|reading| reading.progress.end.answers = false);
            }
            return;
        };
        self.ends_at = Some(at);
        self.for_each_reading(|reading| {
            let key = (reading.topic.clone(), reading.partition);
            let end = ends.get(&key).copied().unwrap_or_default();
            reading.progress.note_end(end, at);
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
        // A task that can't commit must not keep the others waiting.
        let running = self.slots.values_mut().filter_map(Slot::running);
        let uncommitted: usize = running
            .filter(|running| !running.is_stuck())
            .map(|running| running.task.pending_bytes())
            .sum();
        if uncommitted > UNCOMMITTED_BYTES_MAX {
            return 0;
        }
        let now = self.shared.kafka.wall.now();
        let read = self.read_exchange(now);
        self.progress.sources_paused = self
            .slots
            .values_mut()
            .filter_map(Slot::running)
            .any(|it| it.exchange_lags(clock::wall()));
        if self.progress.sources_paused {
            return read;
        }
        read + self.read_sources(now)
    }

    pub(super) fn read_exchange(&mut self, now: Timestamp) -> usize {
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
        total
    }

    fn read_sources(&mut self, now: Timestamp) -> usize {
        let mut total = 0;
        let edge = edge(&self.shared, &self.fetch, &self.links);
        let at = Tick::now();
        for slot in self.slots.values_mut() {
            let Some(running) = slot.running() else {
                continue;
            };
            let sources = &mut self.sources;
            let note = |topic: &str, count| sources.note_read(topic, count, at);
            match running.read_sources(edge, now, note) {
                Ok(count) => total += count,
                Err(error) => outage::warn("sources", format_args!("sources: {error}")),
            }
        }
        total
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
            Slot::Running(mut running) => {
                running.count(&mut self.progress);
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

    fn open(&mut self, id: TaskId, task: Box<floorwalker_core::engine::Task>, seq: u64) {
        let inputs = inputs_of(id, self.shared.settings.tasks, &self.partitions);
        let edge = edge(&self.shared, &self.fetch, &self.links);
        let slot = match Running::open(task, (id, seq), &inputs, edge) {
            Ok(mut running) => {
                running.apply_statements(&self.shared.statements, self.shared.kafka.wall.now());
                // Until now it had nothing to commit.
                self.progress.advanced_at = clock::wall();
                Slot::Running(Box::new(running))
            }
            Err(error) => Slot::Failed(format!("inputs can't be read: {error}")),
        };
        self.slots.insert(id, slot);
    }

    /// A source topic that was created again is read from its first record on.
    fn follow_topics(&mut self) {
        let ids = self.shared.topics.ids();
        if ids == self.topic_ids {
            return;
        }
        let edge = edge(&self.shared, &self.fetch, &self.links);
        for slot in self.slots.values_mut() {
            if let Some(running) = slot.running()
                && let Err(error) = running.follow_topics(edge)
            {
                tracing::error!("a source that was created again can't be read: {error}");
            }
        }
        self.topic_ids = ids;
    }

    fn open_new_partitions(&mut self) {
        let counts = self.shared.topics.counts();
        if counts == self.partitions {
            return;
        }
        tracing::info!(?counts, "sources have more partitions");
        let tasks = self.shared.settings.tasks;
        let edge = edge(&self.shared, &self.fetch, &self.links);
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
        self.links.wake_rx.recv_timeout(left).ok();
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

    pub(super) fn report(&mut self) {
        let now = Tick::now();
        let mut counters = Counters::default();
        let mut tasks = BTreeMap::new();
        for (id, slot) in &mut self.slots {
            if let Slot::Running(running) = slot {
                running.count(&mut self.progress);
                self.refusals.note(
                    running.task.take_refusals(),
                    &self.shared.settings.limits,
                    now,
                );
                counters.add(&running.task.counters());
            }
            tasks.insert(id.0, describe(slot));
        }
        // What another process has by now is not counted twice.
        self.progress.joined = self.member.holds_tasks();
        if !self.progress.joined {
            (counters, tasks) = Default::default();
        }
        self.progress.at = clock::wall();
        self.progress.committing = self.committing.map(|since| {
            let length = Tick::now().since(since).as_micros();
            Span(i64::try_from(length).unwrap_or(i64::MAX))
        });
        self.progress.counters = counters;
        self.progress.tasks = tasks;
        self.progress.note_restores();
        for warning in self.sources.judge(Tick::now()) {
            tracing::warn!("{warning}");
        }
        self.progress.sources = self.sources.progress();
        self.shared.progress.set(self.number, self.progress.clone());
    }
}

fn edge<'a>(shared: &'a Shared, fetch: &'a Fetch, links: &'a Links) -> Edge<'a> {
    Edge {
        fetch,
        names: &shared.names,
        wake_tx: &links.wake_tx,
        topics: &shared.topics,
        progress: &shared.progress,
    }
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
            // Without inputs it stands at the beginning of time.
            clock: (running.task.watermark()).filter(|at| *at > Timestamp::default()),
            stuck: running.stuck.clone(),
            names: running.names(),
            exchange: running.exchange.describe(),
            sources: (running.sources.iter())
                .map(|(_, reading)| reading.describe())
                .collect(),
        },
    }
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
        if let Err(error) = fetch.fetch_metadata(Some(topic), Duration::from_secs(2)) {
            outage::warn("metadata", format_args!("`{topic}`: {error}"));
        }
    }
    Ok(Arc::new(fetch))
}
