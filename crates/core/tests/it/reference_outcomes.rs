//! First-contact resolution, satisfaction, whose numbers are whose, and records, in small logs.

use std::collections::BTreeSet;

use floorwalker_core::event::{QueueId, Span, Timestamp, line};
use floorwalker_testkit::reference::{
    Abandons, Outcome, Recount, Resolutions, Settings, recount, window_name,
};

use crate::golden::agrees;

fn at(time: &str) -> Timestamp {
    let line = format!("{time} ended x by=system");
    line::parse(&line).unwrap().occurred_at
}

fn count_with(settings: &Settings, log: &str, clock: &str) -> Recount {
    let events = line::parse_all(log).unwrap();
    agrees(settings, &events, at(clock));
    recount(&events, settings, at(clock))
}

fn count(log: &str, clock: &str) -> Recount {
    count_with(&Settings::default(), log, clock)
}

/// Resolved, repeated, unresolved.
fn shown(it: Resolutions) -> [u64; 3] {
    [it.resolved, it.repeated, it.unresolved]
}

const CALL: &str = "
    10:00:00 queued c1 queue=q customer=k1
    10:00:10 answered c1 agent=ana
    10:01:00 ended c1 by=customer";

#[test]
fn resolved_until_the_customer_comes_back_in_the_window() {
    let again = |time: &str| format!("{CALL}\n{time} queued c2 queue=r customer=k1");
    let fcr = |log: &str, clock: &str| {
        let card = count(log, clock).card("agent:ana", None);
        (shown(card.fcr), shown(card.fcr_confirmed))
    };
    let nothing = [0, 0, 0];
    assert_eq!(fcr(CALL, "10:00:59"), (nothing, nothing));
    assert_eq!(fcr(CALL, "10:01:00"), ([1, 0, 0], nothing));
    assert_eq!(fcr(CALL, "2026-11-29T10:00:59Z"), ([1, 0, 0], nothing));
    assert_eq!(fcr(CALL, "2026-11-29T10:01:00Z"), ([1, 0, 0], [1, 0, 0]));

    let last = again("2026-11-29T10:00:59.999999Z");
    assert_eq!(fcr(&last, "2026-11-29T10:01:00Z"), ([0, 1, 0], [0, 1, 0]));
    let too_late = again("2026-11-29T10:01:00Z");
    assert_eq!(
        fcr(&too_late, "2026-11-29T10:01:00Z"),
        ([1, 0, 0], [1, 0, 0])
    );
    let during = again("10:00:30");
    assert_eq!(fcr(&during, "10:30:00"), ([1, 0, 0], nothing));
}

#[test]
fn survey_or_another_customer_or_an_outbound_call_is_no_repeat() {
    for other in [
        "10:05:00 survey c2 score=1/1..5 customer=k1",
        "10:05:00 queued c2 queue=q customer=k2",
        "10:05:00 queued c2 queue=q customer=k1 direction=outbound",
    ] {
        let card = count(&format!("{CALL}\n{other}"), "10:30:00").card("all", None);
        assert_eq!(shown(card.fcr), [1, 0, 0], "{other}");
    }
}

#[test]
fn unresolved_by_disposition_or_by_a_wait_lost_after_an_answer() {
    let with_disposition = format!("{CALL}\n10:02:00 wrap_up_ended c1 agent=ana resolved=false");
    assert_eq!(
        shown(count(&with_disposition, "10:01:59").card("all", None).fcr),
        [1, 0, 0]
    );
    assert_eq!(
        shown(count(&with_disposition, "10:02:00").card("all", None).fcr),
        [0, 0, 1]
    );
    let lost = "10:00:00 queued c1 queue=q customer=k1
        10:00:10 answered c1 agent=ana
        10:01:00 transferred c1 agent=ana to_queue=r
        10:01:00 queued c1 queue=r
        10:01:30 ended c1 by=customer";
    let counted = count(lost, "10:30:00");
    assert_eq!(shown(counted.card("all", None).fcr), [0, 0, 1]);
    assert_eq!(shown(counted.card("queue:q", None).fcr), [0, 0, 1]);
    assert_eq!(shown(counted.card("queue:r", None).fcr), [0, 0, 0]);
}

#[test]
fn contact_of_nobody_in_particular_is_left_out_of_resolution_and_counted() {
    let log = CALL.replace(" customer=k1", "");
    let card = count(&log, "10:30:00").card("agent:ana", None);
    assert_eq!((shown(card.fcr), card.fcr_no_customer), ([0, 0, 0], 1));
}

#[test]
fn survey_goes_to_who_was_engaged_last_by_then() {
    let log = "10:00:00 queued c1 queue=q
        10:00:10 answered c1 agent=ana
        10:00:40 survey c1 score=1/1..5
        10:01:00 transferred c1 agent=ana to_agent=bo
        10:01:00 answered c1 agent=bo queue=r
        10:02:00 ended c1 by=customer";
    let before = count(log, "10:30:00");
    assert_eq!(before.card("agent:ana", None).csat.low.num, 1);
    assert_eq!(before.card("queue:q", None).csat.n, 1);
    assert_eq!(before.card("agent:bo", None).csat.n, 0);
    assert_eq!(before.card("agent:bo", None).csat_response.num, 1);
    let later = format!("{log}\n10:20:00 survey c1 score=5/1..5");
    let after = count(&later, "10:30:00");
    assert_eq!(after.card("agent:ana", None).csat.n, 0);
    assert_eq!(after.card("queue:r", None).csat.mean, Some(1.0));
}

#[test]
fn obligation_has_the_queue_last_named_before_it_or_first_after() {
    let mut settings = Settings::default();
    for policy in &mut settings.policies {
        policy.queues = Some(BTreeSet::from([QueueId::new("vip")]));
    }
    let log = "10:00:00 offered c1 agent=ana
        10:00:05 answered c1 agent=ana
        10:01:00 transferred c1 agent=ana to_queue=vip
        10:01:00 queued c1 queue=vip
        10:01:05 offered c1 agent=bo
        10:01:06 answered c1 agent=bo queue=other
        10:01:30 offered c1 agent=cy";
    let opened = |clock: &str| {
        let obligations = count_with(&settings, log, clock).obligations;
        let policies = obligations.into_iter();
        policies
            .map(|it| format!("{} {:?}", it.policy, it.outcome))
            .collect::<Vec<_>>()
    };
    assert_eq!(opened("10:00:59"), Vec::<String>::new());
    assert_eq!(
        opened("10:30:00"),
        ["voice accept Met", "voice accept Met", "voice answer Met"]
    );
}

#[test]
fn short_abandon_of_a_policy_is_not_over_its_threshold() {
    let mut settings = Settings::default();
    for policy in &mut settings.policies {
        policy.threshold = Span::from_secs(3);
        policy.short_abandon = Some(Span::from_secs(60));
        policy.abandons = Abandons::Negative;
    }
    for (time, outcome, decided) in [
        ("10:00:02.999999", Outcome::Excluded, "10:00:02.999999"),
        ("10:00:03", Outcome::Missed, "10:00:03"),
        ("10:00:04", Outcome::Missed, "10:00:03"),
    ] {
        let log = format!("10:00:00 queued c1 queue=q\n{time} ended c1 by=customer");
        let counted = count_with(&settings, &log, "10:30:00");
        let [obligation] = counted.obligations.as_slice() else {
            panic!("{counted:?}")
        };
        assert_eq!(obligation.outcome, outcome, "{time}");
        assert_eq!(obligation.decided_at, Some(at(decided)), "{time}");
    }
}

#[test]
fn record_has_the_shape_of_the_contract() {
    let counted = count(CALL, "10:01:00");
    let records = counted.records(at("10:01:00"));
    let record = records
        .iter()
        .find(|record| record["entity"] == "queue:q" && record["window"] == "1h")
        .unwrap();
    assert_eq!(record["clock"], "2026-11-22T10:01:00Z");
    assert_eq!(
        record["kpis"]["sla"]["voice answer"].to_string(),
        r#"{"den":1,"excluded":0,"interval":[0.206549,1.0],"met":1,"missed":0,"num":1,"value":1.0}"#
    );
    assert_eq!(
        record["kpis"]["asa"].to_string(),
        r#"{"mean":10.0,"n":1,"p50":10.0,"p90":10.0,"p99":10.0}"#
    );
    assert_eq!(record["kpis"]["aht"]["mean"], serde_json::Value::Null);
    let names: Vec<_> = Settings::default()
        .windows
        .into_iter()
        .map(window_name)
        .collect();
    assert_eq!(names, ["5m", "30m", "1h", "8h", "24h", "7d", "all"]);
}

#[test]
fn concurrency_is_of_the_time_with_an_engagement() {
    let log = "10:00:00 answered c1 agent=ana
        10:00:10 answered c2 agent=ana
        10:00:20 ended c1 by=customer
        10:00:20 wrap_up_ended c1 agent=ana
        10:00:30 ended c2 by=customer
        10:00:30 wrap_up_ended c2 agent=ana
        10:05:00 answered c3 agent=ana";
    let of = |clock: &str, window| count(log, clock).card("agent:ana", window).concurrency;
    assert_eq!(of("10:00:30", None), Some(40.0 / 30.0));
    assert_eq!(of("10:05:10", None), Some(50.0 / 40.0));
    // Five minutes from 10:00:15: 5 s of two, 10 s of one, 10 s of one.
    assert_eq!(
        of("10:05:10", Some(Span::from_secs(300))),
        Some(30.0 / 25.0)
    );
}
