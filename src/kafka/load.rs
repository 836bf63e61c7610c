//! Sends the lines of a file to a topic, as a producer of events would.

use std::{
    io::BufRead,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use flate2::read::MultiGzDecoder;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext},
    types::RDKafkaErrorCode,
};
use serde::Deserialize;

use super::{
    client::{log_error, log_line},
    clock::{self, Tick},
    settings::{KafkaSettings, RECORD_BYTES_MAX},
    topics::partitions,
};

/// What is still on its way when the last line has been handed over.
const DELIVERED_WITHIN: Duration = Duration::from_secs(60);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const TOPIC_WITHIN: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const ROOM_PAUSE: Duration = Duration::from_millis(1);
/// Lines between two looks at the clock and at delivery reports.
const LINES_A_TURN: u64 = 256;

/// What to send, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSettings {
    /// One event a line; `.gz` is unpacked.
    pub file: PathBuf,
    pub topic: String,
    pub key: LoadKey,
    /// Lines a second; `None`: as fast as it goes.
    pub rate: Option<u64>,
}

/// What decides a line's partition, by the hash that Java's producers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadKey {
    /// The contact's id: each contact's events stay in order, and on the task that owns it.
    #[default]
    Contact,
    /// None: any partition.
    Random,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    pub lines: u64,
    pub bytes: u64,
    pub took: Duration,
}

/// Sends the file, and waits until the broker has all of it.
///
/// # Errors
/// When the file can't be read, or the broker does not take a line.
pub fn load(kafka: &KafkaSettings, load: &LoadSettings) -> anyhow::Result<Loaded> {
    let producer: LoadProducer = config(kafka)
        .create_with_context(LoadContext::default())
        .context("Kafka producer")?;
    let mut lines = open(&load.file)?;
    find_topic(&producer, kafka, &load.topic)?;
    let began_at = Tick::now();
    let mut loaded = Loaded {
        lines: 0,
        bytes: 0,
        took: Duration::ZERO,
    };
    let mut line = Vec::new();
    while read_line(&mut *lines, &mut line)
        .with_context(|| format!("read {}", load.file.display()))?
    {
        if line.is_empty() {
            continue;
        }
        send(&producer, load, &line)?;
        loaded.lines += 1;
        loaded.bytes += line.len() as u64;
        if loaded.lines.is_multiple_of(LINES_A_TURN) {
            producer.poll(Duration::ZERO);
            producer.context().check()?;
            keep_rate(load.rate, loaded.lines, began_at);
        }
    }
    producer
        .flush(DELIVERED_WITHIN)
        .context("lines were not delivered")?;
    producer.context().check()?;
    loaded.took = Tick::now().since(began_at);
    Ok(loaded)
}

fn config(kafka: &KafkaSettings) -> rdkafka::ClientConfig {
    let mut config = kafka.client("load");
    config
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "5")
        .set("compression.type", "lz4")
        .set("enable.idempotence", "true")
        .set("message.max.bytes", RECORD_BYTES_MAX.to_string());
    config
}

/// librdkafka would wait half a minute for a topic that is not there. One that was made a moment ago may be on its way.
fn find_topic(producer: &LoadProducer, kafka: &KafkaSettings, topic: &str) -> anyhow::Result<()> {
    let limit = Tick::now().after(TOPIC_WITHIN);
    loop {
        let metadata = producer
            .client()
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

fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let reader = std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
    if file.extension().is_some_and(|extension| extension == "gz") {
        return Ok(Box::new(std::io::BufReader::new(MultiGzDecoder::new(
            reader,
        ))));
    }
    Ok(Box::new(std::io::BufReader::with_capacity(1 << 20, reader)))
}

/// `false` behind the last line; leaves out the line's end.
fn read_line(lines: &mut dyn BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = lines.read_until(b'\n', line)?;
    while line
        .last()
        .is_some_and(|byte| *byte == b'\n' || *byte == b'\r')
    {
        line.pop();
    }
    Ok(read > 0)
}

fn send(producer: &LoadProducer, load: &LoadSettings, line: &[u8]) -> anyhow::Result<()> {
    let contact = contact_id(line);
    let mut record = BaseRecord::to(&load.topic).payload(line);
    if let (LoadKey::Contact, Some(contact)) = (load.key, &contact) {
        record = record.key(contact.as_bytes());
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((error, back)) => {
                let full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
                anyhow::ensure!(full, "send to `{}`: {error}", load.topic);
                record = back;
                producer.poll(Duration::ZERO);
                clock::pause(ROOM_PAUSE);
            }
        }
    }
}

/// A line without one is sent all the same: it becomes a dead letter where all can see it.
fn contact_id(line: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow)]
        contact_id: Option<std::borrow::Cow<'a, str>>,
    }
    serde_json::from_slice::<Keyed<'_>>(line).ok()?.contact_id
}

fn keep_rate(rate: Option<u64>, lines: u64, began_at: Tick) {
    let Some(rate) = rate else { return };
    let due = Duration::from_micros(lines.saturating_mul(1_000_000) / rate.max(1));
    clock::pause(due.saturating_sub(Tick::now().since(began_at)));
}

type LoadProducer = BaseProducer<LoadContext>;

/// Keeps the first failed delivery.
#[derive(Debug, Default)]
struct LoadContext {
    failure: std::sync::OnceLock<KafkaError>,
}

impl LoadContext {
    fn check(&self) -> anyhow::Result<()> {
        self.failure
            .get()
            .map_or(Ok(()), |error| Err(error.clone().into()))
    }
}

impl ClientContext for LoadContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for LoadContext {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.failure.get_or_init(|| error.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_contact() {
        let found = contact_id(br#"{"event_id":"e","contact_id":"c\u00e9"}"#);
        assert_eq!(found.as_deref(), Some("c\u{e9}"));
        assert_eq!(contact_id(b"not json"), None);
    }
}
