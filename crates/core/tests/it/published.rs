//! 5,000 calls of 2021 with published totals: what was printed then must come out here.
//!
//! `tests/data/pwc_recount.py` reads the same log in plain Python.

use std::io::Read as _;

use floorwalker_core::{
    decode::{Decoded, decode},
    event::{Event, Timestamp},
};
use floorwalker_testkit::reference::{Recount, Settings, recount};
use serde_json::Value;

const LOG: &[u8] = include_bytes!("../../../../tests/data/pwc-call-center.events.jsonl.gz");
/// The contract's example of a KPI record.
const RECORD: &str = include_str!("../../../../tests/data/kpi-record.json");

fn log() -> Vec<Event> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(LOG)
        .read_to_string(&mut text)
        .unwrap();
    let decoded = text.lines().map(|json| decode(json.as_bytes()).unwrap());
    decoded
        .map(|decoded| match decoded {
            Decoded::Event(event) => event,
            Decoded::Unknown(kind) => panic!("{kind} is unknown"),
        })
        .collect()
}

fn counted() -> (Recount, Timestamp) {
    let events = log();
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    (recount(&events, &Settings::default(), clock), clock)
}

#[test]
fn published_totals_come_out_of_the_recount() {
    let all = counted().0.card("all", None);
    assert_eq!(
        (all.offered, all.answered, all.abandoned),
        (5_000, 4_054, 946)
    );
    assert_eq!(all.resolved_said.num, 3_646);
    assert_eq!(format!("{:.2}", all.asa.mean.unwrap()), "67.52");
    // The mean rating of 3.40 out of 1 to 5.
    let csat = all.csat.mean.unwrap();
    assert_eq!(format!("{csat:.4} {:.2}", 1.0 + 4.0 * csat), "0.6009 3.40");
}

#[test]
fn record_of_an_agent_is_the_one_of_the_contract() {
    let (counted, clock) = counted();
    let example: Value = serde_json::from_str(RECORD).unwrap();
    let records = counted.records(clock);
    let record = records
        .iter()
        .find(|record| {
            ["entity", "window"]
                .iter()
                .all(|key| record[*key] == example[*key])
        })
        .unwrap();
    let names: Vec<&String> = record["kpis"].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 26);
    for name in names {
        assert_eq!(record["kpis"][name], example["kpis"][name], "{name}");
    }
}
