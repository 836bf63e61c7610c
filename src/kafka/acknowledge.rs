//! Writes acknowledgements of alerts to the topic that is theirs: one compacted record under the alert's id.

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

/// The producer of acknowledgements.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Acknowledger {
    producer: FutureProducer<AcknowledgerContext>,
    topic: String,
}

impl Acknowledger {
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub fn new(kafka: &KafkaSettings) -> anyhow::Result<Self> {
        let mut config = kafka.client("acknowledge");
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
                .create_with_context(AcknowledgerContext)
                .context("Kafka producer of acknowledgements")?,
            topic: Topic::Acknowledgements.name(&kafka.prefix),
        })
    }

    /// Writes an acknowledgement, and waits until the brokers have it.
    ///
    /// # Errors
    /// When they do not take it in time.
    pub async fn write(&self, alert: &str, event: &[u8]) -> anyhow::Result<()> {
        let record = FutureRecord::to(&self.topic).key(alert).payload(event);
        let sent = self.producer.send(record, DELIVERED_WITHIN).await;
        sent.map_err(|(error, _)| error)
            .with_context(|| format!("write to `{}`", self.topic))?;
        Ok(())
    }
}

struct AcknowledgerContext;

impl ClientContext for AcknowledgerContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}
