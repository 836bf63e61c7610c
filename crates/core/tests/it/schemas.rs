//! The schemas describe the records: all that real runs write is valid, and what is broken is not. Those of events agree with
//! the decoder, and the files in `schemas/` with the types.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read as _,
};

use floorwalker_core::{
    contact::ContactSettings,
    decode::{Decoded, decode},
    directory::Statement,
    engine::OutTopic,
    local::Cluster,
    schema::{KINDS, RECORDS, files},
};
use floorwalker_simulator::{World, WorldSettings};
use floorwalker_testkit::harness::{call_center_lines, data, project, run, schema};
use jsonschema::Validator;
use serde_json::{Value, json};

pub(crate) fn validator(schema: &Value) -> Validator {
    jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap()
}

fn of_topic(topic: OutTopic) -> Option<&'static str> {
    match topic {
        OutTopic::Kpis => Some("kpi"),
        OutTopic::Alerts => Some("alert"),
        OutTopic::Contacts => Some("contact"),
        OutTopic::Scorecards => Some("scorecard"),
        OutTopic::Recognitions => Some("recognition"),
        OutTopic::DeadLetters => None,
    }
}

/// Records by kind, at most `each` of one.
pub(crate) fn records(cluster: &Cluster, each: usize) -> BTreeMap<&'static str, Vec<Value>> {
    let mut by_kind: BTreeMap<_, Vec<Value>> = BTreeMap::new();
    for (_, output) in cluster.outputs.iter().rev() {
        let Some(kind) = of_topic(output.topic) else {
            continue;
        };
        // Without one, the record of its key is gone.
        let Some(payload) = &output.payload else {
            continue;
        };
        let records = by_kind.entry(kind).or_default();
        if records.len() < each {
            records.push(serde_json::from_slice(payload).unwrap());
        }
    }
    by_kind
}

/// A published call center, and a simulated one with all channels, predictions and garbage.
pub(crate) fn real_runs() -> [Cluster; 2] {
    let world = World::new(
        WorldSettings::new(40, floorwalker_core::event::Span::from_secs(2 * 3_600)),
        7,
    );
    let lines: Vec<String> = world
        .map(|delivery| String::from_utf8(delivery.payload).unwrap())
        .collect();
    let calls: Vec<String> = call_center_lines().into_iter().take(6_000).collect();
    [run(&calls, 2, None), run(&lines, 3, None)]
}

pub(crate) fn assert_valid(validator: &Validator, record: &Value) {
    let faults = validator.iter_errors(record);
    let faults: Vec<String> = faults
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}\n{record:#}");
}

#[test]
fn all_that_real_runs_write_is_valid() {
    for cluster in real_runs() {
        let by_kind = records(&cluster, 3_000);
        // In so little time nobody is recognized: `crash_rules.rs` has such records.
        assert_eq!(by_kind.len(), RECORDS.len() - 1);
        for (kind, records) in by_kind {
            let validator = validator(&schema(&format!("v1/{kind}.json")));
            records
                .iter()
                .for_each(|record| assert_valid(&validator, record));
        }
    }
}

#[test]
fn a_broken_record_is_not_valid() {
    let [cluster, _] = real_runs();
    for (kind, records) in records(&cluster, 1) {
        let validator = validator(&schema(&format!("v1/{kind}.json")));
        let record = &records[0];
        for name in record.as_object().unwrap().keys() {
            let mut without = record.clone();
            without.as_object_mut().unwrap().remove(name);
            assert!(!validator.is_valid(&without), "{kind} without {name}");
            let mut broken = record.clone();
            broken[name] = json!({"no": ["such", "thing"]});
            let reserved = &**name == "ack";
            assert_eq!(validator.is_valid(&broken), reserved, "{kind}: {name}");
        }
        let mut more = record.clone();
        more["new_in_a_later_version"] = json!(1);
        assert!(validator.is_valid(&more), "{kind} is open for more");
    }
    let contact = validator(&schema("v1/contact.json"));
    let text = fs::read_to_string(data("contact-record.json")).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_valid(&contact, &record);
    for (path, value) in [
        ("/resolution", json!("solved")),
        ("/engagements/0/direction", json!("sideways")),
        ("/began_at", json!("yesterday")),
        ("/episodes/1/wait", json!("30 s")),
        ("/obligations/0/due_at", Value::Null),
    ] {
        let mut broken = record.clone();
        *broken.pointer_mut(path).unwrap() = value;
        assert!(!contact.is_valid(&broken), "{path}");
    }
}

#[test]
fn the_files_are_what_the_types_give() {
    for file in files() {
        let path = project("schemas").join(&file.path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let written = serde_json::from_str::<Value>(&text).ok();
        assert!(
            written == Some(file.content),
            "{} is not what the types give; run `floorwalker schema all --out schemas`",
            path.display()
        );
    }
}

#[test]
fn the_asyncapi_document_is_one() {
    let packed = fs::File::open(data("asyncapi-3.0.0.schema.json.gz")).unwrap();
    let mut text = String::new();
    (flate2::read::GzDecoder::new(packed).read_to_string(&mut text)).unwrap();
    let specification: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::options().build(&specification).unwrap();
    let document = schema("asyncapi.json");
    assert_valid(&validator, &document);
    let mut broken = document.clone();
    broken["operations"]["send_kpis"]["action"] = json!("shout");
    assert!(!validator.is_valid(&broken));
    let written = document.to_string();
    for file in files().iter().filter(|file| file.path != "asyncapi.json") {
        assert!(
            written.contains(&format!("\"./{}\"", file.path)),
            "{}",
            file.path
        );
    }
    let resolve = |reference: &Value| {
        let pointer = reference.as_str().unwrap().trim_start_matches('#');
        document.pointer(pointer).is_some()
    };
    for channel in document["channels"].as_object().unwrap().values() {
        for message in channel["messages"].as_object().unwrap().values() {
            assert!(resolve(&message["$ref"]), "{message}");
        }
    }
}

/// Rules that a schema can't express.
const BEYOND: [&str; 6] = [
    "time_out_of_range",
    "duration_out_of_range",
    "report_without_part",
    "scale_without_width",
    "score_off_scale",
    "duplicate_field",
];

/// Asserts that the schema and the decoder are of one mind. True if it is an event.
fn agree(validator: &Validator, event: &Value) -> bool {
    let decoded = decode(event.to_string().as_bytes());
    let valid = validator.is_valid(event);
    match decoded {
        Ok(Decoded::Event(_)) => assert_valid(validator, event),
        Ok(Decoded::Unknown(_)) => assert!(valid, "an unknown kind: {event}"),
        Err(fault) if BEYOND.contains(&fault.code.name()) => {}
        Err(fault) => assert!(!valid, "{event}: {}", fault.sentence),
    }
    valid
}

fn examples() -> Vec<Value> {
    let text = fs::read_to_string(data("every-kind.events.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Wrong values instead of a right one.
fn others() -> Vec<Value> {
    let long = "x".repeat(257);
    vec![
        Value::Null,
        json!(true),
        json!(-7),
        json!(0.5),
        json!(17.25),
        json!(""),
        json!("neither"),
        json!("agent"),
        json!("2026-11-22T10:00:00+01:00"),
        json!(long),
        json!(format!("{long}{long}")),
        json!([]),
        json!(["es", ""]),
        json!([1]),
        json!({"deep": 1}),
    ]
}

#[test]
fn the_schema_of_events_and_the_decoder_are_of_one_mind() {
    let validator = validator(&schema("v1/event.json"));
    let (mut valid, mut invalid) = (0, 0);
    let mut kinds: Vec<String> = Vec::new();
    for example in examples() {
        assert!(agree(&validator, &example), "{example}");
        let kind = example["type"].as_str().unwrap().to_owned();
        let known = KINDS.iter().find(|known| known.name == kind).unwrap();
        kinds.push(kind);
        let envelope = [
            "event_id",
            "sequence",
            "channel",
            "customer_id",
            "occurred_at",
        ];
        let fields = known.needs.iter().chain(known.may_have).chain(&envelope);
        for name in fields {
            let mut variants: Vec<Value> = others()
                .into_iter()
                .map(|other| {
                    let mut variant = example.clone();
                    variant[*name] = other;
                    variant
                })
                .collect();
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(*name);
            variants.push(without);
            for variant in variants {
                let counted = match agree(&validator, &variant) {
                    true => &mut valid,
                    false => &mut invalid,
                };
                *counted += 1;
            }
        }
    }
    kinds.sort();
    kinds.dedup();
    assert_eq!(kinds.len(), KINDS.len(), "an example of each kind");
    assert!(valid > 500 && invalid > 1_000, "{valid} {invalid}");
    agree(&validator, &json!({"type": "coffee_brewed"}));
    agree(&validator, &json!({"type": 5}));
    agree(&validator, &json!([]));
}

#[test]
fn the_schema_accepts_the_events_of_worlds() {
    let validator = validator(&schema("v1/event.json"));
    for line in call_center_lines().iter().step_by(50) {
        assert!(
            agree(&validator, &serde_json::from_str(line).unwrap()),
            "{line}"
        );
    }
}

/// Statements of each kind of subject with the fewest and the most fields.
fn statements() -> Vec<Value> {
    let from = "2026-03-02T08:00:00+01:00";
    vec![
        json!({"subject": "queue:billing", "valid_from": from, "title": "Billing", "team": "night", "site": "oslo", "removed": false}),
        json!({"subject": "queue:billing", "valid_from": 1_772_438_400_000_i64}),
        json!({"subject": "team:night", "valid_from": from, "title": "Night shift"}),
        json!({"subject": "site:oslo", "valid_from": from, "title": "Oslo"}),
        json!({"subject": "agent:a:b", "valid_from": from, "title": "Ana Lima"}),
        json!({"subject": "policy:voice answer", "valid_from": from, "measure": "first_response", "channel": "voice", "queues": ["billing"],
            "threshold": 30, "target": 0.8, "at_risk_at": 0.5, "abandons": "negative", "short_abandon": 3.5, "flow_outs": "include",
            "opens": "queued"}),
        json!({"subject": "policy:voice answer", "valid_from": from, "measure": "answer", "threshold": 20.5}),
        json!({"subject": "agent:ana", "valid_from": from, "removed": true}),
    ]
}

/// Every field of one of them, and what may stand instead.
fn statement_variants(statement: &Value) -> Vec<Value> {
    let all = statements();
    let names = all.iter().flat_map(|it| it.as_object().unwrap().keys());
    let names: BTreeSet<&str> = names.map(String::as_str).chain(["tame"]).collect();
    let words = [
        " ",
        "queue:",
        "queue:a",
        "desk:a",
        "policy:p",
        "agent",
        "resolution",
        "answer",
        "positive",
        "exclude",
    ];
    let long = |bytes: usize| json!(format!("queue:{}", "x".repeat(bytes)));
    let values = others().into_iter().chain(words.map(Value::from)).chain([
        json!(false),
        json!(0),
        json!(1),
        json!(10_000_000_000_i64),
        json!(["x".repeat(257)]),
        long(256),
        long(257),
    ]);
    let values: Vec<Value> = values.collect();
    let mut variants = Vec::new();
    for name in names {
        for value in &values {
            let mut variant = statement.clone();
            variant[name] = value.clone();
            variants.push(variant);
        }
        let mut without = statement.clone();
        without.as_object_mut().unwrap().remove(name);
        variants.push(without);
    }
    variants
}

#[test]
fn the_schema_of_statements_and_their_reader_are_of_one_mind() {
    let validator = validator(&schema("v1/statement.json"));
    let settings = ContactSettings::default();
    let (mut valid, mut invalid) = (0, 0);
    for statement in statements() {
        assert_valid(&validator, &statement);
        for variant in [vec![statement.clone()], statement_variants(&statement)].concat() {
            match Statement::read(variant.to_string().as_bytes(), &settings) {
                Ok(_) => {
                    assert_valid(&validator, &variant);
                    valid += 1;
                }
                // A schema can't express these.
                Err(why) if why.contains("short up to") || why.contains("no calendar") => {}
                Err(why) => {
                    assert!(!validator.is_valid(&variant), "{variant}: {why}");
                    invalid += 1;
                }
            }
        }
    }
    assert!(valid > 200 && invalid > 2_000, "{valid} {invalid}");
    for other in [json!([]), json!("queue:a"), Value::Null] {
        assert!(!validator.is_valid(&other), "{other}");
    }
}
