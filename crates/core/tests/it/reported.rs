//! What a vendor's summary makes of an engagement: by the fold, in any order, and by the recount.

use floorwalker_core::{
    contact::{Contact, ContactSettings},
    event::{Event, Timestamp, line},
};
use floorwalker_testkit::reference::{Settings, recount};

/// `ana 60+10+5`: talk, hold and wrap-up in seconds; `incomplete` instead where they are in no mean.
fn folded(events: &[Event], clock: Timestamp) -> Vec<String> {
    let settings = ContactSettings::default();
    let mut contact = Contact::default();
    for event in events {
        contact.handle_event(event.clone(), None, &settings);
    }
    contact.handle_timeout(clock, Timestamp::MIN, &settings);
    let shown = contact.fold.engagements.iter().map(|it| {
        let parts = [it.talk(), it.hold(), it.wrap()].map(|part| part.as_secs().to_string());
        match (it.ended_at, it.is_incomplete()) {
            (None, _) => format!("{} open", it.agent),
            (Some(_), true) => format!("{} incomplete", it.agent),
            (Some(at), false) => {
                let ended = at.to_string();
                let time = ended.get(11..19).unwrap();
                format!("{} {} at {time}", it.agent, parts.join("+"))
            }
        }
    });
    shown.collect()
}

fn check(log: &str, clock: &str, expect: &[&str]) {
    let mut events = line::parse_all(log).unwrap();
    let clock = line::parse(&format!("{clock} ended x by=system"))
        .unwrap()
        .occurred_at;
    events.retain(|event| event.occurred_at <= clock);
    assert_eq!(folded(&events, clock), expect, "{log}");
    let counted = recount(&events, &Settings::default(), clock).card("all", None);
    let complete = expect.iter().filter(|it| it.contains('+'));
    let sum: f64 = complete
        .clone()
        .flat_map(|it| it.split(' ').nth(1).unwrap().split('+'))
        .map(|part| part.parse::<f64>().unwrap())
        .sum();
    let n = complete.count() as u64;
    assert_eq!(counted.aht.handle.n, n, "recount of {log}");
    let mean = counted.aht.handle.mean.unwrap_or_default();
    assert!(
        (mean * n as f64 - sum).abs() < 1e-6,
        "recount of {log}: {mean}"
    );
    events.reverse();
    assert_eq!(folded(&events, clock), expect, "backwards: {log}");
}

const CALL: &str = "
    10:00:00 queued c1 queue=q channel=voice
    10:00:10 answered c1 agent=ana
    10:00:20 hold_started c1 agent=ana
    10:00:30 hold_ended c1 agent=ana
    10:01:10 ended c1 by=customer";

#[test]
fn a_report_replaces_the_parts_it_names() {
    check(
        &format!(
            "{CALL}\n10:01:20 wrap_up_ended c1 agent=ana\n10:05:00 reported c1 agent=ana talk=55 wrap_up=7"
        ),
        "10:10:00",
        &["ana 55+10+7 at 10:01:20"],
    );
}

#[test]
fn the_last_report_wins_part_by_part() {
    check(
        &format!(
            "{CALL}\n10:01:20 wrap_up_ended c1 agent=ana
             10:05:00 reported c1 agent=ana talk=55 hold=1
             10:06:00 reported c1 agent=ana talk=44"
        ),
        "10:10:00",
        &["ana 44+1+10 at 10:01:20"],
    );
}

#[test]
fn without_a_wrap_up_ended_the_report_ends_the_engagement() {
    let log = format!("{CALL}\n10:02:00 reported c1 agent=ana talk=40");
    check(&log, "10:01:59", &["ana open"]);
    check(&log, "10:02:00", &["ana incomplete"]);
    let with_wrap_up = format!("{CALL}\n10:02:00 reported c1 agent=ana wrap_up=8");
    check(&with_wrap_up, "10:01:59", &["ana open"]);
    check(&with_wrap_up, "10:02:00", &["ana 50+10+8 at 10:02:00"]);
}

#[test]
fn a_wrap_up_ended_after_the_report_is_late() {
    let log = format!(
        "{CALL}\n10:02:00 reported c1 agent=ana talk=40\n10:03:00 wrap_up_ended c1 agent=ana"
    );
    check(&log, "10:10:00", &["ana incomplete"]);
}

#[test]
fn a_report_before_the_end_of_the_talk_ends_the_engagement_with_it() {
    check(
        "10:00:10 answered c1 agent=ana channel=voice
         10:00:40 reported c1 agent=ana wrap_up=3
         10:01:10 ended c1 by=customer",
        "10:10:00",
        &["ana 60+0+3 at 10:01:10"],
    );
}

#[test]
fn a_report_makes_complete_what_was_not_and_leaves_its_time() {
    let log = format!("{CALL}\n11:00:00 reported c1 agent=ana wrap_up=7");
    check(&log, "10:31:10", &["ana incomplete"]);
    check(&log, "11:00:00", &["ana 50+10+7 at 10:31:10"]);
    let without_wrap_up = format!("{CALL}\n11:00:00 reported c1 agent=ana talk=40");
    check(&without_wrap_up, "11:00:00", &["ana incomplete"]);
}

#[test]
fn an_engagement_that_nobody_answered_is_one_of_its_own() {
    check(
        "10:00:00 queued c1 queue=q channel=voice
         10:05:00 reported c1 agent=bo talk=30 hold=2
         10:06:00 reported c1 agent=bo wrap_up=4",
        "10:10:00",
        &["bo 30+2+4 at 10:05:00"],
    );
}

#[test]
fn a_leg_is_its_latest_engagement_and_none_the_agents() {
    let log = |leg: &str| {
        format!(
            "10:00:00 answered c1 agent=ana leg=1 channel=sms
             10:01:00 transferred c1 agent=ana
             10:02:00 answered c1 agent=ana leg=2
             10:03:00 ended c1 by=agent
             10:04:00 reported c1 agent=ana {leg} talk=5"
        )
    };
    let [first, second] = ["ana 60+0+0 at 10:01:00", "ana 60+0+0 at 10:03:00"];
    check(
        &log("leg=1"),
        "10:10:00",
        &["ana 5+0+0 at 10:01:00", second],
    );
    check(&log(""), "10:10:00", &[first, "ana 5+0+0 at 10:03:00"]);
    check(
        &log("leg=3"),
        "10:10:00",
        &[first, second, "ana 5+0+0 at 10:04:00"],
    );
}

#[test]
fn a_reported_part_below_zero_is_zero_and_a_clock_skew() {
    let log = format!("{CALL}\n10:02:00 reported c1 agent=ana hold=-3 wrap_up=-1");
    check(&log, "10:10:00", &["ana 50+0+0 at 10:02:00"]);
    let mut contact = Contact::default();
    for event in line::parse_all(&log).unwrap() {
        contact.handle_event(event, None, &ContactSettings::default());
    }
    assert_eq!(contact.fold.clock_skews, 2);
}
