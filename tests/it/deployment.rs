//! Two processes on a real broker, a load on them, and a reader of what they say.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use floorwalker::{
    engine::OutTopic,
    kafka::topics::{Topic, Topics},
};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    broker::{pause, shared},
    process::{Process, TASKS, kafka_settings},
    spine,
};

const SOURCE_PARTITIONS: i32 = 16;
const INSTANCES: [&str; 2] = ["one", "two"];

#[expect(clippy::disallowed_methods, reason = "tests watch real processes")]
fn now() -> Instant {
    Instant::now()
}

fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_current_thread().build();
    built.expect("a runtime")
}

pub(crate) fn create_topics(prefix: &str) {
    let kafka = kafka_settings(&shared().address, prefix, "setup");
    let topics = Topics::new(&kafka, TASKS).expect("a client");
    assert_eq!(topics.create().expect("topics").len(), 7);
    assert_eq!(topics.create().expect("topics").len(), 0);
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().expect("client");
    let name = format!("{prefix}.events");
    let topic = NewTopic::new(&name, SOURCE_PARTITIONS, TopicReplication::Fixed(1));
    runtime()
        .block_on(admin.create_topics([&topic], &AdminOptions::new()))
        .expect("a topic");
    let sources = [name];
    for _ in 0..50 {
        if topics.check(&sources).expect("an answer").is_empty() {
            return;
        }
        pause(Duration::from_millis(100));
    }
    panic!("{:?}", topics.check(&sources));
}

/// The real call center several times over, side by side: the order of times stays.
pub(crate) fn lines(copies: usize) -> Vec<String> {
    let copy = |line: &String, number: usize| {
        line.replace("pwc-ID", &format!("pwc{number}-ID"))
            .replace("\"ID", &format!("\"c{number}-ID"))
    };
    spine::call_center_lines()
        .iter()
        .flat_map(|line| (0..copies).map(move |number| copy(line, number)))
        .collect()
}

/// The last record of each key that the same lines lead to without any broker.
pub(crate) fn expected(lines: &[String]) -> BTreeMap<String, Value> {
    let cluster = spine::run(lines, TASKS, None);
    let kpis = cluster
        .outputs
        .iter()
        .filter(|(_, output)| output.topic == OutTopic::Kpis);
    kpis.map(|(_, output)| {
        let text = |bytes: &Option<Vec<u8>>| {
            String::from_utf8(bytes.clone().expect("bytes")).expect("text")
        };
        let value = serde_json::from_str(&text(&output.payload)).expect("JSON");
        (text(&output.key), value)
    })
    .collect()
}

/// Sends lines at a rate.
pub(crate) struct Load {
    producer: BaseProducer,
    topic: String,
    lines: std::vec::IntoIter<String>,
    started_at: Instant,
    pub(crate) sent: u64,
    rate: u64,
    partitions: i32,
}

impl Load {
    fn new(prefix: &str, lines: Vec<String>, rate: u64) -> Self {
        Self {
            producer: ClientConfig::new()
                .set("bootstrap.servers", &shared().address)
                .set("linger.ms", "5")
                .set("topic.metadata.refresh.interval.ms", "500")
                .create()
                .expect("producer"),
            topic: format!("{prefix}.events"),
            lines: lines.into_iter(),
            started_at: now(),
            sent: 0,
            rate,
            partitions: SOURCE_PARTITIONS,
        }
    }

    /// Sends what is due until then.
    pub(crate) fn run_for(&mut self, length: Duration) {
        let until = now() + length;
        while now() < until {
            let ms = now().duration_since(self.started_at).as_millis();
            let due = u64::try_from(ms).expect("a short test") * self.rate / 1_000;
            while self.sent < due && self.send() {}
            self.producer.poll(Duration::ZERO);
            pause(Duration::from_millis(2));
        }
    }

    fn send(&mut self) -> bool {
        let Some(line) = self.lines.next() else {
            return false;
        };
        let partition =
            i32::try_from(self.sent % u64::from(self.partitions.unsigned_abs())).expect("small");
        loop {
            let record = BaseRecord::<(), _>::to(&self.topic)
                .partition(partition)
                .payload(&line);
            match self.producer.send(record) {
                Ok(()) => break,
                Err(_full) => self.producer.poll(Duration::from_millis(1)),
            }
        }
        self.sent += 1;
        true
    }

    /// Something for each partition. One that is empty to its end holds no clock, and at this speed the others' events are
    /// hours older a moment later: what comes to it first would be late.
    fn send_first(&mut self) {
        let count = 8 * self.partitions;
        (0..count).for_each(|_| {
            self.send();
        });
        self.producer
            .flush(Duration::from_secs(10))
            .expect("delivery");
        self.started_at = now();
    }

    fn send_rest(&mut self) {
        while self.send() {
            self.producer.poll(Duration::ZERO);
        }
        self.producer
            .flush(Duration::from_secs(10))
            .expect("delivery");
    }
}

/// Reads records as a reader with `read_committed` does.
struct Reader {
    consumer: BaseConsumer,
    latest: BTreeMap<String, Value>,
}

impl Reader {
    fn new(prefix: &str, topic: Topic) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &shared().address)
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .create()
            .expect("consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::from(TASKS) {
            list.add_partition_offset(&topic.name(prefix), partition, Offset::Beginning)
                .expect("an offset");
        }
        consumer.assign(&list).expect("an assignment");
        Self {
            consumer,
            latest: BTreeMap::new(),
        }
    }

    fn read_until(&mut self, expected: &BTreeMap<String, Value>, within: Duration) -> bool {
        let until = now() + within;
        while now() < until {
            match self.consumer.poll(Duration::from_millis(50)) {
                Some(Ok(record)) => {
                    let key =
                        String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
                    let value = serde_json::from_slice(record.payload().unwrap_or_default());
                    self.latest.insert(key, value.expect("JSON"));
                }
                Some(Err(error)) => panic!("{error}"),
                None if self.latest == *expected => return true,
                None => {}
            }
        }
        self.latest == *expected
    }

    fn explain(&self, expected: &BTreeMap<String, Value>) -> String {
        let mut off = expected
            .iter()
            .filter(|(key, value)| self.latest.get(*key) != Some(value));
        let first = off.next().map(|(key, value)| {
            let found = self.latest.get(key).unwrap_or(&Value::Null);
            format!("{key}:\nexpected {value}\nfound {found}")
        });
        let more = self
            .latest
            .keys()
            .filter(|key| !expected.contains_key(*key))
            .count();
        let differ = off.count() + usize::from(first.is_some());
        format!(
            "{differ} of {} records differ, {more} more; {}",
            expected.len(),
            first.unwrap_or_default()
        )
    }
}

pub(crate) struct Deployment {
    prefix: String,
    folder: tempfile::TempDir,
    pub(crate) processes: Vec<Process>,
    pub(crate) load: Load,
    reader: Reader,
    expected: BTreeMap<String, Value>,
}

impl Deployment {
    pub(crate) fn start(prefix: &str, processes: usize, lines: Vec<String>, rate: u64) -> Self {
        let expected = expected(&lines);
        create_topics(prefix);
        // Stays if the test fails.
        let mut folder = tempfile::tempdir().expect("a folder");
        folder.disable_cleanup(true);
        let mut load = Load::new(prefix, lines, rate);
        load.send_first();
        let start = |name: &&str| Process::start(&shared().address, prefix, name, folder.path());
        Self {
            prefix: prefix.to_owned(),
            processes: INSTANCES.iter().take(processes).map(start).collect(),
            load,
            reader: Reader::new(prefix, Topic::Kpis),
            folder,
            expected,
        }
    }

    /// The folder of the processes' logs.
    pub(crate) fn logs(&self) -> std::path::Display<'_> {
        self.folder.path().display()
    }

    pub(crate) fn restart(&mut self, number: usize) {
        let address = &shared().address;
        let fresh = Process::start(address, &self.prefix, INSTANCES[number], self.folder.path());
        self.processes[number] = fresh;
    }

    /// Gives the source more partitions, and uses them.
    pub(crate) fn grow(&mut self, partitions: i32) {
        let kafka = kafka_settings(&shared().address, &self.prefix, "setup");
        let admin: AdminClient<DefaultClientContext> =
            kafka.client("test").create().expect("client");
        let name = format!("{}.events", self.prefix);
        let count = usize::try_from(partitions).expect("small");
        let wanted = NewPartitions::new(&name, count);
        runtime()
            .block_on(admin.create_partitions([&wanted], &AdminOptions::new()))
            .expect("more partitions");
        // The producer may not know them at once.
        self.load.run_for(Duration::from_secs(2));
        self.load.partitions = partitions;
    }

    /// Whether a record comes to a topic in time.
    pub(crate) fn hears_from(&self, topic: Topic, within: Duration) -> bool {
        let reader = Reader::new(&self.prefix, topic);
        reader
            .consumer
            .poll(within)
            .is_some_and(|record| record.is_ok())
    }

    /// The sum of a number over the processes.
    pub(crate) fn sum(&self, name: &str) -> u64 {
        self.processes
            .iter()
            .map(|process| process.number(name))
            .sum()
    }

    /// The figures are those of a quiet world, every event was read once, and all processes live.
    pub(crate) fn settle(&mut self) {
        self.load.send_rest();
        let same = self
            .reader
            .read_until(&self.expected, Duration::from_secs(60));
        pause(Duration::from_millis(1_500));
        self.processes.iter_mut().for_each(Process::assert_alive);
        assert!(
            same,
            "logs in {}: {}",
            self.logs(),
            self.reader.explain(&self.expected)
        );
        assert_eq!(self.sum("tasks"), u64::from(TASKS));
        assert_eq!(self.sum("failed"), 0);
        assert_eq!(self.sum("read"), self.load.sent);
        assert_eq!(self.sum("forwarded"), self.sum("received"));
        let accounted = ["applied", "repeated", "skipped", "dead_lettered"];
        let accounted: u64 = accounted.into_iter().map(|name| self.sum(name)).sum();
        assert_eq!(accounted, self.load.sent);
    }

    pub(crate) fn end(mut self) {
        self.processes.iter_mut().for_each(Process::terminate);
        self.folder.disable_cleanup(false);
    }

    pub(crate) fn finish(mut self) {
        self.settle();
        self.end();
    }

    /// Where the partitions of a topic begin: what lies before was removed.
    pub(crate) fn first_offsets(&self, topic: Topic) -> Vec<i64> {
        let name = topic.name(&self.prefix);
        let first = |partition| {
            let within = Duration::from_secs(5);
            let found = self
                .reader
                .consumer
                .fetch_watermarks(&name, partition, within);
            found.expect("an answer").0
        };
        (0..i32::from(TASKS)).map(first).collect()
    }
}
