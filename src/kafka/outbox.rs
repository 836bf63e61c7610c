//! What is to be sent to others, as a log: written in one transaction with how far the inputs are read, and read once for each
//! receiver. All records lie in partition 0, so that they have one order.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer as _},
    error::KafkaError,
    producer::{BaseRecord, Producer as _},
};

use super::{
    candidate::Candidate,
    client::{Deliveries, FetchContext},
    clock,
    commit::{self, TransactionalProducer},
    committed::committed,
    ends::ends,
    outage,
    reading::is_gone,
    settings::KafkaSettings,
    stop::Stop,
    topic::Topic,
};
use floorwalker_core::event::Timestamp;

const ANSWER_WITHIN: Duration = Duration::from_secs(12);
const DRAIN_WITHIN: Duration = Duration::from_secs(10);
/// So that a process that is to stop need not wait for the brokers.
const INIT_SLICE: Duration = Duration::from_secs(1);
const AGAIN_AFTER: Duration = Duration::from_millis(200);
/// All records are in this one.
const PARTITION: i32 = 0;

/// The writer of the log. There is one: who opens it fences whoever had it before.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Outbox {
    producer: TransactionalProducer,
    topic: String,
    input: String,
}

impl Outbox {
    /// Opens the log, and ends what another writer left pending. `None`: the process is to stop.
    ///
    /// # Errors
    /// When a property is not one of librdkafka's, or the brokers refuse a transaction.
    pub fn open(kafka: &KafkaSettings, stop: &Stop) -> anyhow::Result<Option<Self>> {
        let producer: TransactionalProducer = kafka
            .producer(&format!("{}-notify", kafka.prefix), 'a')
            .create_with_context(Deliveries::default())
            .context("Kafka producer of notifications")?;
        loop {
            match producer.init_transactions(INIT_SLICE) {
                Ok(()) => break,
                Err(_) if stop.is_requested() => return Ok(None),
                Err(error) => {
                    let again = matches!(&error, KafkaError::Transaction(it) if it.is_retriable());
                    anyhow::ensure!(again, "init_transactions: {error}");
                    outage::warn("init", format_args!("init_transactions: {error}, again"));
                }
            }
            producer.poll(Duration::ZERO);
            clock::pause(AGAIN_AFTER);
        }
        Ok(Some(Self {
            producer,
            topic: Topic::Notifications.name(&kafka.prefix),
            input: Topic::Alerts.name(&kafka.prefix),
        }))
    }

    /// Appends records, each with its key, and notes that `alerts` is read up to these offsets: both, or neither.
    ///
    /// # Errors
    /// When it is not known to be done. Then this writer is of no more use: what was written is found by reading the log.
    pub fn write(
        &self,
        records: &[(String, Vec<u8>)],
        read_to: &BTreeMap<i32, i64>,
        group: &Candidate,
    ) -> anyhow::Result<()> {
        let mut offsets = TopicPartitionList::new();
        for (partition, offset) in read_to {
            offsets.add_partition_offset(&self.input, *partition, Offset::Offset(*offset))?;
        }
        let group = group.metadata().context("the group is gone")?;
        self.producer.begin_transaction()?;
        for (key, payload) in records {
            let record = BaseRecord::with_opaque_to(&self.topic, 0_usize)
                .partition(PARTITION)
                .key(key.as_str())
                .payload(payload);
            commit::send(&self.producer, record)?;
        }
        (self.producer).send_offsets_to_transaction(&offsets, &group, ANSWER_WITHIN)?;
        commit::drain(&self.producer, DRAIN_WITHIN)?;
        Ok(commit::commit(&self.producer)?)
    }
}

/// A record of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRecord {
    pub offset: i64,
    pub payload: Vec<u8>,
    pub written_at: Timestamp,
}

/// The log as one receiver reads it: a group `PREFIX-notify-NAME`, whose committed offset is how far it was served.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct OutboxReader {
    consumer: BaseConsumer<FetchContext>,
    topic: String,
    /// The first record that the receiver has not been sent.
    pub position: i64,
}

impl OutboxReader {
    /// Begins where the receiver was served to; one that is new begins at the end. What it was sent before is read once more, too.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub fn open(kafka: &KafkaSettings, name: &str) -> anyhow::Result<Self> {
        let mut config = kafka.reader(&format!("notify-{name}"));
        config
            .set("group.id", format!("{}-notify-{name}", kafka.prefix))
            // A receiver that is away leaves its records on the brokers.
            .set("queued.min.messages", "100")
            .set("queued.max.messages.kbytes", "1024");
        let consumer: BaseConsumer<FetchContext> = config
            .create_with_context(FetchContext::default())
            .with_context(|| format!("Kafka consumer of the receiver `{name}`"))?;
        let topic = Topic::Notifications.name(&kafka.prefix);
        let (first, end) = ends(&consumer, &topic, PARTITION, ANSWER_WITHIN)?;
        let served_to = committed(&consumer, &topic, [PARTITION], ANSWER_WITHIN)?;
        let served_to = served_to.get(&PARTITION).copied();
        let mut reader = Self {
            consumer,
            topic,
            position: served_to.unwrap_or(end).max(first),
        };
        if let Some(lost) = served_to.map(|it| first - it).filter(|lost| *lost > 0) {
            tracing::error!(
                receiver = name,
                "up to {lost} notifications were removed from `{}` before they were sent: its retention is too short",
                reader.topic
            );
        }
        reader.commit(reader.position)?;
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&reader.topic, PARTITION, Offset::Offset(first))?;
        reader.consumer.assign(&list)?;
        Ok(reader)
    }

    /// Returns the next record, or `None` if none comes within `wait`.
    ///
    /// # Errors
    /// When the record that comes next was removed.
    pub fn poll(&self, wait: Duration) -> anyhow::Result<Option<OutboxRecord>> {
        match self.consumer.poll(wait) {
            Some(Ok(record)) => Ok(Some(OutboxRecord {
                offset: record.offset(),
                payload: record.payload().unwrap_or_default().to_vec(),
                written_at: Timestamp::from_millis(record.timestamp().to_millis().unwrap_or(0)),
            })),
            Some(Err(KafkaError::PartitionEOF(_))) | None => Ok(None),
            Some(Err(error)) if is_gone(&error) => Err(error.into()),
            Some(Err(error)) => {
                outage::warn_of_poll("notifications", &error);
                Ok(None)
            }
        }
    }

    /// Notes that the receiver was served up to an offset. Kafka forgets after a week what is not noted again.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub fn commit(&mut self, position: i64) -> anyhow::Result<()> {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.topic, PARTITION, Offset::Offset(position))?;
        self.consumer.commit(&list, CommitMode::Sync)?;
        self.position = position;
        Ok(())
    }
}
