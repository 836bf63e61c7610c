//! A record for every entity that has a fact. What was asserted and taken back before it was ever written leaves none.

use std::sync::Arc;

use floorwalker_core::{
    decode::{Decoded, decode},
    engine::{InputId, OutTopic, Settings, TaskId},
    event::{Event, Span, line},
    local::{Cluster, Crash},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::faults;
use floorwalker_testkit::harness::{call_center_lines, events_settings, is_nothing};
use serde_json::Value;

use crate::agreement::{empty, feed};

const TASK: TaskId = TaskId(0);
const INPUT: InputId = InputId {
    source: 0,
    partition: 0,
};
/// No event has a channel until the wait is read.
const CALL: &str = "10:00:10 answered c1 agent=ana queue=q
    10:01:00 ended c1 by=customer
    10:01:10 wrap_up_ended c1 agent=ana";
const WAIT: &str = "10:00:00 queued c1 queue=q channel=voice";

/// A task that has read somebody else's call and written what it knows.
fn begun() -> Cluster {
    let settings = events_settings(1, Settings::default().recovery_max_bytes);
    let mut cluster = empty(&settings);
    read(
        &mut cluster,
        "09:00:00 queued c0 queue=q channel=voice\n09:59:00 ended c0 by=customer",
    );
    cluster.run_until_quiet(10).unwrap();
    // Behind this beat there is none until the wall clock goes on.
    read(&mut cluster, "09:59:30 hold_started c0 agent=ana");
    assert!(cluster.advance(TASK, 10).unwrap());
    cluster
}

fn read(cluster: &mut Cluster, lines: &str) {
    for event in line::parse_all(lines).unwrap() {
        cluster.feed(INPUT, jsonl(&event).into_bytes());
    }
}

/// Whether the records of `channel:other` have a figure, one after the other, of the window `8h`.
fn written(cluster: &Cluster) -> Vec<bool> {
    let kpis = (cluster.outputs.iter()).filter(|(_, output)| output.topic == OutTopic::Kpis);
    let of_channel = kpis.filter(|(_, output)| output.key.as_deref() == Some(b"channel:other/8h"));
    let counts = of_channel.map(|(_, output)| {
        let record: Value = serde_json::from_slice(output.payload.as_ref().unwrap()).unwrap();
        !is_nothing(&record["kpis"])
    });
    counts.collect()
}

#[test]
fn what_was_taken_back_before_it_was_written_leaves_no_record() {
    for crash in [None, Some(Crash::BeforeCommit), Some(Crash::AfterCommit)] {
        let mut cluster = begun();
        read(&mut cluster, CALL);
        match crash {
            None => assert!(cluster.advance(TASK, 10).unwrap()),
            Some(crash) => cluster.advance_and_crash(TASK, 10, crash).unwrap(),
        }
        read(&mut cluster, WAIT);
        cluster.run_until_quiet(10).unwrap();
        assert_eq!(written(&cluster), [false; 0], "{crash:?}");
    }
}

#[test]
fn what_was_written_and_taken_back_keeps_a_record_of_zeros() {
    for crash in [None, Some(Crash::BeforeCommit), Some(Crash::AfterCommit)] {
        let mut cluster = begun();
        read(&mut cluster, CALL);
        cluster.run_until_quiet(10).unwrap();
        assert!(written(&cluster).last().unwrap());
        read(&mut cluster, WAIT);
        match crash {
            None => assert!(cluster.advance(TASK, 10).unwrap()),
            Some(crash) => cluster.advance_and_crash(TASK, 10, crash).unwrap(),
        }
        cluster.run_until_quiet(10).unwrap();
        assert!(!written(&cluster).last().unwrap(), "{crash:?}");
    }
}

#[test]
fn a_log_that_is_shuffled_within_the_lateness_has_the_records_of_one_in_order() {
    let lines = call_center_lines();
    let events: Vec<Event> = (lines.iter())
        .filter_map(|line| match decode(line.as_bytes()) {
            Ok(Decoded::Event(event)) => Some(event),
            _ => None,
        })
        .collect();
    let shuffled = faults::shuffle(&events, Span::from_secs(570), 1);
    let records = |fed: &[Event]| {
        let mut settings = (*events_settings(2, Settings::default().recovery_max_bytes)).clone();
        settings.kpi.only_at_end = true;
        let mut cluster = empty(&Arc::new(settings));
        feed(&mut cluster, fed, 1, 1);
        cluster.run_until_quiet(1_000).unwrap();
        let outputs = cluster.outputs.into_iter();
        let kpis = outputs.filter(|(_, output)| output.topic == OutTopic::Kpis);
        let last: std::collections::BTreeMap<_, _> = kpis
            .map(|(_, output)| (output.key, output.payload))
            .collect();
        last
    };
    let (expected, found) = (records(&events), records(&shuffled));
    assert!(expected.len() > 100);
    let other = b"channel:other/8h".to_vec();
    assert!(!expected.contains_key(&Some(other)));
    assert!(expected == found);
}
