//! The settings of the Kafka edge, and the librdkafka properties that follow from it.

use std::time::Duration;

use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext},
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, ProducerContext},
    types::RDKafkaConfRes,
};

use super::{broker::Broker, clock::Wall};

/// What the topics of a deployment must take: a dead letter carries a source record, whole up to a megabyte less than this.
pub const RECORD_BYTES_MAX: usize = 16 << 20;
/// What librdkafka's producers hand on at most, their own limit: what is too large is the topic's setting, where it can be changed.
const SENT_BYTES_MAX: &str = "1000000000";
/// The largest answer that a consumer takes: a source may hold records beyond librdkafka's default of 100 MB, and a consumer
/// that refused one would ask for it again without end.
const ANSWER_BYTES_MAX: &str = "2000000000";
/// How the names of producers' properties begin that are about compression.
const COMPRESSION: &str = "compression.";

/// How to reach Kafka and which part of the work this process takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `bootstrap.servers`.
    pub brokers: String,
    /// What answers there.
    pub broker: Broker,
    /// The wall clock that the engine is handed.
    pub wall: Wall,
    /// Begins the name of each topic of ours, and is the group's id. Default `floorwalker`.
    pub prefix: String,
    /// Names this process in the group; must be its own, and the same after a restart. Default `main`.
    pub instance: String,
    /// Threads that apply. Default 1.
    pub workers: u16,
    /// Copies of each topic that `topics create` makes; -1 is the broker's default. Default -1.
    pub replication: i32,
    /// After this long without a sign of life a process's tasks go to others: no less than the broker's
    /// `group.min.session.timeout.ms` (6 s by default). Default 8 s.
    pub session_timeout: Duration,
    /// How often the sources are asked for new partitions. Default 30 s.
    pub metadata_interval: Duration,
    /// Further librdkafka properties (`security.protocol`, `sasl.*`, `ssl.*`), for each client.
    pub properties: Vec<(String, String)>,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            brokers: "localhost:9092".to_owned(),
            broker: Broker::default(),
            wall: Wall::default(),
            prefix: "floorwalker".to_owned(),
            instance: "main".to_owned(),
            workers: 1,
            replication: -1,
            session_timeout: Duration::from_secs(8),
            metadata_interval: Duration::from_secs(30),
            properties: Vec::new(),
        }
    }
}

/// What librdkafka has against a property: that there is none of this name, or none with this value. A value that is a secret
/// stays out of the sentence.
#[must_use]
pub fn property_fault(name: &str, value: &str, is_secret: bool) -> Option<String> {
    let error = refusal(name, value)?;
    Some(if is_unknown(&error) {
        format!("librdkafka has no property `{name}`; its CONFIGURATION.md has them all")
    } else {
        let value = if is_secret {
            "this"
        } else {
            &format!("`{value}`")
        };
        format!(
            "librdkafka does not take {value} as `{name}`; its CONFIGURATION.md lists what it takes"
        )
    })
}

/// Whether librdkafka has a property of this name.
#[must_use]
pub fn is_property(name: &str) -> bool {
    !refusal(name, "1").is_some_and(|error| is_unknown(&error))
}

fn refusal(name: &str, value: &str) -> Option<KafkaError> {
    let mut config = ClientConfig::new();
    config.set(name, value).create_native_config().err()
}

fn is_unknown(error: &KafkaError) -> bool {
    let unknown = RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
    matches!(error, KafkaError::ClientConfig(what, ..) if *what == unknown)
}

/// Fetched, unpacked and not yet applied, of each partition that is read: what its queue may hold, and the answer that fills it.
const AHEAD_BYTES_MAX: u64 = 2_500_000;
/// The same of a partition that the read side reads back: records that replace each other are unpacked to sixty times as much, a batch stays
/// whole in memory until its last record is taken, and the allocator returns late what another thread has freed.
const FOLLOWED_BYTES_MAX: u64 = 12_500_000;
/// Bytes that each thread fetches that reads a state log.
const RESTORE_BYTES_MAX: u64 = 20_000_000;

/// A client that is only made to see whether it can be.
struct Mute;

impl ClientContext for Mute {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Mute {}

impl ProducerContext for Mute {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): Self::DeliveryOpaque) {}
}

impl KafkaSettings {
    /// Partitions that are read back at a time. What is fetched ahead takes some megabytes for each, unpacked, and there are six topics:
    /// all at once, a restart took five times the memory of the process before it.
    pub(super) const BEHIND_MAX: usize = 6;

    /// What the read side fetches ahead while it reads back: of a few partitions at a time.
    pub const READ_BACK_BYTES_MAX: u64 = Self::BEHIND_MAX as u64 * FOLLOWED_BYTES_MAX;

    /// What a process that has all tasks fetches ahead of its sources, of which each has a partition for each task, of the exchange and
    /// of state logs.
    #[must_use]
    pub fn ahead_bytes_max(&self, tasks: u16, sources: usize) -> u64 {
        let partitions = u64::from(tasks) * (sources as u64 + 1);
        partitions * AHEAD_BYTES_MAX + u64::from(self.workers) * 2 * RESTORE_BYTES_MAX
    }

    /// Makes every kind of client once, without waiting for Kafka: some properties are right alone, but not together.
    ///
    /// # Errors
    /// When librdkafka refuses one; the error is its sentence.
    pub fn try_clients(&self) -> Result<(), String> {
        let sentence =
            |error: &KafkaError| match error.to_string().split_once("Client creation error: ") {
                Some((_, sentence)) => sentence.trim().to_owned(),
                None => error.to_string(),
            };
        let consumers = [self.membership(0), self.fetch(0), self.follow()];
        for config in consumers {
            let consumer: Result<BaseConsumer<Mute>, _> = config.create_with_context(Mute);
            drop(consumer.map_err(|error| sentence(&error))?);
        }
        let producer: Result<BaseProducer<Mute>, _> =
            (self.producer(&self.writer(0), 'a')).create_with_context(Mute);
        drop(producer.map_err(|error| sentence(&error))?);
        Ok(())
    }

    /// The properties of any client; `role` ends its `client.id`.
    #[must_use]
    pub fn client(&self, role: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set(
                "client.id",
                format!("{}-{}-{role}", self.prefix, self.instance),
            )
            .set("socket.nagle.disable", "true")
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("allow.auto.create.topics", "false");
        for (name, value) in &self.properties {
            // Of these a consumer knows nothing.
            if !name.starts_with(COMPRESSION) {
                config.set(name, value);
            }
        }
        config
    }

    /// How producers compress, unless the properties set it: a quarter less is written than by lz4, in about the same time.
    pub(super) fn compress(&self, config: &mut ClientConfig) {
        let configured =
            || (self.properties.iter()).filter(|(name, _)| name.starts_with(COMPRESSION));
        if !configured().any(|(name, _)| name == "compression.type") {
            config.set("compression.type", "zstd");
            config.set("compression.level", "1");
        }
        for (name, value) in configured() {
            config.set(name, value);
        }
    }

    /// The consumer that is given tasks. Reads nothing.
    pub(super) fn membership(&self, worker: u16) -> ClientConfig {
        let mut config = self.client(&format!("{worker}-member"));
        config
            .set("group.id", &self.prefix)
            .set("group.instance.id", format!("{}-{worker}", self.instance))
            .set("group.protocol", "classic")
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set(
                "session.timeout.ms",
                self.session_timeout.as_millis().to_string(),
            )
            // How soon the others learn that tasks are to be moved.
            .set("heartbeat.interval.ms", "500")
            .set("max.poll.interval.ms", "30000")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // How it is known when the coordinator last answered.
            .set("statistics.interval.ms", "1000");
        config
    }

    /// The consumer that reads sources and the exchange.
    pub(super) fn fetch(&self, worker: u16) -> ClientConfig {
        let mut config = self.reader(&format!("{worker}-fetch"));
        config
            .set("fetch.wait.max.ms", self.broker.fetch_wait_ms(50))
            .set("fetch.min.bytes", "1")
            // Each partition has its own queue: these limits count per partition.
            .set("queued.min.messages", "4000")
            .set("queued.max.messages.kbytes", "1024")
            // Compressed: unpacked, and with what librdkafka keeps of each record, it is ten times as much.
            .set("fetch.message.max.bytes", "131072")
            .set("statistics.interval.ms", "500");
        config
    }

    /// The consumer that sees committed offsets even while a transaction is pending.
    pub(super) fn peek(&self) -> ClientConfig {
        let mut config = self.reader("peek");
        config.set("isolation.level", "read_uncommitted");
        config
    }

    /// The consumer of the read side.
    pub(super) fn follow(&self) -> ClientConfig {
        let mut config = self.reader("read-side");
        config
            .set("fetch.wait.max.ms", self.broker.fetch_wait_ms(100))
            // Each partition of each topic has its own queue: these limits count per partition.
            .set("queued.min.messages", "2000")
            .set("queued.max.messages.kbytes", "512")
            // Compressed: records that replace each other are unpacked to sixty times as much.
            .set("fetch.message.max.bytes", "32768")
            .set("statistics.interval.ms", "2000");
        config
    }

    /// The consumer that reads a state log.
    pub(super) fn restore(&self, task: u16) -> ClientConfig {
        let mut config = self.reader(&format!("restore-{task}"));
        config
            .set("fetch.wait.max.ms", "10")
            .set("fetch.message.max.bytes", "2097152")
            .set("queued.min.messages", "1000000")
            .set("queued.max.messages.kbytes", "8192");
        config
    }

    pub(super) fn reader(&self, role: &str) -> ClientConfig {
        let mut config = self.client(role);
        config
            .set("group.id", &self.prefix)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed")
            .set("enable.partition.eof", "true")
            .set("auto.offset.reset", "error")
            .set("receive.message.max.bytes", ANSWER_BYTES_MAX)
            .set("fetch.queue.backoff.ms", "1");
        config
    }

    /// A worker's name in offsets that it commits; its transactional ids begin with it.
    pub(super) fn writer(&self, worker: u16) -> String {
        format!("{}-{}-{worker}", self.prefix, self.instance)
    }

    /// One of a worker's two transactional producers, `a` or `b`.
    pub(super) fn producer(&self, writer: &str, turn: char) -> ClientConfig {
        let mut config = self.client(&format!("{writer}-{turn}"));
        config
            .set("transactional.id", format!("{writer}-{turn}"))
            .set("transaction.timeout.ms", "10000")
            .set("retry.backoff.ms", "2")
            .set("linger.ms", "1")
            .set("message.max.bytes", SENT_BYTES_MAX);
        self.compress(&mut config);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn producers_compress_as_the_properties_say_and_consumers_hear_nothing_of_it() {
        let mut settings = KafkaSettings::default();
        let said_by = |kafka: &KafkaSettings| {
            let producer = kafka.producer("w", 'a');
            ["compression.type", "compression.level"].map(|it| producer.get(it).map(str::to_owned))
        };
        let [zstd, lz4, one, three] = ["zstd", "lz4", "1", "3"].map(|it| Some(it.to_owned()));
        assert_eq!(said_by(&settings), [zstd.clone(), one]);
        let mut set = |name: &str, value: &str| {
            let property = (name.to_owned(), value.to_owned());
            settings.properties.push(property);
            said_by(&settings)
        };
        assert_eq!(set("compression.level", "3"), [zstd, three.clone()]);
        assert_eq!(set("compression.type", "lz4"), [lz4, three]);
        set("ssl.ca.location", "/ca");
        let consumer = settings.reader("read-side");
        assert_eq!(consumer.get("compression.type"), None);
        assert_eq!(consumer.get("ssl.ca.location"), Some("/ca"));
    }
}
