//! Writes single records: what people decide by the API, acknowledgements and silences, to the topics that are theirs; and what could not be
//! delivered, to the dead letters.

use std::time::Duration;

use anyhow::Context as _;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use super::{
    outage::{log_error, log_line},
    settings::KafkaSettings,
    topic::Topic,
};
use floorwalker_core::engine::LETTER_HEADERS;

const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

/// A record of one of our topics that could not be used.
#[derive(Debug, Clone, Copy)]
pub struct PutAside<'a> {
    pub topic: Topic,
    pub partition: i32,
    pub offset: i64,
    pub key: &'a str,
    pub payload: &'a [u8],
    /// The kind of fault, by which letters are listed and sent again.
    pub reason: &'a str,
    pub sentence: &'a str,
}

/// The producer of single records.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct RecordWriter {
    producer: FutureProducer<WriterContext>,
    prefix: String,
}

impl RecordWriter {
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub fn new(kafka: &KafkaSettings) -> anyhow::Result<Self> {
        let mut config = kafka.client("write");
        config
            .set("partitioner", "murmur2_random")
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            .set(
                "message.timeout.ms",
                DELIVERED_WITHIN.as_millis().to_string(),
            );
        Ok(Self {
            producer: config
                .create_with_context(WriterContext)
                .context("Kafka producer of single records")?,
            prefix: kafka.prefix.clone(),
        })
    }

    /// Writes a record, and waits until the brokers have it.
    ///
    /// # Errors
    /// When they do not take it in time.
    pub async fn write(&self, topic: Topic, key: &str, record: &[u8]) -> anyhow::Result<()> {
        let name = topic.name(&self.prefix);
        let record = FutureRecord::to(&name).key(key).payload(record);
        let sent = self.producer.send(record, DELIVERED_WITHIN).await;
        sent.map_err(|(error, _)| error)
            .with_context(|| format!("write to `{name}`"))?;
        Ok(())
    }

    /// Writes a dead letter, and waits until the brokers have it.
    ///
    /// # Errors
    /// When they do not take it in time.
    pub async fn put_aside(&self, letter: &PutAside<'_>) -> anyhow::Result<()> {
        let name = Topic::DeadLetters.name(&self.prefix);
        let values = [
            letter.topic.name(&self.prefix),
            letter.partition.to_string(),
            letter.offset.to_string(),
            letter.reason.to_owned(),
            letter.sentence.to_owned(),
        ];
        let headers = LETTER_HEADERS.iter().zip(&values);
        let headers = headers.fold(OwnedHeaders::new(), |headers, (key, value)| {
            let value = Some(value.as_str());
            headers.insert(Header { key, value })
        });
        let record = FutureRecord::to(&name)
            .key(letter.key)
            .payload(letter.payload)
            .headers(headers);
        let sent = self.producer.send(record, DELIVERED_WITHIN).await;
        sent.map_err(|(error, _)| error)
            .with_context(|| format!("write to `{name}`"))?;
        Ok(())
    }
}

struct WriterContext;

impl ClientContext for WriterContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}
