//! Small logs with answers worked out by hand from the contract: the voice cases people argue about.

use std::fmt::Write as _;

use floorwalker_core::event::{Timestamp, line};
use floorwalker_testkit::reference::{FlowOuts, Scorecard, Settings, recount};

use crate::golden::agrees;

/// Everything a card holds that is not zero or absent, in seconds; an `sla` is met/missed/excluded.
pub(crate) fn show(card: &Scorecard) -> String {
    let mut text = String::new();
    let mut put = |name: &str, value: String| write!(text, "{name}={value} ").unwrap();
    for (name, count) in [
        ("offered", card.offered),
        ("answered", card.answered),
        ("abandoned", card.abandoned),
        ("short", card.short_abandoned),
        ("left", card.left),
        ("handled", card.handled),
        ("outbound", card.handled_outbound),
        ("transferred", card.transferred),
        ("incomplete", card.incomplete),
    ] {
        if count > 0 {
            put(name, count.to_string());
        }
    }
    for (policy, sla) in &card.sla {
        let name = policy.strip_prefix("voice ").unwrap_or(policy);
        put(name, format!("{}/{}/{}", sla.met, sla.missed, sla.excluded));
    }
    if let Some(mean) = card.asa.mean {
        put("asa", mean.to_string());
    }
    if let (Some(talk), Some(hold), Some(wrap)) = (card.aht.talk, card.aht.hold, card.aht.wrap) {
        put("aht", format!("{talk}+{hold}+{wrap}"));
    }
    for (name, ratio) in [
        ("miss", card.offer_miss),
        ("resolved", card.resolved_said),
        ("response", card.csat_response),
    ] {
        if ratio.den > 0 {
            put(name, format!("{}/{}", ratio.num, ratio.den));
        }
    }
    if let Some(mean) = card.csat.mean {
        put("csat", mean.to_string());
    }
    if let Some(live) = card.live
        && live.waiting + live.at_risk > 0
    {
        let longest = live.longest_wait.unwrap_or_default();
        put(
            "live",
            format!("{}/{longest}/{}", live.waiting, live.at_risk),
        );
    }
    text.trim_end().to_owned()
}

fn at(time: &str) -> Timestamp {
    let line = format!("{time} ended x by=system");
    line::parse(&line).unwrap().occurred_at
}

pub(crate) fn check_with(settings: &Settings, log: &str, clock: &str, expected: &[(&str, &str)]) {
    let events = line::parse_all(log).unwrap();
    let counted = recount(&events, settings, at(clock));
    for (entity, text) in expected {
        let shown = show(&counted.card(entity, None));
        assert_eq!(shown, *text, "{entity} at {clock} of\n{log}");
    }
    agrees(settings, &events, at(clock));
}

/// Counts a log at a clock, with the defaults, over `all`; the engine too.
pub(crate) fn check(log: &str, clock: &str, expected: &[(&str, &str)]) {
    check_with(&Settings::default(), log, clock, expected);
}

#[test]
fn abandon_is_short_below_five_seconds_and_not_at_five() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:04.999999 ended c1 by=customer
         10:00:00 queued c2 queue=q
         10:00:05 ended c2 by=customer",
        "10:30:00",
        &[("all", "offered=2 abandoned=2 short=1 answer=0/0/2")],
    );
}

#[test]
fn abandon_after_due_is_a_miss_at_due() {
    let log = "10:00:00 queued c1 queue=q
         10:00:21 ended c1 by=customer";
    check(
        log,
        "10:00:20",
        &[("queue:q", "offered=1 answer=0/1/0 live=1/20/0")],
    );
    check(
        log,
        "10:00:21",
        &[("queue:q", "offered=1 abandoned=1 answer=0/1/0")],
    );
}

#[test]
fn answer_at_exactly_due_is_in_time_and_a_microsecond_later_is_not() {
    for (time, answer) in [("10:00:20", "1/0/0"), ("10:00:20.000001", "0/1/0")] {
        let log = format!("10:00:00 queued c1 queue=q\n{time} answered c1 agent=ana");
        let asa = time.strip_prefix("10:00:").unwrap().trim_start_matches('0');
        let shown = format!("answered=1 answer={answer} asa={asa}");
        let queue = format!("offered=1 {shown}");
        check(
            &log,
            "10:00:21",
            &[("agent:ana", &shown), ("queue:q", &queue)],
        );
    }
}

#[test]
fn ringing_out_misses_the_accept_and_the_next_agent_takes_it() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:01 offered c1 agent=ana
         10:00:10 declined c1 agent=ana cause=missed
         10:00:11 offered c1 agent=bo
         10:00:15 answered c1 agent=bo
         10:01:15 ended c1 by=customer
         10:01:25 wrap_up_ended c1 agent=bo",
        "10:30:00",
        &[
            ("agent:ana", "accept=0/1/0 miss=1/1"),
            (
                "agent:bo",
                "answered=1 handled=1 accept=1/0/0 answer=1/0/0 asa=15 aht=60+0+10 miss=0/1 response=0/1",
            ),
            (
                "queue:q",
                "offered=1 answered=1 handled=1 accept=1/1/0 answer=1/0/0 asa=15 aht=60+0+10 miss=1/2 response=0/1",
            ),
        ],
    );
}

#[test]
fn offer_that_is_withdrawn_or_taken_by_another_counts_against_nobody() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:01 offered c1 agent=ana
         10:00:01 offered c1 agent=cy
         10:00:05 declined c1 agent=cy cause=withdrawn
         10:00:06 answered c1 agent=bo
         10:00:07 declined c1 agent=ana cause=missed",
        "10:30:00",
        &[
            ("agent:ana", "accept=0/0/1"),
            ("agent:cy", "accept=0/0/1"),
            ("agent:bo", "answered=1 answer=1/0/0 asa=6"),
        ],
    );
}

#[test]
fn offer_taken_late_is_a_missed_accept_and_an_answered_offer() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:00 offered c1 agent=ana
         10:00:19 answered c1 agent=ana",
        "10:30:00",
        &[(
            "agent:ana",
            "answered=1 accept=0/1/0 answer=1/0/0 asa=19 miss=0/1",
        )],
    );
}

#[test]
fn transferred_back_is_a_second_engagement_and_wrap_ups_close_the_oldest() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 transferred c1 agent=ana to_agent=bo
         10:01:10 answered c1 agent=bo
         10:02:10 transferred c1 agent=bo to_agent=ana
         10:02:10 answered c1 agent=ana
         10:02:30 wrap_up_ended c1 agent=ana resolved=false
         10:03:10 ended c1 by=customer
         10:03:20 wrap_up_ended c1 agent=ana resolved=true
         10:03:40 wrap_up_ended c1 agent=bo",
        "10:30:00",
        &[
            (
                "agent:ana",
                // talk 60 and 60; wrap 80 (over the time bo had it) and 10
                "answered=1 handled=2 transferred=1 answer=1/0/0 asa=10 aht=60+0+45 resolved=1/2 response=0/1",
            ),
            ("agent:bo", "handled=1 transferred=1 aht=60+0+90"),
            (
                "queue:q",
                "offered=1 answered=1 handled=3 transferred=2 answer=1/0/0 asa=10 aht=60+0+60 resolved=1/2 response=0/1",
            ),
        ],
    );
}

#[test]
fn hold_left_open_closes_with_the_talk_and_overlapping_holds_are_one() {
    check(
        "10:00:00 answered c1 agent=ana
         10:00:10 hold_started c1 agent=ana
         10:00:15 hold_started c1 agent=ana
         10:00:20 hold_ended c1 agent=ana
         10:00:20 hold_ended c1 agent=bo
         10:00:50 hold_started c1 agent=ana
         10:01:00 ended c1 by=agent
         10:01:05 hold_ended c1 agent=ana
         10:01:10 wrap_up_ended c1 agent=ana",
        "10:30:00",
        &[("agent:ana", "handled=1 aht=40+20+10 response=0/1")],
    );
}

#[test]
fn queued_again_in_the_same_queue_goes_on_waiting() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:15 queued c1 queue=q priority=1
         10:00:25 answered c1 agent=ana",
        "10:30:00",
        &[("queue:q", "offered=1 answered=1 answer=0/1/0 asa=25")],
    );
}

#[test]
fn moved_to_another_queue_ends_one_wait_and_begins_another() {
    let log = "10:00:00 queued c1 queue=q
         10:00:15 queued c1 queue=r
         10:00:25 answered c1 agent=ana";
    check(
        log,
        "10:30:00",
        &[
            ("queue:q", "offered=1 left=1 answer=0/0/1"),
            ("queue:r", "offered=1 answered=1 answer=1/0/0 asa=10"),
            ("all", "offered=2 answered=1 left=1 answer=1/0/1 asa=10"),
        ],
    );
    let mut settings = Settings::default();
    for policy in &mut settings.policies {
        policy.flow_outs = FlowOuts::Include;
    }
    let included = [("queue:q", "offered=1 left=1 answer=0/1/0")];
    check_with(&settings, log, "10:30:00", &included);
}

#[test]
fn flow_outs_are_left_and_a_later_wait_in_the_same_queue_is_new() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 left c1 why=callback
         10:05:00 queued c1 queue=q
         10:05:10 ended c1 by=system",
        "10:30:00",
        &[("queue:q", "offered=2 left=2 answer=0/0/2")],
    );
}

#[test]
fn outbound_internal_and_monitored_legs_are_no_inbound_kpi() {
    check(
        "10:00:00 queued out direction=outbound
         10:00:10 answered out agent=ana
         10:00:50 ended out by=agent
         10:00:55 wrap_up_ended out agent=ana resolved=true",
        "10:30:00",
        &[("agent:ana", "outbound=1"), ("all", "outbound=1")],
    );
    check(
        "10:00:00 queued c1 queue=q
         10:00:05 queued c1 queue=help direction=internal leg=2
         10:00:06 offered c1 agent=bo leg=2
         10:00:30 queued c1 direction=monitor leg=3
         10:00:30 answered c1 agent=eve leg=3",
        "10:00:40",
        &[
            ("all", "offered=1 answer=0/1/0 live=1/40/0"),
            ("agent:eve", ""),
            ("agent:bo", ""),
        ],
    );
}

#[test]
fn answer_without_a_wait_is_handled_and_not_answered() {
    check(
        "10:00:00 answered c1 agent=ana queue=q
         10:01:00 ended c1 by=customer
         10:01:00 wrap_up_ended c1 agent=ana resolved=true",
        "10:30:00",
        &[
            (
                "agent:ana",
                "handled=1 aht=60+0+0 resolved=1/1 response=0/1",
            ),
            ("queue:q", "handled=1 aht=60+0+0 resolved=1/1 response=0/1"),
        ],
    );
}

#[test]
fn answered_after_ended_has_no_talk() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 ended c1 by=customer
         10:00:11 answered c1 agent=ana
         10:00:21 wrap_up_ended c1 agent=ana",
        "10:30:00",
        &[
            (
                "queue:q",
                "offered=1 abandoned=1 handled=1 answer=0/0/1 aht=0+0+10",
            ),
            ("agent:ana", "handled=1 aht=0+0+10"),
        ],
    );
}

#[test]
fn answered_and_ended_at_one_instant_is_answered() {
    check(
        "10:00:10 ended c1 by=customer
         10:00:10 answered c1 agent=ana
         10:00:00 queued c1 queue=q",
        "10:00:10",
        &[(
            "queue:q",
            "offered=1 answered=1 answer=1/0/0 asa=10 response=0/1",
        )],
    );
}

#[test]
fn queued_after_its_answer_by_a_skewed_clock_waited_nothing() {
    check(
        "10:00:00 answered c1 agent=ana queue=q
         10:00:01 queued c1 queue=q",
        "10:30:00",
        &[
            ("queue:q", "offered=1 answered=1 answer=1/0/0 asa=0"),
            ("agent:ana", "answered=1 answer=1/0/0 asa=0"),
        ],
    );
}

#[test]
fn wrap_up_that_never_comes_is_incomplete_after_half_an_hour() {
    let log = "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 ended c1 by=customer
         10:40:00 wrap_up_ended c1 agent=ana resolved=false";
    let before = "answered=1 answer=1/0/0 asa=10 response=0/1";
    check(log, "10:31:09.999999", &[("agent:ana", before)]);
    let after = "answered=1 handled=1 incomplete=1 answer=1/0/0 asa=10 response=0/1";
    check(log, "10:31:10", &[("agent:ana", after)]);
    let expected =
        "answered=1 handled=1 incomplete=1 answer=1/0/0 asa=10 resolved=0/1 response=0/1";
    check(log, "10:40:00", &[("agent:ana", expected)]);
}

#[test]
fn wrap_up_at_exactly_half_an_hour_is_complete() {
    check(
        "10:00:00 answered c1 agent=ana
         10:01:00 ended c1 by=customer
         10:31:00 wrap_up_ended c1 agent=ana",
        "10:31:00",
        &[("agent:ana", "handled=1 aht=60+0+1800 response=0/1")],
    );
}

#[test]
fn wrap_up_with_talk_open_ends_both() {
    check(
        "10:00:00 answered c1 agent=ana
         10:01:00 wrap_up_ended c1 agent=ana
         10:02:00 ended c1 by=customer",
        "10:30:00",
        &[("agent:ana", "handled=1 aht=60+0+0 response=0/1")],
    );
}

#[test]
fn wrap_up_that_runs_into_the_next_contact_counts_for_both() {
    check(
        "10:00:00 answered c1 agent=ana
         10:01:00 ended c1 by=customer
         10:01:30 answered c2 agent=ana
         10:02:00 wrap_up_ended c1 agent=ana
         10:02:30 ended c2 by=customer
         10:02:30 wrap_up_ended c2 agent=ana",
        "10:30:00",
        &[("agent:ana", "handled=2 aht=60+0+30 response=0/2")],
    );
}

#[test]
fn stale_wait_is_neither_abandoned_nor_left() {
    check(
        "10:00:00 queued c1 queue=q
         2026-11-23T10:00:01Z answered c1 agent=ana",
        "2026-11-23T10:00:01Z",
        &[("queue:q", "offered=1 answer=0/1/0"), ("agent:ana", "")],
    );
    check(
        "10:00:00 answered c1 agent=ana queue=q",
        "2026-11-23T10:00:00Z",
        &[("agent:ana", "handled=1 incomplete=1")],
    );
}

#[test]
fn latest_survey_alone_counts() {
    let log = "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:01:10 ended c1 by=customer
         10:02:00 survey c1 score=5/1..5
         10:03:00 survey c1 score=2/1..5";
    let with = |rest: &str| format!("answered=1 answer=1/0/0 asa=10 {rest}");
    check(log, "10:01:59", &[("agent:ana", &with("response=0/1"))]);
    check(
        log,
        "10:02:00",
        &[("agent:ana", &with("response=1/1 csat=1"))],
    );
    check(
        log,
        "10:03:00",
        &[("agent:ana", &with("response=1/1 csat=0.25"))],
    );
}

#[test]
fn repeats_count_once_and_of_conflicting_ones_the_first_in_order() {
    check(
        "10:00:30 answered c1 agent=bo id=e2
         10:00:00 queued c1 queue=q id=e1
         10:00:10 answered c1 agent=ana id=e2
         10:00:10 answered c1 agent=ana id=e2
         10:00:05 queued c1 queue=r id=e1",
        "10:30:00",
        &[
            ("all", "offered=1 answered=1 answer=1/0/0 asa=10"),
            ("agent:ana", "answered=1 answer=1/0/0 asa=10"),
            ("agent:bo", ""),
        ],
    );
}

#[test]
fn second_answer_while_talking_is_a_repeat() {
    check(
        "10:00:00 queued c1 queue=q
         10:00:10 answered c1 agent=ana
         10:00:20 answered c1 agent=ana
         10:01:10 ended c1 by=customer
         10:01:10 wrap_up_ended c1 agent=ana",
        "10:30:00",
        &[(
            "agent:ana",
            "answered=1 handled=1 answer=1/0/0 asa=10 aht=60+0+0 response=0/1",
        )],
    );
}

#[test]
fn contact_is_at_risk_from_three_quarters_of_the_threshold() {
    let log = "10:00:00 queued c1 queue=q";
    check(
        log,
        "10:00:14.999999",
        &[("queue:q", "offered=1 live=1/14.999999/0")],
    );
    check(log, "10:00:15", &[("queue:q", "offered=1 live=1/15/1")]);
}

#[test]
fn window_covers_whole_panes_up_to_the_clock() {
    // Five minutes in panes of 5 s: at 10:05:04 from 10:00:05, at 10:05:05 from 10:00:10.
    let events = line::parse_all("10:00:09 queued c1 queue=q").unwrap();
    let five = Settings::default().windows.first().copied().unwrap();
    let offered = |clock| {
        let counted = recount(&events, &Settings::default(), at(clock));
        counted.card("all", five).offered
    };
    assert_eq!([offered("10:05:04"), offered("10:05:05")], [1, 0]);
}
