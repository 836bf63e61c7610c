//! The committing thread of a worker: one transaction after another, two producers in turn.
//!
//! Whatever goes wrong, offset(`tasks`, p) decides in the end whether a step is committed.

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
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rdkafka::{
    consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerGroupMetadata},
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _, PurgeConfig},
    types::RDKafkaErrorCode,
};

use super::{
    batch::{self, Names},
    client::{Deliveries, FetchContext, Refused},
    clock::{self, Tick},
    failure::Failure,
    mark::marks,
    outage,
    settings::KafkaSettings,
    topic::Topic,
};
use floorwalker_core::engine::{Output, Step, TaskId};

/// librdkafka's own time limits end a transaction within 10 s.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// The report of a refused record comes right behind the error that it causes.
const REPORT_WITHIN: Duration = Duration::from_millis(500);
/// A wait shorter than a millisecond would spin inside librdkafka, whose unit it is.
const DRAIN_POLL: Duration = Duration::from_micros(300);
/// How often producers that have nothing to do are looked after.
const LOG_POLL: Duration = Duration::from_millis(500);
/// A poll brings one line; what is left of an outage must not look like the next.
const LOG_LINES: usize = 64;
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// `init_transactions` goes on where it was when it is called again: so a process that is to stop need not wait for it.
const INIT_SLICE: Duration = Duration::from_secs(1);

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
    /// The step was committed; holds the offset of its first state record.
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
    /// Ends what an earlier process of this name left open. `None`: the process is to stop.
    pub(super) fn new(
        settings: &KafkaSettings,
        worker: u16,
        names: Arc<Names>,
        reader: Arc<BaseConsumer<FetchContext>>,
        stop: Arc<AtomicBool>,
    ) -> anyhow::Result<Option<Self>> {
        let producers = thread::scope(|scope| {
            let second = scope.spawn(|| producer(settings, worker, 1, &stop));
            let first = producer(settings, worker, 0, &stop)?;
            let second = second
                .join()
                .map_err(|_| anyhow::anyhow!("a thread panicked"))??;
            anyhow::Ok((first, second))
        })?;
        let (Some(first), Some(second)) = producers else {
            return Ok(None);
        };
        Ok(Some(Self {
            settings: settings.clone(),
            worker,
            names,
            reader,
            producers: [first, second],
            turn: 0,
            stop,
        }))
    }

    /// Commits steps until the worker hangs up.
    pub(super) fn run(
        mut self,
        jobs: &Receiver<Job>,
        outcomes: &Sender<Outcome>,
        wake_tx: &Sender<()>,
    ) -> anyhow::Result<()> {
        loop {
            let job = match jobs.recv_timeout(LOG_POLL) {
                Ok(job) => job,
                Err(RecvTimeoutError::Timeout) => {
                    // What they log comes this way.
                    self.producers.iter().for_each(drain_log);
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let Some(outcome) = self.handle(job)? else {
                break;
            };
            if outcomes.send(outcome).is_err() {
                break;
            }
            wake_tx.try_send(()).ok();
        }
        Ok(())
    }

    /// `None`: the process is to stop before it is known what became of the steps.
    pub(super) fn handle(&mut self, job: Job) -> anyhow::Result<Option<Outcome>> {
        self.turn ^= 1;
        let begun_at = Tick::now();
        let joined = batch::join_sections(&job.steps);
        let result = self.transact(&job, &joined).map_err(|error| {
            // A record that was refused is the cause of the transaction's error.
            let refused = refused(&self.producers[self.turn], &error.error);
            refused.map_or(error, Failure::from)
        });
        let firsts = self.firsts(job.steps.len());
        let (fates, failure) = match result {
            Ok(()) => (firsts.into_iter().map(fate_of_committed).collect(), None),
            Err(failure) => {
                let cause = failure.to_string();
                let code = failure.error.rdkafka_error_code();
                outage::warn(
                    &format!("transaction {code:?}"),
                    format_args!("transaction not committed: {cause}"),
                );
                if !self.clear_up(&failure.error)? {
                    return Ok(None);
                }
                let Some(fates) = self.decide(&job.steps, &firsts) else {
                    return Ok(None);
                };
                (fates, Some(cause))
            }
        };
        Ok(Some(Outcome {
            steps: job.steps.into_iter().zip(fates).collect(),
            took: Tick::now().since(begun_at),
            failure,
        }))
    }

    fn transact(&self, job: &Job, joined: &[(TaskId, Vec<u8>)]) -> Result<(), Failure> {
        let producer = &self.producers[self.turn];
        producer.context().clear();
        producer.begin_transaction()?;
        self.produce(&job.steps, joined)?;
        let writer = self.settings.writer(self.worker);
        let offsets = batch::offsets(&self.names, &writer, &job.steps)?;
        producer.send_offsets_to_transaction(&offsets, &job.group, ANSWER_WITHIN)?;
        drain(producer, DRAIN_WITHIN)?;
        if let Some(failure) = producer.context().failure() {
            return Err(failure.into());
        }
        commit(producer)?;
        if self.settings.broker.keeps_offsets_of_transactions() {
            return Ok(());
        }
        Ok(self.reader.commit(&offsets, CommitMode::Sync)?)
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

    /// Leaves no transaction open: aborts it, or throws the producer away. `false` if the process is to stop before that.
    fn clear_up(&mut self, error: &KafkaError) -> anyhow::Result<bool> {
        if is_abortable(error) && abort(&self.producers[self.turn]).is_ok() {
            return Ok(true);
        }
        let fresh = producer(&self.settings, self.worker, self.turn, &self.stop)?;
        let found = fresh.map(|fresh| self.producers[self.turn] = fresh);
        Ok(found.is_some())
    }

    fn decide(&self, steps: &[Step], firsts: &[Option<i64>]) -> Option<Vec<Fate>> {
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
        Some(steps.iter().zip(firsts).map(decide_one).collect())
    }

    /// Waits while a transaction is pending, unless the process is to stop.
    fn seqs(&self, tasks: &[TaskId]) -> Option<BTreeMap<TaskId, u64>> {
        loop {
            match marks(&self.reader, self.names.of(Topic::Tasks), tasks) {
                Ok(marks) => {
                    return Some(
                        marks
                            .into_iter()
                            .map(|(task, mark)| (task, mark.seq))
                            .collect(),
                    );
                }
                Err(_) if self.stop.load(Ordering::Relaxed) => return None,
                Err(error) => outage::warn(
                    "marks",
                    format_args!("asks what was committed of tasks {tasks:?}: {error}"),
                ),
            }
            clock::pause(RETRY_PAUSE);
        }
    }
}

/// A committed step without a delivery report can't be; a restore would find out where it lies.
fn fate_of_committed(first: Option<i64>) -> Fate {
    first.map_or(Fate::Lost, Fate::Committed)
}

/// A producer with no transaction open under its id, whoever left one. `None`: the process is to stop.
fn producer(
    settings: &KafkaSettings,
    worker: u16,
    turn: usize,
    stop: &AtomicBool,
) -> anyhow::Result<Option<TransactionalProducer>> {
    let config = settings.producer(&settings.writer(worker), TURNS[turn]);
    loop {
        let producer: TransactionalProducer = config
            .create_with_context(Deliveries::default())
            .context("Kafka producer")?;
        loop {
            match producer.init_transactions(INIT_SLICE) {
                Ok(()) => return Ok(Some(producer)),
                Err(_) if stop.load(Ordering::Relaxed) => return Ok(None),
                Err(error) => {
                    outage::warn("init", format_args!("init_transactions: {error}, again"));
                    if !is_retriable(&error) {
                        break;
                    }
                }
            }
            // Its log comes this way.
            producer.poll(Duration::ZERO);
            clock::pause(RETRY_PAUSE);
        }
        clock::pause(RETRY_PAUSE);
    }
}

/// Hands what a producer has logged meanwhile to ours.
fn drain_log(producer: &TransactionalProducer) {
    for _ in 0..LOG_LINES {
        producer.poll(Duration::ZERO);
    }
}

fn is_retriable(error: &KafkaError) -> bool {
    matches!(error, KafkaError::Transaction(error) if error.is_retriable())
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

/// Returns the record that the broker refused, if one is the cause of `error`.
///
/// After a refusal the producer takes no further record of the transaction, and drops those that wait: both can be noticed before
/// the report of the refusal itself.
fn refused(producer: &TransactionalProducer, error: &KafkaError) -> Option<Refused> {
    let within = match is_abortable(error) {
        true => REPORT_WITHIN,
        false => Duration::ZERO,
    };
    let limit = Tick::now().after(within);
    loop {
        producer.poll(Duration::ZERO);
        let refused = producer.context().failure();
        let is_cause = refused.as_ref().is_some_and(|it| !it.is_consequence());
        if is_cause || producer.in_flight_count() == 0 || Tick::now() > limit {
            return refused;
        }
        clock::pause(DRAIN_POLL);
    }
}

/// Again while the broker can't answer; the caller finds out what became of it if it never does.
pub(super) fn commit(producer: &TransactionalProducer) -> Result<(), KafkaError> {
    let limit = Tick::now().after(ANSWER_WITHIN);
    loop {
        match producer.commit_transaction(ANSWER_WITHIN) {
            Err(KafkaError::Transaction(error)) if error.is_retriable() && Tick::now() < limit => {
                outage::warn("commit", format_args!("commit: {}, again", error.string()));
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
