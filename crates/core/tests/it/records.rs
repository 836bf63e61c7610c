//! Output records as protobuf: the record of JSON, field by field.

use std::sync::Arc;

use floorwalker_core::{
    decode::{Decoded, Format, decode},
    engine::{InputId, OutTopic, Output, Settings},
    local::Cluster,
    proto::Record,
};
use floorwalker_testkit::harness::{SETTINGS_WALL, call_center_lines, events_settings};
use floorwalker_testkit::protobuf::protobuf;
use serde_json::Value;

/// Records, and what Google's implementation writes of them.
const GOLDEN: [(Record, &str, &[u8]); 5] = [
    (
        Record::Kpi,
        include_str!("../../../../tests/data/kpi-record.json"),
        include_bytes!("../../../../tests/data/kpi-record.binpb"),
    ),
    (
        Record::Alert,
        include_str!("../../../../tests/data/alert-record.json"),
        include_bytes!("../../../../tests/data/alert-record.binpb"),
    ),
    (
        Record::Contact,
        include_str!("../../../../tests/data/contact-record.json"),
        include_bytes!("../../../../tests/data/contact-record.binpb"),
    ),
    (
        Record::Scorecard,
        include_str!("../../../../tests/data/scorecard-record.json"),
        include_bytes!("../../../../tests/data/scorecard-record.binpb"),
    ),
    (
        Record::Recognition,
        include_str!("../../../../tests/data/recognition-record.json"),
        include_bytes!("../../../../tests/data/recognition-record.binpb"),
    ),
];

/// Removes what is absent, and empty lists and maps: protobuf does not distinguish them.
fn present(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(list) if list.is_empty() => None,
        Value::Object(map) if map.is_empty() => None,
        Value::Object(map) => {
            let fields = map.into_iter();
            let fields = fields.filter_map(|(name, field)| Some((name, present(field)?)));
            Some(Value::Object(fields.collect()))
        }
        Value::Array(list) => Some(Value::Array(list.into_iter().filter_map(present).collect())),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value),
    }
}

fn json(bytes: &[u8]) -> Option<Value> {
    present(serde_json::from_slice(bytes).unwrap())
}

#[test]
fn records_are_spelled_as_elsewhere() {
    for (kind, text, bytes) in GOLDEN {
        let written = kind.to_protobuf(text.as_bytes()).unwrap();
        assert_eq!(written, bytes, "{text}");
        let mut expect: Value = serde_json::from_str(&text.replace(".000Z", "Z")).unwrap();
        if kind == Record::Kpi {
            expect["partial"] = false.into();
        }
        if kind == Record::Alert {
            expect["causes"] = Vec::<Value>::new().into();
            expect["contacts_more"] = 0.into();
            expect["interrupts"] = false.into();
            expect["flapping"] = false.into();
        }
        assert_eq!(json(&kind.to_json(bytes).unwrap()), present(expect));
    }
}

#[test]
fn a_record_is_read_in_either_format() {
    for (kind, text, _) in GOLDEN {
        assert_eq!(&*kind.to_json(text.as_bytes()).unwrap(), text.as_bytes());
        let damaged = kind.to_json(b"\xFF").unwrap_err().to_string();
        assert!(
            damaged.starts_with("not a record as protobuf: "),
            "{damaged}"
        );
    }
}

/// The first calls of the call center in three tasks: two in three events are forwarded.
fn outputs(format: Format) -> Vec<Output> {
    let mut settings = Settings::clone(&events_settings(3, 100_000_000));
    settings.output_format = format;
    settings.sources[0].format = format;
    let mut cluster = Cluster::new(&Arc::new(settings), SETTINGS_WALL).unwrap();
    for (number, line) in call_center_lines().iter().take(300).enumerate() {
        let Ok(Decoded::Event(event)) = decode(line.as_bytes()) else {
            panic!("{line}");
        };
        let record = match format {
            Format::Json => line.as_bytes().to_vec(),
            Format::Protobuf => protobuf(&event),
        };
        let partition = (number % 3) as i32;
        cluster.add_input(InputId {
            source: 0,
            partition,
        });
        cluster.feed(
            InputId {
                source: 0,
                partition,
            },
            record,
        );
    }
    cluster.run_until_quiet(100).unwrap();
    assert_eq!(cluster.counters().applied, 300);
    cluster
        .outputs
        .into_iter()
        .map(|(_, output)| output)
        .collect()
}

#[test]
fn a_deployment_writes_the_same_in_both_formats() {
    let [spelled, packed] = [Format::Json, Format::Protobuf].map(outputs);
    assert_eq!(spelled.len(), packed.len());
    let mut smaller = [0, 0];
    for (one, other) in spelled.iter().zip(&packed) {
        assert_eq!((one.topic, &one.key), (other.topic, &other.key));
        let kind = match one.topic {
            OutTopic::Kpis => Record::Kpi,
            OutTopic::Alerts => Record::Alert,
            OutTopic::Contacts => Record::Contact,
            OutTopic::Scorecards => Record::Scorecard,
            OutTopic::Recognitions => Record::Recognition,
            OutTopic::DeadLetters => panic!("all events are good"),
        };
        // A record that is gone.
        if one.payload.is_none() {
            assert_eq!(other.payload, None);
            continue;
        }
        let [text, bytes] = [one, other].map(|output| output.payload.as_deref().unwrap());
        assert_ne!(bytes.first(), Some(&b'{'));
        assert_eq!(json(&kind.to_json(bytes).unwrap()), json(text));
        smaller = [smaller[0] + text.len(), smaller[1] + bytes.len()];
    }
    assert!(smaller[1] * 2 < smaller[0], "{smaller:?}");
}
