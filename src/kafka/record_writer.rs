//! Writes what people decide by the API, acknowledgements and silences, to the topics that are theirs: one compacted record under its key.

use std::time::Duration;

use anyhow::Context as _;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
};

use super::{
    outage::{log_error, log_line},
    settings::KafkaSettings,
    topic::Topic,
};

const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

/// The producer of acknowledgements and silences.
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
                .context("Kafka producer of acknowledgements and silences")?,
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
