//! The narrow job in Kafka Streams, `benches/race`, on the topic that Floorwalker has just worked off.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use floorwalker::kafka::clock::Tick;
use rdkafka::{
    ClientConfig, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
};

use crate::{
    deployment::{Deployment, SOURCE, TASKS, cpu_seconds, pause},
    peak_megabytes,
};

const GROUP: &str = "race";
/// Its outputs, and between its two halves the facts.
const TOPICS: [&str; 3] = ["alerts-ks", "facts-ks", "kpis-ks"];
const JVM: [&str; 3] = ["-Xmx4g", "-Xms1g", "-XX:+UseParallelGC"];
const ENDS_WITHIN: Duration = Duration::from_secs(900);
const LOOKS_EVERY: Duration = Duration::from_millis(250);
/// Nothing was committed for so long after all was read: it is done.
const QUIET: Duration = Duration::from_secs(3);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Builds the program and runs it until it has worked off the topic. Returns the CPU time of an event in µs, its start included.
pub(crate) fn run(deployment: &Deployment, events: usize) -> f64 {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(root.join("benches/race/pom.xml"))
        .arg("package")
        .status();
    assert!(built.expect("Maven").success(), "benches/race is not built");
    TOPICS
        .iter()
        .for_each(|topic| deployment.create_topic(topic));
    let program = root.join("target/race");
    let jars = format!("{0}/race-1.jar:{0}/lib/*", program.display());
    let state = deployment.broker.folder.path().join("streams");
    let log = fs::File::create(program.join("out.log")).expect("a log");
    let child = Command::new("java")
        .args(JVM)
        .args(["-cp", &jars, "floorwalker.race.Main"])
        .arg(format!("app={GROUP}"))
        .arg(format!("input={SOURCE}"))
        .arg(format!("brokers={}", deployment.broker.address))
        .arg(format!("state={}", state.display()))
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Streams(child.expect("Java")).watch(deployment, events)
}

/// Killed on drop.
struct Streams(Child);

impl Streams {
    fn watch(mut self, deployment: &Deployment, events: usize) -> f64 {
        let stat = format!("/proc/{}/stat", self.0.id());
        let offsets = Offsets::of(deployment);
        let began = Tick::now();
        let (mut last, mut moved_at, mut cpu) = ([0; 3], began, 0.0);
        let mut third = None;
        loop {
            pause(LOOKS_EVERY);
            let ended = self.0.try_wait().expect("its state");
            assert!(ended.is_none(), "Kafka Streams ended with {ended:?}");
            assert!(Tick::now().since(began) < ENDS_WITHIN, "{last:?} committed");
            let now = offsets.now();
            if now != last {
                (last, moved_at, cpu) = (now, Tick::now(), cpu_seconds(&stat));
                let read = usize::try_from(now[0]).unwrap_or_default();
                if read >= events / 3 && third.is_none() {
                    third = Some((read, cpu));
                }
            }
            let done = usize::try_from(last[0]).is_ok_and(|read| read >= events);
            if done && Tick::now().since(moved_at) > QUIET {
                break;
            }
        }
        let (events_of_third, cpu_of_third) = third.unwrap_or_default();
        let micros = cpu * 1e6 / events as f64;
        let steady = (cpu - cpu_of_third) * 1e6 / (events - events_of_third).max(1) as f64;
        println!(
            "kafka streams    {:.0} events/s, {micros:.3} µs of CPU an event; from a third on {steady:.3}; {:.0} MB at most; {} records of figures",
            events as f64 / moved_at.since(began).as_secs_f64(),
            peak_megabytes(self.0.id()),
            last[2],
        );
        micros
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// How far the group has come.
struct Offsets {
    group: BaseConsumer,
}

impl Offsets {
    fn of(deployment: &Deployment) -> Self {
        let group = ClientConfig::new()
            .set("bootstrap.servers", &deployment.broker.address)
            .set("group.id", GROUP)
            .create();
        Self {
            group: group.expect("a client"),
        }
    }

    /// Returns the committed offsets of the events and of the facts, and the end of the figures; each with the transactions' markers but for the
    /// first.
    fn now(&self) -> [i64; 3] {
        [
            self.committed(SOURCE),
            self.committed(TOPICS[1]),
            self.end_of(TOPICS[2]),
        ]
    }

    fn committed(&self, topic: &str) -> i64 {
        let mut list = TopicPartitionList::new();
        list.add_partition_range(topic, 0, i32::from(TASKS) - 1);
        let committed = self.group.committed_offsets(list, ANSWERS_WITHIN);
        let offsets = committed.map(|found| {
            let elements = found.elements().into_iter();
            // Before the first commit there is none.
            let offsets = elements.filter_map(|it| it.offset().to_raw());
            offsets.filter(|offset| *offset >= 0).sum()
        });
        offsets.unwrap_or_default()
    }

    fn end_of(&self, topic: &str) -> i64 {
        let ends = (0..i32::from(TASKS)).map(|partition| {
            let watermarks = self
                .group
                .fetch_watermarks(topic, partition, ANSWERS_WITHIN);
            watermarks.map_or(0, |(_, end)| end)
        });
        ends.sum()
    }
}
