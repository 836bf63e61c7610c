//! Logs whose figures are known, loaded and counted as a user would: the same figures, however they come.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    path::{Path, PathBuf},
    time::Duration,
};

use floorwalker::kafka::topics::Topic;
use floorwalker_core::{
    decode::{Decoded, decode},
    engine::Settings,
    event::{Event, Timestamp},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{faults, voice::VoiceWorld};
use serde_json::Value;

use crate::{
    binary::{Site, stdout},
    broker::{pause, print_line},
    outcome::{comparable, differences},
    readback::read_all,
};

const SEED: u64 = 11;
pub(crate) const CALLS: &str = "tests/data/pwc-call-center.events.jsonl.gz";
const WORKED: &str = "tests/data/worked-example.events.jsonl";

/// A log, and the same log as a bad network would hand it on.
struct Golden {
    name: &'static str,
    file: PathBuf,
    disturbed: PathBuf,
    folder: tempfile::TempDir,
}

impl Golden {
    fn new(name: &'static str, file: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let doubled = faults::double(&events(file), 0.2, SEED);
        // Exactly at the limit is within it.
        let shuffled = faults::shuffle(&doubled, Settings::default().lateness, SEED);
        let disturbed = folder.path().join("disturbed.jsonl");
        write(&disturbed, &shuffled);
        print_line(format_args!(
            "{name}: seed {SEED}, {} events when doubled",
            shuffled.len()
        ));
        Self {
            name,
            file: file.to_owned(),
            disturbed,
            folder,
        }
    }

    /// All ways, on so many processes.
    fn check(&self, processes: usize) -> BTreeMap<String, Value> {
        let expected = replayed(&self.file, self.folder.path());
        assert!(!expected.is_empty());
        // As many partitions as tasks, and not.
        for (key, partitions) in [("contact", 4), ("random", 5)] {
            for (what, file) in [("plain", &self.file), ("disturbed", &self.disturbed)] {
                let prefix = format!("golden-{}-{key}-{what}-{processes}", self.name);
                let site = Site::new(&prefix, partitions, processes, "");
                check_one(site, (key, file), &expected);
            }
        }
        expected
    }
}

/// What `replay` counts, by the key that the record has in the topic.
pub(crate) fn replayed(file: &Path, folder: &Path) -> BTreeMap<String, Value> {
    let kpis = folder.join("kpis");
    stdout(&["replay", path(file), "--kpis", path(&kpis)]);
    let records = fs::read_to_string(kpis).unwrap();
    let records = records.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| record[name].as_str().unwrap().to_owned();
        let key = format!("{}/{}", text("entity"), text("window"));
        (key, comparable(record))
    });
    records.collect()
}

fn check_one(mut site: Site, (key, file): (&str, &Path), expected: &BTreeMap<String, Value>) {
    let loaded = load(&site, file, &["--key", key]);
    site.run();
    check_figures(site, loaded, expected);
}

/// How many lines there were.
fn load(site: &Site, file: &Path, more: &[&str]) -> u64 {
    let (topic, config) = (site.source(), site.config(0));
    let load = ["load", path(file), "--topic", &topic, "--config", &config];
    let loaded = stdout(&[&load[..], more].concat());
    let lines = loaded.split(' ').next().unwrap().replace(',', "");
    lines.parse().unwrap()
}

fn check_figures(site: Site, loaded: u64, expected: &BTreeMap<String, Value>) {
    let differ = wait_for_kpis(&site, expected);
    assert!(
        differ.is_empty(),
        "{} in {}: {} dead letters; {differ}",
        site.prefix,
        site.folder().display(),
        site.events("dead_lettered")
    );
    // The counters are published every 200 ms.
    pause(Duration::from_millis(500));
    site.assert_balance(loaded);
    assert_eq!(site.events("dead_lettered"), 0);
    site.end();
}

/// How the last records of each key differ after three minutes; empty as soon as they don't.
pub(crate) fn wait_for_kpis(site: &Site, expected: &BTreeMap<String, Value>) -> String {
    let mut differ = String::new();
    for _ in 0..360 {
        pause(Duration::from_millis(500));
        let mut last = BTreeMap::new();
        for seen in read_all(&Topic::Kpis.name(&site.prefix)) {
            let key = String::from_utf8(seen.key.unwrap()).unwrap();
            last.insert(key, seen.payload.unwrap());
        }
        let record = |payload: Vec<u8>| comparable(serde_json::from_slice(&payload).unwrap());
        let last = last
            .into_iter()
            .map(|(key, payload)| (key, record(payload)))
            .collect();
        differ = differences("kpis", &last, expected);
        if differ.is_empty() {
            break;
        }
    }
    differ
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn events(file: &Path) -> Vec<Event> {
    let mut text = String::new();
    let open = fs::File::open(file).unwrap();
    if file.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(open).read_to_string(&mut text)
    } else {
        std::io::BufReader::new(open).read_to_string(&mut text)
    }
    .unwrap();
    let decoded = text.lines().map(|line| decode(line.as_bytes()).unwrap());
    decoded
        .map(|decoded| match decoded {
            Decoded::Event(event) => event,
            Decoded::Unknown(kind) => panic!("{kind} is unknown"),
        })
        .collect()
}

fn write(file: &Path, events: &[Event]) {
    let lines: Vec<String> = events.iter().map(jsonl).collect();
    fs::write(file, lines.join("\n")).unwrap();
}

fn assert_published(records: &BTreeMap<String, Value>) {
    let kpis = &records["all/all"]["kpis"];
    assert_eq!(kpis["answered"], 4_054);
    assert_eq!(kpis["abandoned"], 946);
    assert_eq!(kpis["asa"]["mean"], 67.520_72);
    assert_eq!(kpis["resolved_said"]["num"], 3_646);
}

#[test]
fn one_process_reproduces_the_published_call_center() {
    assert_published(&Golden::new("pwc", Path::new(CALLS)).check(1));
}

#[test]
fn two_processes_reproduce_the_published_call_center() {
    assert_published(&Golden::new("pwc", Path::new(CALLS)).check(2));
}

/// The processes wait for what to count, longer than anything holds a clock, and see nothing but empty partitions.
#[test]
fn a_log_loaded_after_the_start_is_counted_too() {
    let golden = Golden::new("later", Path::new(CALLS));
    let expected = replayed(&golden.file, golden.folder.path());
    for key in ["contact", "random"] {
        let idle = "idle_timeout = \"4s\"";
        let mut site = Site::new(&format!("golden-later-{key}"), 4, 2, idle);
        site.run();
        site.wait_until_ready();
        pause(Duration::from_secs(6));
        let loaded = load(&site, &golden.file, &["--key", key, "--rate", "2000"]);
        check_figures(site, loaded, &expected);
    }
}

#[test]
fn the_worked_example_has_its_figures_in_any_order() {
    let golden = Golden::new("worked", Path::new(WORKED));
    let records = golden.check(1);
    let kpis = &records["all/1h"]["kpis"];
    assert_eq!(kpis["offered"], 4);
    assert_eq!(kpis["aht"]["mean"], 167.5);
    golden.check(2);
}

#[test]
fn a_simulated_afternoon_has_its_figures_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("voice.jsonl");
    let world = VoiceWorld {
        seed: SEED,
        contacts: 600,
        start: Timestamp::parse("2025-03-04T12:00:00Z").unwrap(),
        ..VoiceWorld::default()
    };
    write(&file, &world.events());
    let golden = Golden::new("voice", &file);
    golden.check(1);
    golden.check(2);
}
