//! Promises that count open time only, where clocks are set, and by any hours in any zone.

use floorwalker_core::event::{Span, Timestamp};
use floorwalker_testkit::random::Random;

use crate::calendar::{DAYS, Promise, at, check, check_berlin, queued};

#[test]
fn a_skipped_local_time_moves_on_by_the_gap() {
    // On 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
    let opens = "sun 02:30-05:00";
    check_berlin(
        opens,
        "2026-03-28T12:00:00+01:00",
        60,
        "2026-03-29T04:30:00+02:00",
    );
    let closes = "sun 00:30-02:30; mon 09:00-17:00";
    check_berlin(
        closes,
        "2026-03-28T12:00:00+01:00",
        120,
        "2026-03-29T03:30:00+02:00",
    );
    check_berlin(
        closes,
        "2026-03-28T12:00:00+01:00",
        121,
        "2026-03-30T09:01:00+02:00",
    );
    let over_midnight = "sat 22:00-02:15; mon 09:00-17:00";
    check_berlin(
        over_midnight,
        "2026-03-28T12:00:00+01:00",
        255,
        "2026-03-29T03:15:00+02:00",
    );
    // Half an hour on Lord Howe Island, from 02:00.
    check(
        "Australia/Lord_Howe",
        "sun 02:15-05:00",
        "2026-10-03T12:00:00+10:30",
        15,
        "2026-10-04T03:00:00+11:00",
    );
    // Midnight itself in Beirut.
    check(
        "Asia/Beirut",
        "sat 20:00-24:00; sun 00:00-02:00",
        "2026-03-28T21:00:00+02:00",
        240,
        "2026-03-29T02:00:00+03:00",
    );
    // All of 30 December 2011, a Friday, in Apia.
    check(
        "Pacific/Apia",
        "fri 09:00-10:00",
        "2011-12-28T12:00:00-10:00",
        60,
        "2011-12-31T10:00:00+14:00",
    );
}

#[test]
fn a_span_that_the_gap_turns_round_is_never_open() {
    // 02:30 moves on to 03:30, behind 03:15.
    let span = "sun 02:30-03:15";
    check_berlin(
        span,
        "2026-03-28T12:00:00+01:00",
        30,
        "2026-04-05T03:00:00+02:00",
    );
}

#[test]
fn spans_that_the_gap_lays_over_each_other_count_once() {
    let spans = "sun 02:00-02:45 03:00-03:30 04:00-05:00";
    // 02:00-02:45 is at 03:00-03:45 that day, and 03:00-03:30 in it.
    check_berlin(
        spans,
        "2026-03-28T12:00:00+01:00",
        50,
        "2026-03-29T04:05:00+02:00",
    );
}

#[test]
fn of_a_doubled_local_time_the_earlier_counts() {
    // On 25 October 2026 clocks in Berlin show 02:00 to 03:00 twice.
    let opens = "sun 02:30-06:00";
    check_berlin(
        opens,
        "2026-10-24T12:00:00+02:00",
        60,
        "2026-10-25T02:30:00+01:00",
    );
    check_berlin(
        opens,
        "2026-10-24T12:00:00+02:00",
        270,
        "2026-10-25T06:00:00+01:00",
    );
    let closes = "sun 00:00-02:30; mon 09:00-17:00";
    check_berlin(
        closes,
        "2026-10-24T12:00:00+02:00",
        150,
        "2026-10-25T02:30:00+02:00",
    );
    check_berlin(
        closes,
        "2026-10-24T12:00:00+02:00",
        151,
        "2026-10-26T09:01:00+01:00",
    );
    // In the second 02:15 it is closed already.
    check_berlin(
        closes,
        "2026-10-25T02:15:00+01:00",
        10,
        "2026-10-26T09:10:00+01:00",
    );
    // In New York clocks show 01:00 to 02:00 of 1 November 2026 twice.
    check(
        "America/New_York",
        "sat 18:00-01:30; sun 09:00-17:00",
        "2026-10-31T18:00:00-04:00",
        451,
        "2026-11-01T09:01:00-05:00",
    );
}

#[test]
fn twenty_four_hours_a_day_are_as_no_calendar() {
    let always = DAYS.map(|day| format!("{day} 00:00-24:00")).join("; ");
    let weekend = "2026-03-27T09:00:00Z";
    for zone in ["Europe/Berlin", "America/St_Johns", "Asia/Beirut"] {
        check(zone, &always, weekend, 72 * 60, "2026-03-30T09:00:00Z");
    }
}

#[test]
fn any_hours_in_any_zone_agree_with_the_recount() {
    let zones = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "America/St_Johns",
        "Pacific/Chatham",
        "America/Havana",
    ];
    let mut random = Random::new(7);
    for round in 0..60 {
        let zone = zones[round % zones.len()];
        let text = any_hours(&mut random);
        let promise = Promise::new(
            zone,
            &text,
            Span::from_secs(60 * (1 + random.below(3_000) as i64)),
        );
        for _ in 0..50 {
            // From 1990 to 2110: before, in and behind what is laid out.
            let opened_at = Timestamp(
                at("1990-01-01T00:00:00Z").0 + random.below(120 * 365 * 86_400) as i64 * 1_000_000,
            );
            let events = queued(&opened_at.to_string());
            let (found, counted) = (
                promise.folded(&events, opened_at),
                promise.counted(&events, opened_at),
            );
            let what = format!("{zone} {text} {opened_at}");
            assert_eq!(
                (found.risk_at, found.due_at),
                (counted.at_risk_at, counted.due_at),
                "{what}"
            );
        }
    }
}

/// Spans that may lie over each other, and days of their own.
fn any_hours(random: &mut Random) -> String {
    let mut days = vec![format!("wed {}", any_span(random))];
    for day in DAYS.iter().filter(|day| **day != "wed") {
        let spans: Vec<String> = (0..random.below(3)).map(|_| any_span(random)).collect();
        days.push(format!("{day} {}", spans.join(" ")));
    }
    for _ in 0..20 {
        let (year, month, day) = (
            1990 + random.below(120),
            1 + random.below(12),
            1 + random.below(28),
        );
        let own = if random.chance(0.5) {
            any_span(random)
        } else {
            String::new()
        };
        days.push(format!("{year}-{month:02}-{day:02} {own}"));
    }
    days.join("; ")
}

fn any_span(random: &mut Random) -> String {
    let (opens, length) = (random.below(96), 1 + random.below(96));
    let closes = (opens + length) % 96;
    let shown = |quarter: usize| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
    format!("{}-{}", shown(opens), shown(closes))
}
