//! What may come from a source: rubbish, new partitions, silence.

use std::time::Duration;

use floorwalker::kafka::{clock, topics::Topic};

use crate::deployment::{Deployment, Keyed, lines};

#[test]
fn garbage_becomes_dead_letters_and_stops_nothing() {
    let rubbish = [
        String::new(),
        "{".to_owned(),
        "null".to_owned(),
        r#"{"event_id":1,"type":[]}"#.to_owned(),
        "x".repeat(900_000),
    ];
    let mut sent = lines(1);
    for (number, line) in rubbish.iter().cycle().take(100).enumerate() {
        sent.insert(number * 200, line.clone());
    }
    let mut deployment = Deployment::start("rubbish", 1, sent, 2_000);
    deployment.load.run_for(Duration::from_secs(4));
    deployment.settle();
    assert_eq!(deployment.sum("dead_lettered"), 100);
    deployment.end();
}

#[test]
fn new_partitions_of_a_source_are_read() {
    let mut deployment = Deployment::start("grow", 1, lines(1), 2_000);
    deployment.load.run_for(Duration::from_secs(3));
    deployment.grow(21);
    deployment.load.run_for(Duration::from_secs(2));
    deployment.finish();
}

/// Each partition is read to its end again and again, while hours of past time lie between two events: no reason to report
/// what is due.
#[test]
fn a_slow_load_of_the_past_raises_the_alerts_of_a_fast_one() {
    let mut sent = lines(1);
    sent.truncate(4_000);
    let mut deployment = Deployment::start_keyed(Keyed::ByContact, "slow", 1, (sent, 150));
    deployment.load.run_for(Duration::from_secs(27));
    deployment.finish();
}

/// A contact waits, and nothing else ever comes: by the wall clock alone it has waited too long.
#[test]
fn an_alert_is_raised_while_the_source_is_silent() {
    let at = clock::wall();
    let line = format!(
        r#"{{"event_id":"e1","occurred_at":"{at}","source":"test","type":"contact_queued","contact_id":"c1","channel":"voice","queue":"billing","direction":"inbound"}}"#
    );
    let mut deployment = Deployment::start("live-silence", 1, vec![line], 1);
    deployment.load.run_for(Duration::from_secs(3));
    assert!(
        deployment.hears_from(Topic::Alerts, Duration::from_secs(90)),
        "{}",
        deployment.logs()
    );
    deployment.end();
}
