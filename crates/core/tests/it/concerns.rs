//! What calls for somebody about a whole contact beside a likely low rating: a customer who comes again and again, and a mood that turns.

use std::sync::Arc;

use floorwalker_core::{
    alert::rule_of,
    contact::Concern,
    engine::{OutTopic, Settings, TaskId},
    local::{Cluster, Crash},
};
use floorwalker_testkit::harness::events_settings;
use serde_json::Value;

use crate::csat::{AGAIN, cluster, lines_of, records};

fn cluster_of(settings: Settings, lines: &[&str]) -> Cluster {
    cluster(&Arc::new(settings), &lines_of(lines))
}

fn settings(tasks: u16) -> Settings {
    let mut settings = Settings::clone(&events_settings(tasks, 1_400_000_000));
    settings.balance.enabled = false;
    settings
}

/// Returns the records of a rule's alerts.
fn of(cluster: &Cluster, concern: Concern) -> Vec<Value> {
    let alerts = records(cluster, OutTopic::Alerts).into_iter();
    alerts
        .filter(|record| record["rule"] == rule_of(concern))
        .collect()
}

fn played(settings: Settings, lines: &[&str], concern: Concern) -> Vec<Value> {
    let mut cluster = cluster_of(settings, lines);
    cluster.run_until_quiet(1).unwrap();
    of(&cluster, concern)
}

#[test]
fn a_third_contact_calls_until_it_is_over_and_a_second_does_not() {
    for tasks in [1, 4] {
        let alerts = played(settings(tasks), &AGAIN, Concern::Repeat);
        let [fired, resolved] = &alerts[..] else {
            panic!("{tasks} tasks: {alerts:?}");
        };
        assert_eq!(fired["subject"], "contact:c3");
        assert_eq!(
            (&fired["value"], &fired["threshold"]),
            (&3.0.into(), &3.0.into())
        );
        assert_eq!(fired["why"], "c3: contact 3 of this customer in 7 days.");
        assert_eq!(
            (&resolved["status"], &resolved["reason"]),
            (&"resolved".into(), &"ended".into())
        );
        assert_eq!(fired["id"], resolved["id"]);
        assert_eq!(fired["interrupts"], false);
    }
    let mut twice = settings(1);
    twice.alert.repeat_contacts = 2;
    let subjects: Vec<Value> = (played(twice, &AGAIN, Concern::Repeat).iter())
        .filter(|record| record["status"] == "firing")
        .map(|record| record["subject"].clone())
        .collect();
    assert_eq!(subjects, ["contact:c2", "contact:c3"]);
    let mut off = settings(1);
    off.alert.repeat.enabled = false;
    assert_eq!(played(off, &AGAIN, Concern::Repeat), Vec::<Value>::new());
}

const BEGINS: &str = "10:00:00 queued c1 queue=billing channel=chat";
const BAD: &str = "10:01:00 message c1 by=customer sentiment=-1";
const BAD_AGAIN: &str = "10:02:00 message c1 by=customer sentiment=-0.9";
const GOOD: &str = "10:01:30 message c1 by=customer sentiment=1";
const ENDS: &str = "10:09:00 ended c1 by=customer";

#[test]
fn a_mood_turns_with_two_bad_messages_in_a_row() {
    let fired = |lines: &[&str]| played(settings(1), lines, Concern::Turned);
    let alerts = fired(&[BEGINS, BAD, BAD_AGAIN, ENDS]);
    let [turned, over] = &alerts[..] else {
        panic!("{alerts:?}");
    };
    assert_eq!(turned["starts_at"], "2026-11-22T10:02:00Z", "{turned}");
    assert_eq!(turned["value"], -0.6);
    assert_eq!(
        turned["why"],
        "c1: the customer's messages have turned bad (mood -0.6)."
    );
    assert_eq!(
        (&over["status"], &over["ends_at"]),
        (&"resolved".into(), &"2026-11-22T10:09:00Z".into())
    );
    // One bad message, and one between two.
    assert_eq!(fired(&[BEGINS, BAD, ENDS]), Vec::<Value>::new());
    assert_eq!(
        fired(&[BEGINS, BAD, GOOD, BAD_AGAIN, ENDS]),
        Vec::<Value>::new()
    );
    let mut off = settings(1);
    off.alert.turned.enabled = false;
    let none = played(off, &[BEGINS, BAD, BAD_AGAIN, ENDS], Concern::Turned);
    assert_eq!(none, Vec::<Value>::new());
}

/// Plays lines with a crash at one of them.
fn played_with_crash(lines: &[&str], concern: Concern, (crash, at): (Crash, usize)) -> Vec<Value> {
    let mut cluster = cluster_of(settings(1), lines);
    for step in 0..lines.len() {
        if step == at {
            cluster.advance_and_crash(TaskId(0), 1, crash).unwrap();
        }
        cluster.advance(TaskId(0), 1).unwrap();
    }
    cluster.run_until_quiet(1).unwrap();
    of(&cluster, concern)
}

#[test]
fn a_crash_anywhere_fires_the_same() {
    let cases: [(&[&str], Concern); 2] = [
        (&AGAIN, Concern::Repeat),
        (&[BEGINS, BAD, BAD_AGAIN, ENDS], Concern::Turned),
    ];
    let without_seq = |mut records: Vec<Value>| {
        records.iter_mut().for_each(|it| it["seq"] = Value::Null);
        records
    };
    for (lines, concern) in cases {
        let expected = without_seq(played(settings(1), lines, concern));
        assert_eq!(expected.len(), 2);
        for crash in [Crash::BeforeStep, Crash::BeforeCommit, Crash::AfterCommit] {
            for at in 0..lines.len() {
                let found = played_with_crash(lines, concern, (crash, at));
                assert_eq!(without_seq(found), expected, "{crash:?} at {at}");
            }
        }
    }
}
