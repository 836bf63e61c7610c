//! State that an earlier version wrote is read by this one, which goes on as if it had been there from the beginning.
//!
//! `tests/data/upgrade` has, of each version of the state log that is still read, the events of a morning and what a deployment had
//! committed in the middle of it. `cargo test -p floorwalker-core --test core -- --ignored write_the_state_of_this_version` writes that of this version.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    path::PathBuf,
    sync::Arc,
};

use floorwalker_core::{
    engine::{InputId, OutTopic, Placement, Settings, TaskId},
    event::Span,
    local::{Cluster, Payloads},
};
use floorwalker_simulator::{Faults, World, WorldSettings, drawn_incidents};
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use serde_json::Value;

const TASKS: u16 = 2;
const STEP: usize = 100;
/// The version that is written.
const VERSION: &str = "0.1.0";

fn settings() -> Arc<Settings> {
    let mut settings = Settings::clone(&events_settings(TASKS, 1_400_000_000));
    // Other steps are cut than those of an undisturbed run: what is judged must be complete.
    settings.rules.settle = Span::from_secs(900);
    Arc::new(settings)
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/upgrade")
        .join(name)
}

fn unpacked(path: &PathBuf) -> Vec<u8> {
    let packed = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&*packed)
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn write_packed(path: &PathBuf, bytes: &[u8]) {
    let file = fs::File::create(path).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

/// Returns the records of each partition.
fn partitions(lines: &[u8]) -> Vec<(InputId, Payloads)> {
    let placement = Placement::new(TASKS);
    let mut partitions = vec![Vec::new(); usize::from(TASKS)];
    for line in lines
        .split(|byte| *byte == b'\n')
        .filter(|it| !it.is_empty())
    {
        let fields: Value = serde_json::from_slice(line).unwrap();
        let key = [&fields["contact_id"], &fields["agent_id"]];
        let key = key.into_iter().find_map(Value::as_str).unwrap_or_default();
        let task = placement.task_of(key.as_bytes());
        partitions[usize::from(task.0)].push(line.to_vec());
    }
    (0..)
        .zip(partitions)
        .map(|(partition, records)| {
            (
                InputId {
                    source: 0,
                    partition,
                },
                records,
            )
        })
        .collect()
}

fn begun(lines: &[u8]) -> Cluster {
    let mut cluster = Cluster::new(&settings(), SETTINGS_WALL).unwrap();
    for (input, records) in partitions(lines) {
        cluster.add_input(input);
        records.into_iter().for_each(|it| cluster.feed(input, it));
    }
    cluster
}

/// Returns the last record of each key of the figures, and the changes of alerts from an instant on.
fn results(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut last = BTreeMap::new();
    for (_, output) in &cluster.outputs {
        let Some(payload) = &output.payload else {
            continue;
        };
        let key = String::from_utf8_lossy(output.key.as_deref().unwrap_or_default()).into_owned();
        match output.topic {
            // What began before the update has not been counted by its reason.
            OutTopic::Kpis if key.starts_with("reason:") => {}
            OutTopic::Kpis => {
                let text = String::from_utf8_lossy(payload).into_owned();
                last.insert(format!("kpi {key}"), text);
            }
            OutTopic::Contacts => {
                let mut record: Value = serde_json::from_slice(payload).unwrap();
                // How often it was written, and predictions, depend on where steps were cut.
                for name in ["version", "csat", "alerts"] {
                    record[name] = Value::Null;
                }
                last.insert(format!("contact {key}"), record.to_string());
            }
            OutTopic::Alerts
            | OutTopic::Scorecards
            | OutTopic::Recognitions
            | OutTopic::DeadLetters => {}
        }
    }
    last
}

/// The versions whose state is read.
fn versions() -> Vec<String> {
    let entries = fs::read_dir(path("")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let states = names.filter_map(|name| Some(name.strip_suffix(".state.cbor.gz")?.to_owned()));
    states.collect()
}

#[test]
fn state_of_earlier_versions_is_read_and_gone_on_from() {
    let versions = versions();
    assert!(
        versions.iter().any(|version| version == VERSION),
        "{versions:?}"
    );
    for version in versions {
        let lines = unpacked(&path(&format!("{version}.events.jsonl.gz")));
        let state = unpacked(&path(&format!("{version}.state.cbor.gz")));
        let mut undisturbed = begun(&lines);
        undisturbed.run_until_quiet(STEP).unwrap();
        let inputs = partitions(&lines);
        let mut upgraded = Cluster::resume(&settings(), SETTINGS_WALL, &state, inputs).unwrap();
        upgraded.run_until_quiet(STEP).unwrap();
        let (expected, found) = (results(&undisturbed), results(&upgraded));
        let mut after = 0;
        for (key, record) in &found {
            assert_eq!(expected.get(key), Some(record), "{version}: {key}");
            after += 1;
        }
        // What the earlier version had written for good is not written again; all figures are.
        let figures =
            |of: &BTreeMap<String, String>| of.keys().filter(|key| key.starts_with("kpi ")).count();
        assert_eq!(figures(&expected), figures(&found), "{version}");
        assert!(after > 200, "{version}: only {after} records");
        assert_eq!(
            undisturbed.counters().applied,
            upgraded.counters().applied,
            "{version}"
        );
    }
}

#[test]
#[ignore = "writes the state of this version, for a release"]
fn write_the_state_of_this_version() {
    let mut world = WorldSettings::new(20, Span::from_secs(3_600));
    world.faults = Faults::default();
    world.incidents = drawn_incidents(&world, 1);
    let mut lines = Vec::new();
    for delivery in World::new(world, 1) {
        lines.extend(delivery.payload);
        lines.push(b'\n');
    }
    let mut cluster = begun(&lines);
    let half = lines.iter().filter(|byte| **byte == b'\n').count() / 2;
    let mut turns = 0;
    while usize::try_from(cluster.counters().applied).unwrap() < half {
        cluster.advance(TaskId(turns % TASKS), STEP / 2).unwrap();
        turns += 1;
    }
    fs::create_dir_all(path("")).unwrap();
    write_packed(&path(&format!("{VERSION}.events.jsonl.gz")), &lines);
    write_packed(
        &path(&format!("{VERSION}.state.cbor.gz")),
        &cluster.snapshot(),
    );
}
