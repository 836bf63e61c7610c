//! `cargo bench --bench throughput [-- EVENTS [AGENTS]] [narrow] [race] [lz4]`: how fast `floorwalker run` works off a backlog on a real broker,
//! and what that costs.
//!
//! A third of the events are agents' states. In one run: a bare read of the topic, the same with parsing, then Floorwalker with all its
//! outputs and its state log, and then with what only the narrow job needs, as `benches/race` has it; each until the figures include the newest
//! event. `race` adds Kafka Streams with the same narrow job on the same topic (`benches/race`). The figures of every queue, agent, channel and of all, in every window, must hold exactly what the independent recount has. The events and
//! their recount are made once in `target/bench-data`.
#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]

mod deployment;
#[path = "deployment/streams.rs"]
mod streams;
#[path = "deployment/world.rs"]
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use floorwalker::kafka::{
    LoadKey, LoadSettings, Loader,
    clock::{Tick, wall},
    topics::Topic,
};
use floorwalker_core::{
    decode::decode,
    event::Timestamp,
    rules::{RecognitionKind, RuleKind},
};
use rdkafka::{Message as _, Offset, error::KafkaError};
use serde_json::Value;

use deployment::{Deployment, Metrics, PREFIX, SOURCE, TASKS, cpu_seconds, pause};
use world::{Counts, World, counts_of, key_of, window_of};

/// As in the process that is measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EVENTS: usize = 3_000_000;
const AGENTS: usize = 2_000;
const END_WITHIN_S: f64 = 1_200.0;
const FIGURES_WITHIN: Duration = Duration::from_secs(120);
/// Nothing changed for so long: these are the last figures.
const QUIET: Duration = Duration::from_secs(2);
/// What is switched off for the narrow job: windows of five minutes and an hour, alerts for answers that are late.
const NARROW: &str = "\
    [kpi]\nwindows = [\"5m\", \"1h\"]\n\
    [scorecards]\nenabled = false\n\
    [fcr]\nenabled = false\n\
    [outputs]\ncontacts = false\n";
const ALERTS_OFF: [&str; 4] = [
    "at_risk",
    "csat_low_predicted",
    "customer_repeat",
    "sentiment_turned",
];

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse().ok());
    let events = numbers.next().unwrap_or(EVENTS);
    let world = World::find_or_make(events, numbers.next().unwrap_or(AGENTS));
    println!(
        "input            {} events of {} contacts and {} agents, {:.0} bytes each, {:.1} h; {TASKS} partitions, keyed by contact or agent",
        world.events,
        world.contacts,
        world.agents,
        world.bytes as f64 / world.events as f64,
        world.hours
    );
    let asked = |wanted: &str| std::env::args().any(|word| word == wanted);
    if !asked("narrow") {
        measure(&world, "all outputs", "", false);
    }
    measure(&world, "narrow job", &narrow(), asked("race"));
}

/// Returns the settings that leave only the narrow job.
fn narrow() -> String {
    let off = |table: &str| format!("[{table}]\nenabled = false\n");
    let recognitions = RecognitionKind::ALL.map(RecognitionKind::name);
    let names = RuleKind::ALL.map(RuleKind::name).into_iter();
    let rules = names.chain(recognitions);
    let rules = rules.map(|name| off(&format!("rules.\"{name}\"")));
    let alerts = ALERTS_OFF.map(|rule| off(&format!("alerts.{rule}")));
    rules
        .chain(alerts)
        .fold(NARROW.to_owned(), |all, one| all + &one)
}

/// Loads the input into a topic of a new broker, reads it, and lets Floorwalker work it off.
fn measure(world: &World, what: &str, settings: &str, race: bool) {
    let deployment = Deployment::create("events", settings);
    let load = LoadSettings {
        topic: SOURCE.to_owned(),
        key: LoadKey::Contact,
        rate: None,
    };
    let mut loader = Loader::new(&deployment.kafka, &load).expect("the broker has the topic");
    let file = fs::File::open(&world.file).expect("the input was made");
    for line in BufReader::new(file).split(b'\n') {
        let line = line.expect("the input can be read");
        loader.send(&line).expect("the broker takes the events");
    }
    let loaded = loader.finish().expect("the broker takes the events");
    println!("\n{what}: loaded in {:.1} s", loaded.took.as_secs_f64());

    let bare = read_all(&deployment, world.events, |_| true);
    bare.print("bare read", None);
    let parsed = read_all(&deployment, world.events, |json| decode(json).is_ok());
    parsed.print("read and parse", Some(&bare));
    let (all, end) = run_all(&deployment, world);
    all.print("floorwalker run", Some(&bare));
    println!(
        "                 {:.2} times read and parse",
        all.cpu_micros() / parsed.cpu_micros()
    );
    end.print(world, &all);
    if race {
        let streams = streams::run(&deployment, world.events);
        println!(
            "                 {:.2} times the CPU of Kafka Streams",
            all.cpu_micros() / streams
        );
    }
}

/// What going through all events took.
struct Cost {
    events: usize,
    seconds: f64,
    cpu_seconds: f64,
}

impl Cost {
    fn cpu_micros(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.events as f64
    }

    fn print(&self, what: &str, beside: Option<&Self>) {
        let times = beside.map_or_else(String::new, |bare| {
            let times = self.cpu_micros() / bare.cpu_micros();
            format!(", {times:.2} times a bare read")
        });
        println!(
            "{what:<16} {:.0} events/s, {:.3} µs of CPU an event{times}",
            self.events as f64 / self.seconds,
            self.cpu_micros()
        );
    }
}

/// One consumer reads the whole topic, and does this with each event.
fn read_all(deployment: &Deployment, events: usize, handle: impl Fn(&[u8]) -> bool) -> Cost {
    let own = "/proc/self/stat";
    let consumer = deployment.reader(SOURCE, Offset::Beginning);
    let (began, cpu) = (Tick::now(), cpu_seconds(own));
    let mut read = 0;
    while read < events {
        match consumer.poll(Duration::from_secs(10)) {
            Some(Ok(record)) => {
                read += usize::from(handle(record.payload().unwrap_or_default()));
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {}
            Some(Err(error)) => panic!("{error}"),
            None => panic!("{read} of {events} events"),
        }
    }
    Cost {
        events,
        seconds: Tick::now().since(began).as_secs_f64(),
        cpu_seconds: cpu_seconds(own) - cpu,
    }
}

/// What there is at the end, beside the cost.
struct End {
    metrics: Metrics,
    segments: BTreeMap<PathBuf, u64>,
    peak_megabytes: f64,
    to_first: f64,
    to_read: f64,
    records: BTreeMap<String, Value>,
}

fn run_all(deployment: &Deployment, world: &World) -> (Cost, End) {
    let began_at = wall();
    let mut process = deployment.run("work");
    let passed = |until: Timestamp| (until - began_at).as_secs();
    let (mut to_first, mut segments) = (None, BTreeMap::new());
    loop {
        let metrics = process.metrics();
        let read = metrics.events("read");
        if read > 0.0 {
            to_first.get_or_insert_with(|| passed(wall()));
        }
        note_segments(deployment, &mut segments);
        if read >= world.events as f64 {
            break;
        }
        assert!(passed(wall()) < END_WITHIN_S, "{read} events read");
        pause(Duration::from_millis(if read > 0.0 { 200 } else { 20 }));
    }
    let to_read = passed(wall());
    let (records, ended_at) = last_records(deployment, &world.newest);
    let cpu_seconds = cpu_seconds(&format!("/proc/{}/stat", process.id()));
    let peak_megabytes = peak_megabytes(process.id());
    note_segments(deployment, &mut segments);
    process.wait_until_ready();
    let metrics = process.metrics();
    process.interrupt();
    let end = End {
        metrics,
        segments,
        peak_megabytes,
        to_first: to_first.unwrap_or_default(),
        to_read,
        records,
    };
    let cost = Cost {
        events: world.events,
        seconds: passed(ended_at),
        cpu_seconds,
    };
    (cost, end)
}

/// The last record of each key, once those of `all` include the newest event and none changes any more; and when the first
/// of them was written. While anybody waits they are written again and again.
fn last_records(deployment: &Deployment, newest: &str) -> (BTreeMap<String, Value>, Timestamp) {
    let consumer = deployment.reader(&Deployment::topic(Topic::Kpis), Offset::Beginning);
    let began = Tick::now();
    let (mut records, mut ended_at, mut changed) = (BTreeMap::new(), None, began);
    while ended_at.is_none() || Tick::now().since(changed) < QUIET {
        assert!(
            Tick::now().since(began) < FIGURES_WITHIN,
            "no figures of {newest}"
        );
        let record = match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => record,
            Some(Err(KafkaError::PartitionEOF(_))) | None => continue,
            Some(Err(error)) => panic!("{error}"),
        };
        let value: Value =
            serde_json::from_slice(record.payload().unwrap_or_default()).expect("JSON");
        let key = key_of(&value);
        if key.starts_with("all/") && value["clock"] == newest {
            let at_ms = record.timestamp().to_millis().expect("a time");
            ended_at.get_or_insert(Timestamp::from_millis(at_ms));
        }
        if records.get(&key) != Some(&value) {
            changed = Tick::now();
            records.insert(key, value);
        }
    }
    (records, ended_at.unwrap_or_default())
}

/// Segments by their files, as large as they ever were: old ones may go meanwhile.
fn note_segments(deployment: &Deployment, segments: &mut BTreeMap<PathBuf, u64>) {
    let data = deployment.broker.folder.path().join("data");
    for file in entries(&data).iter().flat_map(|folder| entries(folder)) {
        if file.extension().is_some_and(|extension| extension == "log")
            && let Ok(found) = fs::metadata(&file)
        {
            let size = segments.entry(file).or_default();
            *size = found.len().max(*size);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// The topic of the partition whose folder holds a segment.
fn topic_of(segment: &Path) -> String {
    let folder = segment.parent().and_then(Path::file_name);
    let name = folder.unwrap_or_default().to_string_lossy();
    let topic = name.rsplit_once('-').map_or(&*name, |(topic, _)| topic);
    topic.to_owned()
}

/// The most memory that the process ever held.
pub(crate) fn peak_megabytes(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) * 1_024.0 / 1e6
}

impl End {
    fn print(&self, world: &World, cost: &Cost) {
        let events = world.events as f64;
        println!(
            "time             {:.1} s to the first event, {:.1} s until all were read, {:.1} s until the figures included them: {:.0} events/s from the first event on",
            self.to_first,
            self.to_read,
            cost.seconds,
            events / (cost.seconds - self.to_first)
        );
        println!("memory           {:.0} MB at most", self.peak_megabytes);
        self.print_written(events);
        let count = |series: &str| self.metrics.sum(series);
        println!(
            "commits          {} transactions, {} steps, {} retries; p50 {:.0} ms, p99 {:.0} ms",
            count("floorwalker_transactions_total"),
            count("floorwalker_steps_total"),
            count("floorwalker_transaction_retries_total"),
            1e3 * count("floorwalker_latency_quantile_seconds{of=\"commit\",share=\"0.5\"}"),
            1e3 * count("floorwalker_latency_quantile_seconds{of=\"commit\",share=\"0.99\"}")
        );
        let became = |outcome: &str| self.metrics.events(outcome);
        println!(
            "became           {} applied, {} repeated, {} skipped, {} dead letters, {} forwarded",
            became("applied"),
            became("repeated"),
            became("skipped"),
            became("dead_lettered"),
            became("forwarded")
        );
        self.print_lost(world);
    }

    fn print_written(&self, events: f64) {
        let mut bytes_by_topic: BTreeMap<String, u64> = BTreeMap::new();
        for (segment, size) in &self.segments {
            *bytes_by_topic.entry(topic_of(segment)).or_default() += size;
        }
        let prefix = format!("{PREFIX}.");
        let each: Vec<(&str, f64)> = (bytes_by_topic.iter())
            .filter(|(_, bytes)| **bytes > 0)
            .filter_map(|(topic, bytes)| {
                Some((topic.strip_prefix(&prefix)?, *bytes as f64 / events))
            })
            .collect();
        let sum: f64 = each.iter().map(|(_, bytes)| bytes).sum();
        let named = each
            .iter()
            .map(|(topic, bytes)| format!("{topic} {bytes:.1}"));
        println!(
            "written          {sum:.1} bytes an event: {}; the events themselves take {:.1}",
            named.collect::<Vec<_>>().join(", "),
            bytes_by_topic.get(SOURCE).copied().unwrap_or(0) as f64 / events
        );
    }

    /// Every count of every record beside the recount's.
    fn print_lost(&self, world: &World) {
        let nothing = Counts::new();
        let (mut compared, mut lost, mut wrong) = (0, 0, Vec::new());
        // The narrow job has fewer windows, and the recount knows of no teams.
        let windows: BTreeSet<&str> = self
            .records
            .keys()
            .filter_map(|key| window_of(key))
            .collect();
        let keys: BTreeSet<&String> = (self.records.keys().chain(world.expected.keys()))
            .filter(|key| !key.starts_with("team:") && !key.starts_with("site:"))
            .filter(|key| window_of(key).is_some_and(|window| windows.contains(window)))
            .collect();
        for key in &keys {
            let found = self
                .records
                .get(*key)
                .map(|record| counts_of(&record["kpis"]));
            let (found, expected) = (
                found.unwrap_or_default(),
                world.expected.get(*key).unwrap_or(&nothing),
            );
            let paths: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
            compared += paths.len();
            for path in paths {
                let [found, expected] =
                    [&found, expected].map(|counts| counts.get(path).copied().unwrap_or(0));
                lost += found.abs_diff(expected);
                if found != expected {
                    wrong.push(format!("{key}{path}: {found}, not {expected}"));
                }
            }
        }
        println!(
            "compared         {compared} counts in {} records of the last instant with the recount",
            keys.len()
        );
        wrong
            .iter()
            .take(10)
            .for_each(|line| println!("wrong            {line}"));
        println!("window updates lost: {lost}");
        assert_eq!(lost, 0, "the figures are not those of the recount");
    }
}
