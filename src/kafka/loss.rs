//! What is lost when `state` or `exchange` was trimmed, deleted or made anew; and how the deployment goes on without it.
//!
//! Works on a deployment none of whose processes runs. [`examine`] restores every task as a process would and looks through
//! the frames it has not read; [`Examination::accept`] writes one step for each task that can't go on, in one transaction.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use anyhow::Context as _;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
};

use super::{
    batch::Names,
    client::FetchContext,
    clock::Tick,
    commit::{Committer, Fate, Job},
    ends::ends,
    inputs::inputs_of,
    mark::{Mark, marks},
    process::check_topics,
    reading::is_gone,
    restore::read_log,
    settings::KafkaSettings,
    takeover::{Report, Takeover},
    topic::Topic,
    topics::partitions,
};
use floorwalker_core::engine::{FrameChain, InputId, Settings, Task, TaskId};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A transaction that was left open hides the end of a log for 20 s at most.
const END_WITHIN: Duration = Duration::from_secs(25);
/// It is aborted 20 s after a process was killed, at most.
const PENDING_MAX: Duration = Duration::from_secs(40);

/// What one task can't have back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub task: u16,
    pub what: Lost,
    /// Why it is known to be lost.
    pub cause: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    State,
    Frames,
}

/// A deployment as its topics have it.
#[expect(
    missing_debug_implementations,
    reason = "holds clients, which have nothing to show"
)]
pub struct Examination {
    kafka: KafkaSettings,
    names: Arc<Names>,
    reader: Arc<BaseConsumer<FetchContext>>,
    tasks: Vec<Examined>,
    losses: Vec<Loss>,
}

struct Examined {
    task: Box<Task>,
    is_affected: bool,
    /// Events in frames that wait for the task.
    waiting_events: u64,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            Lost::State => "its state",
            Lost::Frames => "what other tasks have sent it and it has not read",
        };
        write!(f, "task {} loses {what}: {}", self.task, self.cause)
    }
}

/// Restores all tasks, and looks through the frames that wait for them.
///
/// # Errors
/// When Kafka can't be reached, a topic is missing, or a process of the deployment runs.
pub fn examine(kafka: &KafkaSettings, settings: &Arc<Settings>) -> anyhow::Result<Examination> {
    check_topics(kafka, settings.tasks, &[])?;
    let reader: BaseConsumer<FetchContext> = kafka
        .restore(0)
        .create_with_context(FetchContext::default())
        .context("Kafka consumer")?;
    refuse_members(&reader, kafka)?;
    let examiner = Examiner {
        settings,
        names: Arc::new(Names::new(&kafka.prefix, settings)),
        counts: source_partitions(&reader, settings)?,
        reader: Arc::new(reader),
    };
    let (mut tasks, mut losses) = (Vec::new(), Vec::new());
    for id in (0..settings.tasks).map(TaskId) {
        tasks.push(examiner.examine(id, &mut losses)?);
    }
    Ok(Examination {
        kafka: kafka.clone(),
        names: examiner.names,
        reader: examiner.reader,
        tasks,
        losses,
    })
}

/// A process that runs would go on with what it has in memory.
fn refuse_members(
    reader: &BaseConsumer<FetchContext>,
    kafka: &KafkaSettings,
) -> anyhow::Result<()> {
    let groups = reader.fetch_group_list(Some(&kafka.prefix), ANSWER_WITHIN)?;
    let members: usize = (groups.groups().iter())
        .map(|group| group.members().len())
        .sum();
    anyhow::ensure!(
        members == 0,
        "{members} workers of `{}` run: stop all processes first; one that was killed is gone after {} s",
        kafka.prefix,
        kafka.session_timeout.as_secs()
    );
    Ok(())
}

fn source_partitions(
    reader: &BaseConsumer<FetchContext>,
    settings: &Settings,
) -> anyhow::Result<Vec<i32>> {
    let count = |topic: &str| {
        let metadata = reader.fetch_metadata(Some(topic), ANSWER_WITHIN)?;
        anyhow::Ok(i32::try_from(partitions(&metadata, topic)).unwrap_or(i32::MAX))
    };
    (settings.sources.iter())
        .map(|source| count(&source.topic))
        .collect()
}

struct Examiner<'a> {
    settings: &'a Arc<Settings>,
    names: Arc<Names>,
    /// Partitions of each source.
    counts: Vec<i32>,
    reader: Arc<BaseConsumer<FetchContext>>,
}

impl Examiner<'_> {
    fn examine(&self, id: TaskId, losses: &mut Vec<Loss>) -> anyhow::Result<Examined> {
        let mark = self.mark(id)?;
        let before = losses.len();
        let mut task = match self.restore(id, &mark) {
            Ok(task) => task,
            Err(cause) => {
                losses.push(Loss {
                    task: id.0,
                    what: Lost::State,
                    cause: format!("{cause:#}"),
                });
                self.begin_anew(id, &mark)?
            }
        };
        let is_anew = losses.len() > before;
        let waiting_events = self.examine_frames(&mut task, is_anew, losses)?;
        Ok(Examined {
            task,
            is_affected: losses.len() > before,
            waiting_events,
        })
    }

    /// Waits while the last transaction of a process that was killed is pending.
    fn mark(&self, id: TaskId) -> anyhow::Result<Mark> {
        let limit = Tick::now().after(PENDING_MAX);
        loop {
            match marks(&self.reader, self.names.of(Topic::Tasks), &[id]) {
                Ok(mut found) => return Ok(found.remove(&id).unwrap_or_default()),
                Err(error) if Tick::now() > limit => {
                    return Err(error).with_context(|| format!("last step of task {}", id.0));
                }
                Err(error) => tracing::debug!(task = id.0, "waits for a pending step: {error}"),
            }
        }
    }

    fn restore(&self, id: TaskId, mark: &Mark) -> anyhow::Result<Box<Task>> {
        let takeover = Takeover {
            task: id,
            cancelled: Arc::default(),
        };
        let mut task = Box::new(Task::new(id, self.settings));
        let mut report = Report::new(id, mark.seq);
        if mark.seq > 0 {
            let from = (self.names.of(Topic::State), mark, END_WITHIN);
            read_log(&self.reader, &takeover, from, (&mut task, &mut report))?;
        }
        task.start(mark.seq)?;
        Ok(task)
    }

    /// Empty, but where, by the last transaction, its sources and the exchange had been read to.
    fn begin_anew(&self, id: TaskId, mark: &Mark) -> anyhow::Result<Box<Task>> {
        let inputs = inputs_of(id, self.settings.tasks, &self.counts);
        let mut list = TopicPartitionList::new();
        for input in &inputs {
            list.add_partition(self.names.source(input.source), input.partition);
        }
        list.add_partition(self.names.of(Topic::Exchange), i32::from(id.0));
        let found = self.reader.committed_offsets(list, ANSWER_WITHIN)?;
        let position = |topic: &str, partition| {
            let element = found.find_partition(topic, partition)?;
            element.offset().to_raw().filter(|offset| *offset >= 0)
        };
        let positions: Vec<(InputId, i64)> = (inputs.iter())
            .filter_map(|input| {
                let topic = self.names.source(input.source);
                Some((*input, position(topic, input.partition)?))
            })
            .collect();
        let mut task = Box::new(Task::new(id, self.settings));
        task.begin_anew(mark.seq, &positions);
        let frames = position(self.names.of(Topic::Exchange), i32::from(id.0));
        task.skip_frames(frames.unwrap_or(0));
        Ok(task)
    }

    /// Returns the number of events in the frames that are there.
    fn examine_frames(
        &self,
        task: &mut Task,
        is_anew: bool,
        losses: &mut Vec<Loss>,
    ) -> anyhow::Result<u64> {
        let (id, topic) = (task.id(), self.names.of(Topic::Exchange));
        let partition = i32::from(id.0);
        let (low, high) = ends(&self.reader, topic, partition, ANSWER_WITHIN)?;
        let position = task.exchange_position();
        let mut chain = task.frame_chain();
        let cause = if !(low..=high).contains(&position) {
            format!("`{topic}` no longer holds offset {position}")
        } else {
            match self.follow(id, position, &mut chain)? {
                Ok(()) => return Ok(chain.events),
                Err(cause) => cause,
            }
        };
        // Who begins anew has nothing that a gap could contradict.
        if !is_anew {
            losses.push(Loss {
                task: id.0,
                what: Lost::Frames,
                cause,
            });
        }
        task.skip_frames(position.clamp(low, high));
        let mut rest = task.frame_chain();
        let followed = self.follow(id, task.exchange_position(), &mut rest)?;
        followed.map_err(|gap| anyhow::anyhow!("{gap}"))?;
        Ok(rest.events)
    }

    /// Reads the frames from `position` to the end. The inner error names what is lost.
    fn follow(
        &self,
        id: TaskId,
        position: i64,
        chain: &mut FrameChain,
    ) -> anyhow::Result<Result<(), String>> {
        let mut list = TopicPartitionList::new();
        let from = Offset::Offset(position);
        list.add_partition_offset(self.names.of(Topic::Exchange), i32::from(id.0), from)?;
        self.reader.assign(&list)?;
        let limit = Tick::now().after(END_WITHIN);
        let result = loop {
            anyhow::ensure!(Tick::now() < limit, "the exchange can't be read to its end");
            match self.reader.poll(Duration::from_millis(100)) {
                Some(Ok(frame)) => {
                    let bytes = frame.payload().unwrap_or_default();
                    if let Err(error) = chain.follow(frame.offset(), bytes) {
                        break Err(error.to_string());
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => break Ok(()),
                Some(Err(error)) if is_gone(&error) => break Err(error.to_string()),
                Some(Err(error)) => tracing::warn!("exchange: {error}"),
                None => {}
            }
        };
        self.reader.unassign()?;
        Ok(result)
    }
}

impl Examination {
    /// By task; empty if every task can go on.
    #[must_use]
    pub fn losses(&self) -> &[Loss] {
        &self.losses
    }

    /// Lets every task go on without what it has lost.
    ///
    /// # Errors
    /// When Kafka can't be reached, or a process was started meanwhile.
    pub fn accept(mut self) -> anyhow::Result<()> {
        self.count_lost();
        let affected = (self.tasks.iter_mut()).filter(|it| it.is_affected);
        let steps = affected.map(|it| it.task.cut_loss()).collect();
        let group = self.reader.group_metadata().context("no group")?;
        let reader = Arc::clone(&self.reader);
        let stop = Arc::new(AtomicBool::new(false));
        let committer = Committer::new(&self.kafka, 0, self.names, reader, stop)?;
        let mut committer = committer.context("Kafka does not answer")?;
        let outcome = committer.handle(Job { steps, group })?;
        let outcome = outcome.context("Kafka does not answer what became of it: ask again")?;
        for (step, fate) in &outcome.steps {
            anyhow::ensure!(
                matches!(fate, Fate::Committed(_)),
                "task {} was not changed: {}",
                step.task.0,
                outcome
                    .failure
                    .as_deref()
                    .unwrap_or("a process has gone on with it")
            );
        }
        Ok(())
    }

    /// So that every event that was ever read is accounted for.
    fn count_lost(&mut self) {
        let mut sum = floorwalker_core::engine::Counters::default();
        self.tasks
            .iter()
            .for_each(|it| sum.add(&it.task.counters()));
        let waiting: u64 = self.tasks.iter().map(|it| it.waiting_events).sum();
        let missing = difference(sum.forwarded, sum.received + waiting);
        let counted = sum.applied + sum.repeated + sum.skipped + sum.dead_lettered + sum.lost;
        let unaccounted = difference(sum.read, counted + waiting);
        if let Some(first) = self.tasks.iter_mut().find(|it| it.is_affected) {
            first.task.count_lost(missing, unaccounted);
        }
    }
}

fn difference(one: u64, other: u64) -> i64 {
    let signed = |number| i64::try_from(number).unwrap_or(i64::MAX);
    signed(one) - signed(other)
}
