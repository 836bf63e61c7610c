//! The committing thread of a worker: one transaction after another, two producers in turn.
//!
//! Whatever goes wrong, offset(`tasks`, p) says in the end whether a step is committed.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, Sender};
use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, ConsumerGroupMetadata},
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig},
    types::RDKafkaErrorCode,
};

use super::{
    batch::{self, Names},
    client::{Deliveries, FetchContext},
    clock::{self, Tick},
    settings::KafkaSettings,
    topics::Topic,
};
use crate::engine::{Output, Step, TaskId};

/// librdkafka's own time limits end a transaction within 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// A wait shorter than a millisecond would spin inside librdkafka, whose unit it is.
const DRAIN_POLL: Duration = Duration::from_micros(300);
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// A commit under way is done long before.
const MARKS_WITHIN: Duration = Duration::from_secs(1);

const TURNS: [char; 2] = ['a', 'b'];

pub(super) type TransactionalProducer = BaseProducer<Deliveries>;

/// The steps of one transaction, by a member that owns their tasks.
pub(super) struct Job {
    pub(super) steps: Vec<Step>,
    pub(super) group: ConsumerGroupMetadata,
}

/// What became of a job.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) steps: Vec<(Step, Fate)>,
    pub(super) took: Duration,
    /// Why the transaction was not committed at once.
    pub(super) failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// With the offset of its first state record.
    Committed(i64),
    /// The task still stands before this step: the same bytes again.
    Aborted,
    /// Another owner went on with the task.
    Lost,
}

pub(super) struct Committer {
    settings: KafkaSettings,
    worker: u16,
    names: Arc<Names>,
    reader: Arc<BaseConsumer<FetchContext>>,
    producers: [TransactionalProducer; 2],
    turn: usize,
    stop: Arc<AtomicBool>,
}

impl Committer {
    /// Ends what an earlier process of this name left open.
    pub(super) fn new(
        settings: &KafkaSettings,
        worker: u16,
        names: Arc<Names>,
        reader: Arc<BaseConsumer<FetchContext>>,
        stop: Arc<AtomicBool>,
    ) -> anyhow::Result<Self> {
        let producers = thread::scope(|scope| {
            let second = scope.spawn(|| producer(settings, worker, 1, &stop));
            let first = producer(settings, worker, 0, &stop)?;
            let second = second
                .join()
                .map_err(|_| anyhow::anyhow!("a thread panicked"))??;
            anyhow::Ok([first, second])
        })?;
        Ok(Self {
            settings: settings.clone(),
            worker,
            names,
            reader,
            producers,
            turn: 0,
            stop,
        })
    }

    /// Until the worker hangs up.
    pub(super) fn run(
        mut self,
        jobs: &Receiver<Job>,
        outcomes: &Sender<Outcome>,
        bell: &Sender<()>,
    ) -> anyhow::Result<()> {
        for job in jobs {
            let outcome = self.handle(job)?;
            if outcomes.send(outcome).is_err() {
                break;
            }
            bell.try_send(()).ok();
        }
        Ok(())
    }

    fn handle(&mut self, job: Job) -> anyhow::Result<Outcome> {
        self.turn ^= 1;
        let begun_at = Tick::now();
        let joined = batch::join_sections(&job.steps);
        let result = self.transact(&job, &joined);
        let firsts = self.firsts(job.steps.len());
        let (fates, failure) = match result {
            Ok(()) => (firsts.into_iter().map(fate_of_committed).collect(), None),
            Err(error) => {
                tracing::warn!("transaction not committed: {error:#}");
                self.clear_up(&error)?;
                let fates = self.decide(&job.steps, &firsts)?;
                (fates, Some(format!("{error:#}")))
            }
        };
        Ok(Outcome {
            steps: job.steps.into_iter().zip(fates).collect(),
            took: Tick::now().since(begun_at),
            failure,
        })
    }

    fn transact(&self, job: &Job, joined: &[(TaskId, Vec<u8>)]) -> Result<(), KafkaError> {
        let producer = &self.producers[self.turn];
        producer.context().clear();
        producer.begin_transaction()?;
        self.produce(&job.steps, joined)?;
        let writer = self.settings.writer(self.worker);
        let offsets = batch::offsets(&self.names, &writer, &job.steps)?;
        producer.send_offsets_to_transaction(&offsets, &job.group, ANSWER_WITHIN)?;
        drain(producer, DRAIN_WITHIN)?;
        if let Some(failure) = producer.context().failure() {
            return Err(failure);
        }
        commit(producer)?;
        if self.settings.broker.keeps_offsets_of_transactions() {
            return Ok(());
        }
        self.reader.commit(&offsets, CommitMode::Sync)
    }

    fn produce(&self, steps: &[Step], joined: &[(TaskId, Vec<u8>)]) -> Result<(), KafkaError> {
        let producer = &self.producers[self.turn];
        for (number, step) in steps.iter().enumerate() {
            self.produce_state(number, step)?;
            for output in &step.outputs {
                let name = self.names.of(output.topic.into());
                send(producer, record(name, step.task, output, 0))?;
            }
        }
        for (to, section) in joined {
            let name = self.names.of(Topic::Exchange);
            let record = BaseRecord::<(), _, _>::with_opaque_to(name, 0)
                .partition(i32::from(to.0))
                .payload(section);
            send(producer, record)?;
        }
        Ok(())
    }

    /// A record's key is the number of records of its step that follow, if any do: a restore knows when it has them all.
    fn produce_state(&self, number: usize, step: &Step) -> Result<(), KafkaError> {
        let producer = &self.producers[self.turn];
        for (index, payload) in step.state.iter().enumerate() {
            let left = (step.state.len() - 1 - index).to_string();
            let opaque = if index == 0 { number + 1 } else { 0 };
            let mut record = BaseRecord::with_opaque_to(self.names.of(Topic::State), opaque)
                .partition(i32::from(step.task.0))
                .payload(payload);
            if left != "0" {
                record = record.key(&left);
            }
            send(producer, record)?;
        }
        Ok(())
    }

    fn firsts(&self, steps: usize) -> Vec<Option<i64>> {
        let deliveries = self.producers[self.turn].context();
        (0..steps).map(|step| deliveries.first(step)).collect()
    }

    /// Leaves no transaction open: aborts it, or throws the producer away.
    fn clear_up(&mut self, error: &KafkaError) -> anyhow::Result<()> {
        if is_abortable(error) && abort(&self.producers[self.turn]).is_ok() {
            return Ok(());
        }
        let fresh = producer(&self.settings, self.worker, self.turn, &self.stop)?;
        self.producers[self.turn] = fresh;
        Ok(())
    }

    fn decide(&self, steps: &[Step], firsts: &[Option<i64>]) -> anyhow::Result<Vec<Fate>> {
        let tasks: Vec<TaskId> = steps.iter().map(|step| step.task).collect();
        let seqs = self.seqs(&tasks)?;
        let decide_one = |(step, first): (&Step, &Option<i64>)| {
            let found = seqs.get(&step.task).copied().unwrap_or(0);
            if found == step.seq {
                fate_of_committed(*first)
            } else if found + 1 == step.seq {
                Fate::Aborted
            } else {
                Fate::Lost
            }
        };
        Ok(steps.iter().zip(firsts).map(decide_one).collect())
    }

    /// Waits while a transaction is pending.
    fn seqs(&self, tasks: &[TaskId]) -> anyhow::Result<BTreeMap<TaskId, u64>> {
        loop {
            match marks(&self.reader, self.names.of(Topic::Tasks), tasks) {
                Ok(marks) => {
                    return Ok(marks
                        .into_iter()
                        .map(|(task, mark)| (task, mark.seq))
                        .collect());
                }
                Err(error) if self.stop.load(Ordering::Relaxed) => return Err(error.into()),
                Err(error) => tracing::warn!("committed steps of {tasks:?}: {error}"),
            }
            clock::pause(RETRY_PAUSE);
        }
    }
}

/// A committed step without a delivery report can't be; a restore would find out where it lies.
fn fate_of_committed(first: Option<i64>) -> Fate {
    first.map_or(Fate::Lost, Fate::Committed)
}

/// What offset(`tasks`, p) says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// The last committed step; 0 before the first.
    pub(super) seq: u64,
    /// Where a restore begins; `None`: at the first record.
    pub(super) restore_from: Option<i64>,
    /// Who committed it, as its transactional ids begin.
    pub(super) writer: String,
}

/// The marks of these tasks. A reader of committed records waits while one is pending.
pub(super) fn marks<C: ConsumerContext>(
    reader: &BaseConsumer<C>,
    topic: &str,
    tasks: &[TaskId],
) -> Result<BTreeMap<TaskId, Mark>, KafkaError> {
    let mut list = TopicPartitionList::new();
    for task in tasks {
        list.add_partition(topic, i32::from(task.0));
    }
    let found = reader.committed_offsets(list, MARKS_WITHIN)?;
    let mut marks = BTreeMap::new();
    for element in found.elements() {
        element.error()?;
        let task = TaskId(u16::try_from(element.partition()).unwrap_or(u16::MAX));
        let seq = element
            .offset()
            .to_raw()
            .and_then(|seq| u64::try_from(seq).ok());
        let (restore_from, writer) = element.metadata().split_once(' ').unwrap_or_default();
        let mark = Mark {
            seq: seq.unwrap_or(0),
            restore_from: restore_from.parse().ok(),
            writer: writer.to_owned(),
        };
        marks.insert(task, mark);
    }
    Ok(marks)
}

/// A producer with no transaction open under its id, whoever left one.
fn producer(
    settings: &KafkaSettings,
    worker: u16,
    turn: usize,
    stop: &AtomicBool,
) -> anyhow::Result<TransactionalProducer> {
    let config = settings.producer(&settings.writer(worker), TURNS[turn]);
    loop {
        let producer: TransactionalProducer = config
            .create_with_context(Deliveries::default())
            .context("Kafka producer")?;
        match producer.init_transactions(ANSWER_WITHIN) {
            Ok(()) => return Ok(producer),
            Err(error) if stop.load(Ordering::Relaxed) => {
                return Err(error).context("init_transactions");
            }
            Err(error) => tracing::warn!("init_transactions: {error}, again"),
        }
        clock::pause(RETRY_PAUSE);
    }
}

/// Ends what a worker that is gone, or hangs, left pending: without this its tasks wait until its transaction times out,
/// which takes the broker up to 20 s. One that is alive after all finds out, and begins anew.
pub(super) fn fence(settings: &KafkaSettings, writer: &str) -> anyhow::Result<()> {
    for turn in TURNS {
        let producer: TransactionalProducer = settings
            .producer(writer, turn)
            .create_with_context(Deliveries::default())?;
        producer.init_transactions(ANSWER_WITHIN)?;
    }
    Ok(())
}

fn record<'a>(
    name: &'a str,
    task: TaskId,
    output: &'a Output,
    opaque: usize,
) -> BaseRecord<'a, Vec<u8>, Vec<u8>, usize> {
    let mut record = BaseRecord::with_opaque_to(name, opaque).partition(i32::from(task.0));
    if let Some(key) = &output.key {
        record = record.key(key);
    }
    if let Some(payload) = &output.payload {
        record = record.payload(payload);
    }
    if output.headers.is_empty() {
        return record;
    }
    let headers = OwnedHeaders::new_with_capacity(output.headers.len());
    record.headers(
        output
            .headers
            .iter()
            .fold(headers, |headers, (key, value)| {
                let value = value.as_ref();
                headers.insert(Header { key, value })
            }),
    )
}

/// Hands a record over, waiting for room.
pub(super) fn send<K, P>(
    producer: &TransactionalProducer,
    record: BaseRecord<'_, K, P, usize>,
) -> Result<(), KafkaError>
where
    K: rdkafka::message::ToBytes + ?Sized,
    P: rdkafka::message::ToBytes + ?Sized,
{
    let limit = Tick::now().after(DRAIN_WITHIN);
    let mut waiting = record;
    loop {
        match producer.send(waiting) {
            Ok(()) => return Ok(()),
            Err((error, back)) => {
                let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                if !full || Tick::now() > limit {
                    return Err(error);
                }
                waiting = back;
                producer.poll(Duration::ZERO);
                clock::pause(DRAIN_POLL);
            }
        }
    }
}

/// Waits until the broker has taken everything: a commit would do so too, but in polls of 100 ms.
pub(super) fn drain(producer: &TransactionalProducer, within: Duration) -> Result<(), KafkaError> {
    let limit = Tick::now().after(within);
    loop {
        producer.poll(Duration::ZERO);
        if producer.in_flight_count() == 0 {
            return Ok(());
        }
        if Tick::now() > limit {
            return Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut));
        }
        clock::pause(DRAIN_POLL);
    }
}

/// Again while the broker can't say; the caller finds out what became of it if it never does.
pub(super) fn commit(producer: &TransactionalProducer) -> Result<(), KafkaError> {
    let limit = Tick::now().after(ANSWER_WITHIN);
    loop {
        match producer.commit_transaction(ANSWER_WITHIN) {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && Tick::now() < limit => {
                tracing::warn!("commit: {}, again", error.string());
            }
            result => return result,
        }
    }
}

fn is_abortable(error: &KafkaError) -> bool {
    if let KafkaError::Transaction(error) = error {
        return error.txn_requires_abort();
    }
    matches!(error, KafkaError::MessageProduction(_))
}

/// Empties the producer first: an abort with records on their way never returns.
pub(super) fn abort(producer: &TransactionalProducer) -> Result<(), KafkaError> {
    if drain(producer, Duration::from_secs(2)).is_err() {
        producer.purge(PurgeConfig::default().queue().inflight());
        drain(producer, Duration::from_secs(2))?;
    }
    producer.abort_transaction(ANSWER_WITHIN)
}
