//! Sends records to one topic, as a producer of events would: by the contact's id, placed as Java's producers place it.

use std::{sync::OnceLock, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext},
    types::RDKafkaErrorCode,
};

use super::{
    clock::{self, Tick},
    connect,
    outage::{log_error, log_line},
    settings::{KafkaSettings, RECORD_BYTES_MAX},
    topics::partitions,
};

/// What is still on its way when the last record has been handed over.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const TOPIC_WITHIN: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const ROOM_PAUSE: Duration = Duration::from_millis(1);

/// A producer of one topic.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Sender {
    producer: BaseProducer<SenderContext>,
    topic: String,
}

impl Sender {
    /// Finds the topic.
    ///
    /// # Errors
    /// When Kafka can't be reached or the topic does not exist.
    pub fn new(kafka: &KafkaSettings, topic: &str) -> anyhow::Result<Self> {
        connect::find(kafka)?;
        let producer = config(kafka)
            .create_with_context(SenderContext::default())
            .context("Kafka producer")?;
        let sender = Self {
            producer,
            topic: topic.to_owned(),
        };
        sender.find_topic(kafka)?;
        Ok(sender)
    }

    /// librdkafka would wait half a minute for a topic that is not there. One that was made a moment ago may be on its way.
    fn find_topic(&self, kafka: &KafkaSettings) -> anyhow::Result<()> {
        let limit = Tick::now().after(TOPIC_WITHIN);
        let topic = &self.topic;
        loop {
            let metadata = (self.producer.client())
                .fetch_metadata(Some(topic), ANSWER_WITHIN)
                .with_context(|| format!("no answer from Kafka at {}", kafka.brokers))?;
            if partitions(&metadata, topic) > 0 {
                return Ok(());
            }
            anyhow::ensure!(
                Tick::now() < limit,
                "topic `{topic}` does not exist at {}: create it, or correct `--topic`",
                kafka.brokers
            );
            clock::pause(LOOK_AGAIN);
        }
    }

    /// Hands a record over, waiting for room. Without a key it goes to any partition.
    ///
    /// # Errors
    /// When the record can't be sent.
    pub fn send(&self, key: Option<&[u8]>, payload: &[u8]) -> anyhow::Result<()> {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).payload(payload);
        if let Some(key) = key {
            record = record.key(key);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((error, back)) => {
                    let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                    anyhow::ensure!(full, "send to `{}`: {error}", self.topic);
                    record = back;
                    self.producer.poll(Duration::ZERO);
                    clock::pause(ROOM_PAUSE);
                }
            }
        }
    }

    /// Takes note of what was delivered; call it now and then.
    ///
    /// # Errors
    /// When a record was not delivered.
    pub fn poll(&self) -> anyhow::Result<()> {
        self.producer.poll(Duration::ZERO);
        self.producer.context().check()
    }

    /// Waits until the broker has everything.
    ///
    /// # Errors
    /// When a record was not delivered.
    pub fn finish(&self) -> anyhow::Result<()> {
        self.producer
            .flush(DELIVERED_WITHIN)
            .context("records were not delivered")?;
        self.producer.context().check()
    }
}

fn config(kafka: &KafkaSettings) -> ClientConfig {
    let mut config = kafka.client("load");
    config
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .set("enable.idempotence", "true")
        .set("message.max.bytes", RECORD_BYTES_MAX.to_string());
    kafka.compress(&mut config);
    config
}

/// Keeps the first failed delivery.
#[derive(Debug, Default)]
struct SenderContext {
    failure: OnceLock<KafkaError>,
}

impl SenderContext {
    fn check(&self) -> anyhow::Result<()> {
        self.failure
            .get()
            .map_or(Ok(()), |error| Err(error.clone().into()))
    }
}

impl ClientContext for SenderContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for SenderContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.failure.get_or_init(|| error.clone());
        }
    }
}
