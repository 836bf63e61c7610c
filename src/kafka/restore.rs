//! Takes tasks over on helper threads: waits out what their last owner left pending, then reads their state log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::{
    batch::Names,
    client::FetchContext,
    clock::{self, Tick},
    commit::fence,
    mark::{Mark, marks},
    outage,
    parked::Parked,
    settings::KafkaSettings,
    takeover::{Report, Takeover},
    topic::Topic,
};
use floorwalker_core::engine::{Settings, Task, TaskId};

/// A log that is not readable to its committed end for this long ends elsewhere: a transaction left open by a worker that
/// hangs hides it for 20 s at most.
const END_WITHIN: Duration = Duration::from_secs(40);
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// What to do when a topic of ours no longer holds what a task needs.
pub(super) const LOST: &str = "Stop all processes, and let `floorwalker accept-loss --config FILE` say what is lost and let them go on without it";

/// A task ready to go on, or why it can't.
pub(super) struct Restored {
    pub(super) takeover: Takeover,
    pub(super) result: anyhow::Result<(Box<Task>, Report)>,
}

/// What a helper thread needs.
pub(super) struct Restorer {
    pub(super) kafka: KafkaSettings,
    pub(super) settings: Arc<Settings>,
    pub(super) names: Arc<Names>,
    pub(super) parked: Arc<Parked>,
    /// Takeovers that have to wait go back to the end of the line.
    pub(super) again: Sender<Takeover>,
    /// This process's writers: they end their own transactions.
    pub(super) own_writers: Vec<String>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Restorer {
    /// Restores tasks until the worker hangs up.
    pub(super) fn run(
        &self,
        number: u16,
        line: &Receiver<Takeover>,
        done: &Sender<Restored>,
        wake_tx: &Sender<()>,
    ) -> anyhow::Result<()> {
        let reader = self
            .kafka
            .restore(number)
            .create_with_context(FetchContext::default())
            .context("Kafka consumer of state logs")?;
        self.warm_up(&reader);
        while !self.stop.load(Ordering::Relaxed) {
            // Wakes up to see whether it should stop: its own sender keeps the line open.
            let Ok(takeover) = line.recv_timeout(RETRY_PAUSE) else {
                // What it logged meanwhile comes this way.
                if let Some(Err(error)) = reader.poll(Duration::ZERO) {
                    outage::warn_of_poll("restore", &error);
                }
                continue;
            };
            let Some(restored) = self.handle(&reader, takeover) else {
                continue;
            };
            if done.send(restored).is_err() {
                break;
            }
            wake_tx.try_send(()).ok();
        }
        Ok(())
    }

    /// Asks for the coordinator and the topic while the group forms: the first time takes up to a second.
    fn warm_up(&self, reader: &BaseConsumer<FetchContext>) {
        let topic = self.names.of(Topic::State);
        let known = reader
            .fetch_metadata(Some(topic), Duration::from_secs(5))
            .map(|_| ());
        let asked = self.mark(reader, TaskId(0));
        tracing::debug!(?known, ?asked, "ready to restore");
    }

    fn handle(&self, reader: &BaseConsumer<FetchContext>, takeover: Takeover) -> Option<Restored> {
        if takeover.cancelled.load(Ordering::Relaxed) {
            return None;
        }
        let started_at = Tick::now();
        match self.mark(reader, takeover.task) {
            Ok(mark) => {
                let asked = Tick::now().since(started_at);
                tracing::debug!(task = takeover.task.0, ?mark, ?asked, "takes over");
                let result = self.restore(reader, &takeover, &mark, started_at);
                Some(Restored { takeover, result })
            }
            Err(error) => {
                let task = takeover.task.0;
                outage::warn(
                    "pending",
                    format_args!("task {task} waits for a pending step: {error}"),
                );
                self.fence_last_writer(takeover.task);
                self.again.send(takeover).ok();
                None
            }
        }
    }

    fn mark(&self, reader: &BaseConsumer<FetchContext>, task: TaskId) -> Result<Mark, KafkaError> {
        let mut found = marks(reader, self.names.of(Topic::Tasks), &[task])?;
        Ok(found.remove(&task).unwrap_or_default())
    }

    /// The task was given to us and its last owner's step has been pending for longer than a commit takes.
    fn fence_last_writer(&self, task: TaskId) {
        let last = self
            .kafka
            .peek()
            .create_with_context(FetchContext::default());
        let last = last.and_then(|peek: BaseConsumer<_>| self.mark(&peek, task));
        match last {
            Ok(mark) if self.own_writers.contains(&mark.writer) => {}
            Ok(mark) if mark.writer.is_empty() => {}
            Ok(mark) => {
                tracing::warn!(
                    task = task.0,
                    writer = mark.writer,
                    "ends the last owner's transactions"
                );
                if let Err(error) = fence(&self.kafka, &mark.writer) {
                    tracing::warn!("could not: {error:#}");
                }
            }
            Err(error) => {
                outage::warn(
                    "owner",
                    format_args!("last owner of task {}: {error}", task.0),
                );
            }
        }
        clock::pause(RETRY_PAUSE);
    }

    fn restore(
        &self,
        reader: &BaseConsumer<FetchContext>,
        takeover: &Takeover,
        mark: &Mark,
        started_at: Tick,
    ) -> anyhow::Result<(Box<Task>, Report)> {
        let (id, seq) = (takeover.task, mark.seq);
        let mut report = Report {
            parked: true,
            ..Report::new(id, seq)
        };
        let task = if let Some(task) = self.parked.take(id, seq) {
            task
        } else {
            report.parked = false;
            let mut task = Box::new(Task::new(id, &self.settings));
            if seq > 0 {
                let from = (self.names.of(Topic::State), mark, END_WITHIN);
                read_log(reader, takeover, from, (&mut task, &mut report))?;
            }
            task.start(seq)?;
            task
        };
        report.took = Tick::now().since(started_at);
        Ok((task, report))
    }
}

/// Reads a task's state log, whose end has to show itself within a time.
pub(super) fn read_log(
    reader: &BaseConsumer<FetchContext>,
    takeover: &Takeover,
    (topic, mark, within): (&str, &Mark, Duration),
    (task, report): (&mut Task, &mut Report),
) -> anyhow::Result<()> {
    let partition = i32::from(takeover.task.0);
    let start = mark.restore_from.map_or(Offset::Beginning, Offset::Offset);
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, start)?;
    reader.assign(&list)?;
    let read = read_to(reader, takeover, (mark.seq, within), (task, report));
    reader.unassign()?;
    read
}

/// Reads up to the last record of step `seq`.
fn read_to(
    reader: &BaseConsumer<FetchContext>,
    takeover: &Takeover,
    (seq, within): (u64, Duration),
    (task, report): (&mut Task, &mut Report),
) -> anyhow::Result<()> {
    let mut limit = Tick::now().after(within);
    let mut last = 0;
    while !takeover.cancelled.load(Ordering::Relaxed) {
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => {
                let payload = record.payload().unwrap_or_default();
                last = task.restore(record.offset(), payload)?;
                report.records += 1;
                report.bytes += payload.len() as u64;
                if last == seq && record.key().is_none_or(|left| left == b"0") {
                    return Ok(());
                }
                if report.records % 1024 == 0 {
                    limit = Tick::now().after(within);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) | None => {}
            Some(Err(error)) if is_gone(&error) => anyhow::bail!(
                "the state log of task {} no longer holds the records that its restore begins with: was `state` trimmed or made anew? {LOST}",
                takeover.task.0
            ),
            Some(Err(error)) => outage::warn("log", format_args!("state log: {error}")),
        }
        anyhow::ensure!(
            Tick::now() < limit,
            "the state log of task {} ends at step {last}, but step {seq} was committed. {LOST}",
            takeover.task.0
        );
    }
    anyhow::bail!("taken away while being restored")
}

fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
