//! Two processes on a real broker, a load on them, and a reader of their topics.

use std::time::{Duration, Instant};

use floorwalker::kafka::topics::{Topic, Topics};
use floorwalker_core::{
    engine::{InputId, Placement, Settings},
    local::Cluster,
};
use floorwalker_testkit::harness::{self, SETTINGS_WALL, events_settings};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::Consumer as _,
    producer::{BaseProducer, BaseRecord, Producer as _},
};
use serde_json::Value;

use crate::{
    broker::{address, pause, print_line},
    outcome::{Outcome, differences},
    process::{Process, TASKS, kafka_settings},
    reader::Reader,
};

/// How the events lie in the partitions of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// One contact's events all over.
    Scattered,
    /// Where the task is that owns the contact.
    ByContact,
}

impl Keyed {
    fn partitions(self) -> i32 {
        match self {
            Self::Scattered => 16,
            Self::ByContact => i32::from(TASKS),
        }
    }

    fn partition(self, line: &str, number: u64, partitions: i32) -> i32 {
        match self {
            Self::Scattered => (number % u64::from(partitions.unsigned_abs())) as i32,
            Self::ByContact => {
                let event: Value = serde_json::from_str(line).expect("an event");
                let contact = event["contact_id"].as_str().expect("a contact");
                i32::from(Placement::new(TASKS).task_of(contact.as_bytes()).0)
            }
        }
    }
}

/// A worker that has lost its tasks may wait this long for a commit before it asks for others.
const SETTLED_WITHIN: Duration = Duration::from_secs(90);

const INSTANCES: [&str; 2] = ["one", "two"];

#[expect(clippy::disallowed_methods, reason = "tests watch real processes")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

fn runtime() -> tokio::runtime::Runtime {
    let built = tokio::runtime::Builder::new_current_thread().build();
    built.expect("a runtime")
}

pub(crate) fn create_topics(prefix: &str, partitions: i32) {
    let kafka = kafka_settings(&address(), prefix, "setup");
    let topics = Topics::new(&kafka, TASKS).expect("a client");
    assert_eq!(topics.create().expect("topics").len(), Topic::ALL.len());
    assert_eq!(topics.create().expect("topics").len(), 0);
    let admin: AdminClient<DefaultClientContext> = kafka.client("test").create().expect("client");
    let name = format!("{prefix}.events");
    let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
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
    harness::call_center_lines()
        .iter()
        .flat_map(|line| (0..copies).map(move |number| copy(line, number)))
        .collect()
}

/// What the same lines lead to without any broker.
pub(crate) fn expected(lines: &[String], keyed: Keyed) -> Outcome {
    let settings = events_settings(TASKS, Settings::default().recovery_max_bytes);
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).expect("new tasks");
    let partitions = keyed.partitions();
    let input = |partition| InputId {
        source: 0,
        partition,
    };
    (0..partitions).for_each(|partition| cluster.add_input(input(partition)));
    for (number, line) in (0..).zip(lines) {
        let partition = keyed.partition(line, number, partitions);
        cluster.feed(input(partition), line.clone().into_bytes());
    }
    // The end of all inputs passes from stage to stage, with heartbeats.
    for _ in 0..8 {
        cluster.run_until_quiet(1_000).expect("no crash");
        cluster.wall = cluster.wall + settings.heartbeat;
    }
    Outcome::of_memory(&cluster)
}

/// Sends lines at a rate.
pub(crate) struct Load {
    producer: BaseProducer,
    topic: String,
    lines: std::vec::IntoIter<String>,
    started_at: Instant,
    pub(crate) sent: u64,
    rate: u64,
    keyed: Keyed,
    partitions: i32,
}

impl Load {
    fn new(prefix: &str, lines: Vec<String>, rate: u64, keyed: Keyed) -> Self {
        Self {
            producer: ClientConfig::new()
                .set("bootstrap.servers", address())
                .set("linger.ms", "5")
                // In an outage, others would come out of order, and be late.
                .set("enable.idempotence", "true")
                .set("topic.metadata.refresh.interval.ms", "500")
                // After an outage it goes on as soon as the processes do: a source in which nothing comes for the grace has ended,
                // and what comes then comes late.
                .set("reconnect.backoff.max.ms", "200")
                .set("retry.backoff.max.ms", "200")
                .create()
                .expect("producer"),
            topic: format!("{prefix}.events"),
            lines: lines.into_iter(),
            started_at: now(),
            sent: 0,
            rate,
            keyed,
            partitions: keyed.partitions(),
        }
    }

    /// Sends something to each partition, and what is due from now on when it is run.
    pub(crate) fn start(prefix: &str, lines: Vec<String>, rate: u64, keyed: Keyed) -> Self {
        let mut load = Self::new(prefix, lines, rate, keyed);
        load.send_to_each_partition();
        load.started_at = now();
        load
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
        let partition = (self.keyed).partition(&line, self.sent, self.partitions);
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
    fn send_to_each_partition(&mut self) {
        let count = 8 * self.partitions;
        (0..count).for_each(|_| {
            self.send();
        });
        self.producer
            .flush(Duration::from_secs(60))
            .expect("delivery");
    }

    pub(crate) fn send_rest(&mut self) {
        while self.send() {
            self.producer.poll(Duration::ZERO);
        }
        self.producer
            .flush(Duration::from_secs(60))
            .expect("delivery");
    }
}

pub(crate) struct Deployment {
    prefix: String,
    folder: tempfile::TempDir,
    pub(crate) processes: Vec<Process>,
    pub(crate) load: Load,
    reader: Reader,
    keyed: Keyed,
    expected: Outcome,
}

impl Deployment {
    pub(crate) fn start(prefix: &str, processes: usize, lines: Vec<String>, rate: u64) -> Self {
        Self::start_keyed(Keyed::Scattered, prefix, processes, (lines, rate))
    }

    /// The lines come at a rate a second.
    pub(crate) fn start_keyed(
        keyed: Keyed,
        prefix: &str,
        processes: usize,
        (lines, rate): (Vec<String>, u64),
    ) -> Self {
        let expected = expected(&lines, keyed);
        create_topics(prefix, keyed.partitions());
        // Stays if the test fails.
        let mut folder = tempfile::tempdir().expect("a folder");
        folder.disable_cleanup(true);
        let load = Load::start(prefix, lines, rate, keyed);
        let start = |name: &&str| Process::start(&address(), prefix, name, folder.path());
        Self {
            prefix: prefix.to_owned(),
            processes: INSTANCES.iter().take(processes).map(start).collect(),
            load,
            reader: Reader::new(prefix, Topic::Kpis),
            folder,
            keyed,
            expected,
        }
    }

    /// The folder of the processes' logs.
    pub(crate) fn logs(&self) -> std::path::Display<'_> {
        self.folder.path().display()
    }

    pub(crate) fn restart(&mut self, number: usize) {
        self.processes[number] = self.start_process(&address(), number);
    }

    /// Starts one more, which finds the broker at this address.
    pub(crate) fn add(&mut self, address: &str) {
        let fresh = self.start_process(address, self.processes.len());
        self.processes.push(fresh);
    }

    fn start_process(&self, address: &str, number: usize) -> Process {
        let folder = self.folder.path();
        Process::start(address, &self.prefix, INSTANCES[number], folder)
    }

    /// Waits until each process reports that it has so many tasks.
    pub(crate) fn wait_for_tasks(&self, tasks: &[u64]) {
        let until = now() + SETTLED_WITHIN;
        loop {
            let found = self.processes.iter().map(|it| it.number("tasks"));
            let found: Vec<_> = found.collect();
            if found == tasks {
                return;
            }
            assert!(now() < until, "logs in {}: {found:?}", self.logs());
            pause(Duration::from_millis(100));
        }
    }

    /// Gives the source more partitions, and uses them.
    pub(crate) fn grow(&mut self, partitions: i32) {
        let kafka = kafka_settings(&address(), &self.prefix, "setup");
        let admin: AdminClient<DefaultClientContext> =
            kafka.client("test").create().expect("client");
        let name = format!("{}.events", self.prefix);
        let count = usize::try_from(partitions).expect("small");
        let wanted = NewPartitions::new(&name, count);
        runtime()
            .block_on(admin.create_partitions([&wanted], &AdminOptions::new()))
            .expect("more partitions");
        let until = now() + Duration::from_secs(120);
        while !self.processes_know_new_partitions() {
            assert!(now() < until, "logs in {}", self.logs());
            pause(Duration::from_millis(100));
        }
        self.load.partitions = partitions;
        self.load.send_to_each_partition();
    }

    fn processes_know_new_partitions(&self) -> bool {
        let mut instances = INSTANCES.iter().take(self.processes.len());
        instances.all(|name| {
            let log = std::fs::read_to_string(self.folder.path().join(format!("{name}.log")));
            log.is_ok_and(|log| log.contains("sources have more partitions"))
        })
    }

    /// Whether a record comes to a topic in time.
    pub(crate) fn hears_from(&self, topic: Topic, within: Duration) -> bool {
        let reader = Reader::new(&self.prefix, topic);
        reader
            .consumer
            .poll(within)
            .is_some_and(|record| record.is_ok())
    }

    /// How many records each restore of a task from its log has read. Those of tasks that had none are not counted, nor those
    /// of tasks whose memory was still there.
    pub(crate) fn restores(&self) -> Vec<u64> {
        let logs = INSTANCES.map(|name| self.folder.path().join(format!("{name}.log")));
        let logs = logs.map(|log| std::fs::read_to_string(log).unwrap_or_default());
        let lines = logs.iter().flat_map(|log| log.lines());
        lines.filter_map(records_restored).collect()
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
        let kpis = &self.expected.kpis;
        let same = self.reader.read_until(kpis, Duration::from_secs(120));
        pause(Duration::from_millis(1_500));
        self.processes.iter_mut().for_each(Process::assert_alive);
        let differ = differences("kpis", &self.reader.latest, kpis);
        assert!(same, "logs in {}: {differ}", self.logs());
        self.assert_counts();
        self.assert_records();
    }

    /// What the processes count becomes what it must: on a slow machine a task may be on its way from one to the other.
    fn assert_counts(&self) {
        let until = now() + SETTLED_WITHIN;
        loop {
            let counts = self.counts().into_iter();
            let wrong: Vec<_> = counts.filter(|(_, found, right)| found != right).collect();
            if wrong.is_empty() {
                return;
            }
            assert!(now() < until, "logs in {}: {wrong:?}", self.logs());
            pause(Duration::from_millis(200));
        }
    }

    /// Sums over the processes, each with what it must be.
    fn counts(&self) -> [(&'static str, u64, u64); 5] {
        let sum = |name| self.sum(name);
        let written = self.written();
        let accounted = ["applied", "repeated", "skipped", "dead_lettered"];
        [
            ("tasks", sum("tasks"), u64::from(TASKS)),
            ("failed", sum("failed"), 0),
            ("read", sum("read"), written),
            ("forwarded", sum("forwarded"), sum("received")),
            ("accounted", accounted.map(sum).into_iter().sum(), written),
        ]
    }

    /// How many records the source has: those that were sent, and those that the load wrote twice when a broker died before it had
    /// answered.
    fn written(&self) -> u64 {
        let count = |partition| {
            let (_, end) = self.bounds(&self.load.topic, partition);
            u64::try_from(end).unwrap()
        };
        let written = (0..self.load.partitions).map(count).sum();
        assert!(written >= self.load.sent, "{written} records are there");
        written
    }

    /// Contacts are those of a quiet world; of alerts, if all of a contact lies in one partition, too.
    fn assert_records(&self) {
        let found = Outcome::of_kafka(&self.prefix);
        let mut faults = found.faults_in_records(&self.expected);
        if self.keyed == Keyed::ByContact {
            faults += &found.faults_in_alerts(&self.expected);
        }
        assert!(faults.is_empty(), "logs in {}: {faults}", self.logs());
        if self.keyed == Keyed::ByContact {
            found.assert_emitted_once();
        }
        print_line(format_args!(
            "{} events: {} records of kpis, {} of contacts, {} transitions of alerts are as they should be",
            self.load.sent,
            found.kpis.len(),
            found.contacts.len(),
            found.transitions.len()
        ));
    }

    pub(crate) fn end(mut self) {
        self.processes.iter_mut().for_each(Process::terminate);
        self.folder.disable_cleanup(false);
    }

    /// All processes commit what they have, and end.
    pub(crate) fn stop(&mut self) {
        self.processes.iter_mut().for_each(Process::terminate);
    }

    /// How the newest figures and scorecards differ from those of a quiet world.
    pub(crate) fn faults_in_newest(&self) -> String {
        let found = Outcome::of_kafka(&self.prefix);
        differences("kpis", &found.kpis, &self.expected.kpis)
            + &differences("scorecards", &found.scorecards, &self.expected.scorecards)
    }

    /// So many tasks were restored from their logs.
    pub(crate) fn wait_for_restores(&self, count: usize) {
        let until = now() + Duration::from_secs(120);
        while self.restores().len() < count {
            assert!(now() < until, "logs in {}", self.logs());
            pause(Duration::from_millis(200));
        }
    }

    /// Lets the processes work for a while; then the newest records must be those of a quiet world, also when all have ended.
    pub(crate) fn end_after(mut self, length: Duration) {
        pause(length);
        let assert_right = |deployment: &Self| {
            let faults = deployment.faults_in_newest();
            assert!(faults.is_empty(), "logs in {}: {faults}", deployment.logs());
        };
        assert_right(&self);
        self.stop();
        assert_right(&self);
        self.folder.disable_cleanup(false);
    }

    pub(crate) fn finish(mut self) {
        self.settle();
        self.end();
    }

    /// The offsets of a partition's first record and behind its last one.
    fn bounds(&self, topic: &str, partition: i32) -> (i64, i64) {
        let within = Duration::from_secs(10);
        let found = (self.reader.consumer).fetch_watermarks(topic, partition, within);
        found.expect("an answer")
    }

    /// Where the partitions of a topic begin: what lies before was removed.
    pub(crate) fn first_offsets(&self, topic: Topic) -> Vec<i64> {
        let name = topic.name(&self.prefix);
        let first = |partition| self.bounds(&name, partition).0;
        (0..i32::from(TASKS)).map(first).collect()
    }
}

/// Of a line such as `task restored task=3 seq=12 records=5 … parked=false`.
fn records_restored(line: &str) -> Option<u64> {
    let (_, fields) = line.split_once("task restored ")?;
    let field = |name: &str| {
        let mut fields = fields.split_whitespace();
        fields.find_map(|field| field.strip_prefix(name))
    };
    let from_log = field("parked=")? == "false" && field("seq=")? != "0";
    from_log.then(|| field("records=")?.parse().ok())?
}
