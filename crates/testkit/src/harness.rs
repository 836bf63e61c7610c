//! The engine in memory with the settings of the tests, and the files that they share.

#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use floorwalker_core::{
    decode::Format,
    engine::{InputId, Settings, Source, SourceClock},
    event::{QueueId, SiteId, TeamId, Timestamp},
    kpi::{KpiSettings, Place},
    local::Cluster,
    schema::files,
};
use serde_json::Value;

/// Team and site of the queues of all worlds, for the engine and the recount alike.
pub const GROUPS: [(&str, Option<&str>, Option<&str>); 6] = [
    ("q", Some("red"), Some("north")),
    ("r", Some("blue"), None),
    ("billing", Some("red"), Some("north")),
    ("tech", None, Some("south")),
    ("chat", Some("green"), Some("north")),
    ("care", Some("care"), Some("abroad")),
];

/// Later than any event of the tests.
pub const SETTINGS_WALL: Timestamp = Timestamp(1_893_456_000_000_000);

/// Returns the default settings with one source of past events, `events`.
#[must_use]
pub fn events_settings(tasks: u16, recovery_max_bytes: u64) -> Arc<Settings> {
    let source = Source {
        topic: "events".to_owned(),
        clock: SourceClock::Events,
        format: Format::Json,
        lateness: None,
    };
    Arc::new(Settings {
        tasks,
        sources: vec![source],
        recovery_max_bytes,
        kpi: KpiSettings {
            places: GROUPS.into_iter().map(place).collect(),
            ..KpiSettings::default()
        },
        ..Settings::default()
    })
}

fn place((queue, team, site): (&str, Option<&str>, Option<&str>)) -> (QueueId, Place) {
    let place = Place {
        team: team.map(TeamId::new),
        site: site.map(SiteId::new),
    };
    (QueueId::new(queue), place)
}

/// Returns the events of a real call center, 22,162 JSON lines.
///
/// # Panics
/// When the file can't be read.
#[must_use]
pub fn call_center_lines() -> Vec<String> {
    let mut text = String::new();
    let file = std::fs::File::open(data("pwc-call-center.events.jsonl.gz")).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Runs the engine on lines that are dealt out to as many partitions as there are tasks, until nothing more happens, or until `at`.
///
/// # Panics
/// When a task can't go on, or `at` is no time.
#[must_use]
pub fn run(lines: &[String], tasks: u16, at: Option<&str>) -> Cluster {
    let settings = events_settings(tasks, Settings::default().recovery_max_bytes);
    let mut cluster = Cluster::new(&settings, SETTINGS_WALL).unwrap();
    for partition in 0..i32::from(tasks) {
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
    }
    if let Some(at) = at {
        cluster.end_at(Timestamp::parse(at).unwrap());
    }
    for (number, line) in lines.iter().enumerate() {
        let partition = i32::try_from(number % usize::from(tasks)).unwrap();
        cluster.feed(
            InputId {
                source: 0,
                partition,
            },
            line.as_bytes().to_vec(),
        );
    }
    cluster.run_until_quiet(1_000).unwrap();
    cluster
}

/// Returns whether all numbers of a record are 0 or missing.
#[must_use]
pub fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().all(is_nothing),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Null => true,
        Value::Bool(_) | Value::String(_) | Value::Array(_) => false,
    }
}

/// Returns a schema as the types give it, such as `v1/kpi.json`.
///
/// # Panics
/// When there is none at that path.
#[must_use]
pub fn schema(path: &str) -> Value {
    let mut all = files().into_iter();
    all.find(|file| file.path == path).unwrap().content
}

/// Returns the path of a file of `tests/data`.
#[must_use]
pub fn data(name: &str) -> PathBuf {
    project("tests/data").join(name)
}

/// Returns the path of a file or folder of the project.
#[must_use]
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}
