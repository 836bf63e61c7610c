//! Processes killed at random instants under load: every event counts once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use floorwalker::kafka::topics::{Topic, Topics};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    message::Headers as _,
    producer::{BaseProducer, BaseRecord, Producer as _},
};

use crate::{
    broker::{pause, shared},
    process::{Process, TASKS, kafka_settings},
};

#[expect(clippy::disallowed_methods, reason = "tests watch real processes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn create_topics(prefix: &str, source_partitions: i32) {
    let kafka = kafka_settings(&shared().address, prefix, "setup");
    let topics = Topics::new(&kafka, TASKS).expect("a client");
    assert_eq!(topics.create().expect("topics").len(), 7);
    assert_eq!(topics.create().expect("topics").len(), 0);
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().expect("client");
    let name = format!("{prefix}.events");
    let topic = NewTopic::new(&name, source_partitions, TopicReplication::Fixed(1));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime");
    runtime
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

/// Produces keys at a rate and knows how often each was produced.
struct Load {
    producer: BaseProducer,
    topic: String,
    produced: BTreeMap<String, u64>,
    random: StdRng,
    started_at: Instant,
    sent: u64,
    rate: u64,
}

impl Load {
    fn new(prefix: &str, rate: u64, seed: u64) -> Self {
        Self {
            producer: ClientConfig::new()
                .set("bootstrap.servers", &shared().address)
                .set("linger.ms", "5")
                .create()
                .expect("producer"),
            topic: format!("{prefix}.events"),
            produced: BTreeMap::new(),
            random: StdRng::seed_from_u64(seed),
            started_at: now(),
            sent: 0,
            rate,
        }
    }

    /// Sends what is due until then.
    fn run_for(&mut self, length: Duration) {
        let until = now() + length;
        while now() < until {
            let due = self.started_at.elapsed_ms() * self.rate / 1_000;
            while self.sent < due {
                self.send();
            }
            self.producer.poll(Duration::ZERO);
            pause(Duration::from_millis(2));
        }
    }

    fn send(&mut self) {
        let number = self.random.random_range(0..300);
        let kind = if number < 3 { "alert" } else { "key" };
        let key = format!("{kind}-{number}");
        let spread = self.random.random::<u64>().to_string();
        let record = BaseRecord::to(&self.topic).key(&spread).payload(&key);
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("room");
        *self.produced.entry(key).or_default() += 1;
        self.sent += 1;
    }
}

trait ElapsedMs {
    fn elapsed_ms(self) -> u64;
}

impl ElapsedMs for Instant {
    fn elapsed_ms(self) -> u64 {
        u64::try_from(now().duration_since(self).as_millis()).unwrap_or(u64::MAX)
    }
}

/// Reads outputs as a reader with `read_committed` does, and checks that no step shows twice.
struct Reader {
    consumer: BaseConsumer,
    latest: BTreeMap<String, u64>,
    seqs: BTreeMap<(String, String), u64>,
}

impl Reader {
    fn new(prefix: &str) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &shared().address)
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .create()
            .expect("consumer");
        let mut list = TopicPartitionList::new();
        for topic in [Topic::Kpis, Topic::Alerts] {
            for partition in 0..i32::from(TASKS) {
                list.add_partition_offset(&topic.name(prefix), partition, Offset::Beginning)
                    .expect("an offset");
            }
        }
        consumer.assign(&list).expect("an assignment");
        Self {
            consumer,
            latest: BTreeMap::new(),
            seqs: BTreeMap::new(),
        }
    }

    fn read_until(&mut self, expected: &BTreeMap<String, u64>, within: Duration) -> bool {
        let until = now() + within;
        while now() < until {
            match self.consumer.poll(Duration::from_millis(50)) {
                Some(Ok(record)) => {
                    let key =
                        String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
                    let value = String::from_utf8_lossy(record.payload().unwrap_or_default());
                    let header = record
                        .headers()
                        .expect("headers")
                        .get(0)
                        .value
                        .expect("seq");
                    let seq: u64 = String::from_utf8_lossy(header).parse().expect("a number");
                    let value: u64 = value.parse().expect("a number");
                    let at = (record.topic().to_owned(), key.clone());
                    let last = self.seqs.insert(at, seq).unwrap_or(0);
                    assert!(last < seq, "{key}: step {seq} came after step {last}");
                    let last = self.latest.insert(key.clone(), value).unwrap_or(0);
                    assert!(last < value, "{key}: {value} came after {last}");
                }
                Some(Err(error)) => panic!("{error}"),
                None if self.latest == *expected => return true,
                None => {}
            }
        }
        self.latest == *expected
    }

    fn explain(&self, expected: &BTreeMap<String, u64>) -> String {
        let found: u64 = self.latest.values().sum();
        let sent: u64 = expected.values().sum();
        let off = expected
            .iter()
            .filter(|(key, count)| self.latest.get(*key) != Some(count))
            .count();
        format!(
            "{sent} events sent, {found} counted, {off} of {} keys differ",
            expected.len()
        )
    }
}

/// Two processes, a load on them, and a reader of what they say.
struct Deployment {
    prefix: String,
    folder: tempfile::TempDir,
    processes: [Process; 2],
    load: Load,
    reader: Reader,
}

const INSTANCES: [&str; 2] = ["one", "two"];

impl Deployment {
    fn start(prefix: &str, seed: u64) -> Self {
        create_topics(prefix, 16);
        let folder = tempfile::Builder::new()
            .disable_cleanup(true)
            .tempdir()
            .expect("a folder");
        eprintln!("{prefix}: seed {seed}, logs in {}", folder.path().display());
        let start = |name| Process::start(&shared().address, prefix, name, folder.path());
        Self {
            prefix: prefix.to_owned(),
            processes: INSTANCES.map(start),
            load: Load::new(prefix, 1_500, seed),
            reader: Reader::new(prefix),
            folder,
        }
    }

    fn restart(&mut self, number: usize) {
        let address = &shared().address;
        let fresh = Process::start(address, &self.prefix, INSTANCES[number], self.folder.path());
        self.processes[number] = fresh;
    }

    /// Every event counted once, and both processes alive.
    fn finish(mut self) {
        self.load
            .producer
            .flush(Duration::from_secs(10))
            .expect("delivery");
        let exact = self
            .reader
            .read_until(&self.load.produced, Duration::from_secs(60));
        self.processes.iter_mut().for_each(Process::assert_alive);
        assert!(exact, "{}", self.reader.explain(&self.load.produced));
        self.processes.iter_mut().for_each(Process::terminate);
        eprintln!("{}: {} events exact", self.prefix, self.load.sent);
    }
}

#[test]
fn no_event_is_lost_or_counted_twice_when_processes_are_killed() {
    let seed = 1;
    let mut random = StdRng::seed_from_u64(seed);
    let mut deployment = Deployment::start("kill", seed);
    deployment.load.run_for(Duration::from_secs(4));
    for kill in 0..12 {
        let wait_ms = random.random_range(200..3_500);
        deployment.load.run_for(Duration::from_millis(wait_ms));
        deployment
            .processes
            .iter_mut()
            .for_each(Process::assert_alive);
        let victim = random.random_range(0..2);
        deployment.processes[victim].kill();
        // Sometimes long enough for the group to give its tasks away.
        let long = random.random_range(0..4) == 0;
        let down_ms = if long {
            9_000
        } else {
            random.random_range(0..1_500)
        };
        eprintln!("kill {kill}: process {victim}, down for {down_ms} ms");
        deployment.load.run_for(Duration::from_millis(down_ms));
        deployment.restart(victim);
    }
    deployment.finish();
}

/// A process that stands still keeps what it applied and has not committed; when it comes back, others own its tasks.
#[test]
fn a_process_that_hung_commits_nothing_of_what_it_lost() {
    let seed = 2;
    let mut random = StdRng::seed_from_u64(seed);
    let mut deployment = Deployment::start("hang", seed);
    deployment.load.run_for(Duration::from_secs(4));
    for length_ms in [3_000, 9_000, 15_000] {
        let victim = random.random_range(0..2);
        eprintln!("process {victim} hangs for {length_ms} ms");
        deployment.processes[victim].signal("-STOP");
        deployment.load.run_for(Duration::from_millis(length_ms));
        deployment.processes[victim].signal("-CONT");
        deployment.load.run_for(Duration::from_secs(3));
    }
    deployment.finish();
}

#[test]
fn tasks_move_at_once_when_a_process_is_asked_to_end() {
    let mut deployment = Deployment::start("leave", 3);
    deployment.load.run_for(Duration::from_secs(4));
    deployment.processes[0].terminate();
    deployment.load.run_for(Duration::from_secs(2));
    let moved = deployment.processes[1].log().contains("tasks=12");
    assert!(moved, "the other process has not got all tasks after 2 s");
    deployment.restart(0);
    deployment.load.run_for(Duration::from_secs(2));
    deployment.finish();
}
