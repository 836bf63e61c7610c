//! Promises that count open time only: due times by the fold and by the recount, rule by rule.

use std::sync::Arc;

use floorwalker_core::{
    contact::{
        Calendar, Contact, ContactSettings, Hours, LocalSpan, Measure, Obligation, Policy, Verdict,
    },
    event::{Channel, Event, Span, Timestamp, line},
};
use floorwalker_testkit::reference::{self, Outcome, recount};
use jiff::civil::Date;

pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const OFFICE: &str =
    "mon 09:00-17:00; tue 09:00-17:00; wed 09:00-17:00; thu 09:00-17:00; fri 09:00-17:00";
const MICROSECOND: Span = Span(1);

/// Hours for both sides: `mon 09:00-12:00 22:00-06:00; 2026-12-25` (a holiday) `; 2026-12-24 09:00-12:00`.
pub(crate) fn hours(zone: &str, text: &str) -> (Hours, reference::Calendar) {
    let zone = Hours::zone_named(zone).unwrap();
    let mut ours = Hours {
        zone: zone.clone(),
        week: Default::default(),
        special_days: Default::default(),
    };
    let mut recounted = reference::Calendar {
        zone,
        week: Default::default(),
        holidays: Default::default(),
        special_days: Default::default(),
    };
    for part in text.split(';') {
        let mut words = part.split_whitespace();
        let day = words.next().unwrap();
        let spans: Vec<LocalSpan> = words.map(span).collect();
        let minutes = spans
            .iter()
            .map(|it| (it.opens.into(), it.closes.into()))
            .collect();
        match DAYS.iter().position(|name| *name == day) {
            Some(weekday) => {
                ours.week[weekday] = spans;
                recounted.week[weekday] = minutes;
            }
            None => {
                let date: Date = day.parse().unwrap();
                if spans.is_empty() {
                    recounted.holidays.insert(date);
                } else {
                    recounted.special_days.insert(date, minutes);
                }
                ours.special_days.insert(date, spans);
            }
        }
    }
    (ours, recounted)
}

fn span(text: &str) -> LocalSpan {
    let minute = |time: &str| {
        let (hours, minutes) = time.split_once(':').unwrap();
        hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
    };
    let (opens, closes) = text.split_once('-').unwrap();
    let (opens, closes) = (minute(opens), minute(closes));
    let next_day = if closes <= opens { 24 * 60 } else { 0 };
    LocalSpan {
        opens,
        closes: closes + next_day,
    }
}

/// A first response to emails by opening hours, at risk after half of it.
pub(crate) struct Promise {
    settings: ContactSettings,
    recounted: reference::Settings,
}

impl Promise {
    pub(crate) fn new(zone: &str, text: &str, threshold: Span) -> Self {
        let (hours, recounted) = hours(zone, text);
        let (email, measure) = (Channel::Email, Measure::FirstResponse);
        let policy = Policy {
            at_risk_at: 0.5,
            calendar: Some(Arc::new(Calendar::new("office", hours))),
            ..Policy::standard(measure, email, threshold, 0.9)
        };
        let recounted = reference::Policy {
            at_risk_at: 0.5,
            calendar: Some(recounted),
            ..reference::Policy::new(email, reference::Measure::FirstResponse, threshold)
        };
        Self {
            settings: ContactSettings {
                policies: vec![policy],
                ..ContactSettings::default()
            },
            recounted: reference::Settings {
                policies: vec![recounted],
                ..reference::Settings::default()
            },
        }
    }

    pub(crate) fn folded(&self, events: &[Event], clock: Timestamp) -> Obligation {
        let mut contact = Contact::default();
        for event in events {
            contact.handle_event(event.clone(), None, &self.settings);
        }
        contact.handle_timeout(clock, Timestamp::MIN, &self.settings);
        contact.fold.obligations[0].clone()
    }

    pub(crate) fn counted(&self, events: &[Event], clock: Timestamp) -> reference::Obligation {
        recount(events, &self.recounted, clock).obligations[0].clone()
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(crate) fn queued(opened: &str) -> Vec<Event> {
    vec![line::parse(&format!("{opened} queued c1 queue=q channel=email")).unwrap()]
}

/// What is opened then is due then: open until a microsecond before, missed at the instant. Times stand in local time.
pub(crate) fn check(zone: &str, text: &str, opened: &str, minutes: i64, due: &str) {
    let promise = Promise::new(zone, text, Span::from_secs(minutes * 60));
    let events = queued(opened);
    let (due_at, what) = (
        at(due),
        format!("{zone} {text}: {minutes} min from {opened}"),
    );
    let before = due_at - MICROSECOND;
    let open = promise.folded(&events, before);
    assert_eq!((open.due_at, open.decided), (due_at, None), "{what}");
    let missed = promise.folded(&events, due_at).decided.unwrap();
    assert_eq!(
        (missed.at, missed.verdict),
        (due_at, Verdict::Missed),
        "{what}"
    );
    let counted = promise.counted(&events, before);
    assert_eq!(
        (counted.due_at, counted.outcome),
        (due_at, Outcome::Open),
        "recount, {what}"
    );
    let counted_missed = promise.counted(&events, due_at);
    assert_eq!(
        (counted_missed.decided_at, counted_missed.outcome),
        (Some(due_at), Outcome::Missed),
        "recount, {what}"
    );
}

pub(crate) fn check_berlin(text: &str, opened: &str, minutes: i64, due: &str) {
    check("Europe/Berlin", text, opened, minutes, due);
}

#[test]
fn only_open_time_counts() {
    check_berlin(
        OFFICE,
        "2026-11-23T10:00:00+01:00",
        90,
        "2026-11-23T11:30:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T16:00:00+01:00",
        90,
        "2026-11-24T09:30:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T16:59:59.999999+01:00",
        60,
        "2026-11-24T09:59:59.999999+01:00",
    );
    let lunch = "mon 09:00-12:00 13:00-17:00; tue 09:00-12:00";
    check_berlin(
        lunch,
        "2026-11-23T11:45:00+01:00",
        30,
        "2026-11-23T13:15:00+01:00",
    );
    check_berlin(
        lunch,
        "2026-11-23T11:45:00+01:00",
        8 * 60,
        "2026-11-30T09:45:00+01:00",
    );
}

#[test]
fn due_is_the_first_instant_closing_time_included() {
    check_berlin(
        OFFICE,
        "2026-11-23T15:00:00+01:00",
        120,
        "2026-11-23T17:00:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T09:00:00+01:00",
        480,
        "2026-11-23T17:00:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-21T12:00:00+01:00",
        960,
        "2026-11-24T17:00:00+01:00",
    );
}

#[test]
fn what_opens_while_closed_begins_to_count_when_it_opens() {
    check_berlin(
        OFFICE,
        "2026-11-23T03:00:00+01:00",
        30,
        "2026-11-23T09:30:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T17:00:00+01:00",
        30,
        "2026-11-24T09:30:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T20:00:00+01:00",
        30,
        "2026-11-24T09:30:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-23T09:00:00+01:00",
        30,
        "2026-11-23T09:30:00+01:00",
    );
}

#[test]
fn due_across_a_weekend() {
    check_berlin(
        OFFICE,
        "2026-11-27T16:00:00+01:00",
        120,
        "2026-11-30T10:00:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-28T12:00:00+01:00",
        120,
        "2026-11-30T11:00:00+01:00",
    );
    check_berlin(
        OFFICE,
        "2026-11-27T16:00:00+01:00",
        48 * 60,
        "2026-12-07T16:00:00+01:00",
    );
}

#[test]
fn a_span_over_midnight_belongs_to_the_day_it_starts_on() {
    let night = "fri 22:00-06:00";
    check_berlin(
        night,
        "2026-11-28T05:00:00+01:00",
        60,
        "2026-11-28T06:00:00+01:00",
    );
    check_berlin(
        night,
        "2026-11-28T05:00:00+01:00",
        90,
        "2026-12-04T22:30:00+01:00",
    );
    let holiday_before = "fri 22:00-06:00; 2026-11-27";
    check_berlin(
        holiday_before,
        "2026-11-27T12:00:00+01:00",
        30,
        "2026-12-04T22:30:00+01:00",
    );
    let holiday_after = "fri 22:00-06:00; 2026-11-28";
    check_berlin(
        holiday_after,
        "2026-11-27T12:00:00+01:00",
        180,
        "2026-11-28T01:00:00+01:00",
    );
    let sunday = "sun 23:00-01:00";
    check_berlin(
        sunday,
        "2026-11-22T23:30:00+01:00",
        60,
        "2026-11-23T00:30:00+01:00",
    );
}

#[test]
fn a_holiday_is_a_local_date() {
    let week = format!("{OFFICE}; 2026-12-25");
    check_berlin(
        &week,
        "2026-12-24T16:30:00+01:00",
        60,
        "2026-12-28T09:30:00+01:00",
    );
    // In Auckland the 25th begins at 11:00 of the 24th in UTC, in Honolulu at 10:00 of the 25th.
    let auckland = |opened, due| check("Pacific/Auckland", &week, opened, 60, due);
    auckland("2026-12-25T08:00:00+13:00", "2026-12-28T10:00:00+13:00");
    auckland("2026-12-24T16:00:00+13:00", "2026-12-24T17:00:00+13:00");
    let honolulu = |opened, due| check("Pacific/Honolulu", &week, opened, 60, due);
    honolulu("2026-12-24T16:30:00-10:00", "2026-12-28T09:30:00-10:00");
}

#[test]
fn a_special_day_has_hours_of_its_own() {
    let week = format!("{OFFICE}; 2026-12-24 09:00-12:00; 2026-12-25; 2026-12-27 10:00-11:00");
    check_berlin(
        &week,
        "2026-12-24T11:30:00+01:00",
        60,
        "2026-12-27T10:30:00+01:00",
    );
    check_berlin(
        &week,
        "2026-12-24T11:30:00+01:00",
        120,
        "2026-12-28T09:30:00+01:00",
    );
}

#[test]
fn the_risk_counts_open_time_too() {
    let promise = Promise::new("Europe/Berlin", OFFICE, Span::from_secs(4 * 3_600));
    let events = queued("2026-11-27T16:00:00+01:00");
    let risk_at = at("2026-11-30T10:00:00+01:00");
    for (clock, expect) in [(risk_at - MICROSECOND, false), (risk_at, true)] {
        let found = promise.folded(&events, clock);
        assert_eq!((found.risk_at, found.at_risk), (risk_at, expect));
        let counted = promise.counted(&events, clock);
        assert_eq!(
            (counted.at_risk_at, counted.outcome),
            (risk_at, Outcome::Open)
        );
    }
    let due_at = at("2026-11-30T12:00:00+01:00");
    assert_eq!(promise.folded(&events, risk_at).due_at, due_at);
    // A risk that falls on closing time is there at night.
    let at_closing = promise.folded(&queued("2026-11-23T15:00:00+01:00"), risk_at);
    assert_eq!(at_closing.risk_at, at("2026-11-23T17:00:00+01:00"));
}

#[test]
fn an_answer_while_closed_is_in_time_until_due() {
    let promise = Promise::new("Europe/Berlin", OFFICE, Span::from_secs(3_600));
    let given = |opened: &str, reply: &str| {
        let mut events = queued(opened);
        let reply = format!("{reply} message c1 by=agent agent=ana");
        events.push(line::parse(&reply).unwrap());
        let clock = at("2026-12-01T00:00:00Z");
        let (found, counted) = (
            promise.folded(&events, clock),
            promise.counted(&events, clock),
        );
        let decided = found.decided.unwrap();
        assert_eq!(Some(decided.at), counted.decided_at, "{opened} {reply}");
        let same = match decided.verdict {
            Verdict::Met => Outcome::Met,
            Verdict::Missed => Outcome::Missed,
            Verdict::Excluded => Outcome::Excluded,
        };
        assert_eq!(counted.outcome, same, "{opened} {reply}");
        decided.verdict
    };
    let friday = "2026-11-27T16:30:00+01:00";
    assert_eq!(given(friday, "2026-11-29T11:00:00+01:00"), Verdict::Met);
    assert_eq!(given(friday, "2026-11-30T09:30:00+01:00"), Verdict::Met);
    assert_eq!(
        given(friday, "2026-11-30T09:30:00.000001+01:00"),
        Verdict::Missed
    );
    let at_four = "2026-11-27T16:00:00+01:00";
    assert_eq!(given(at_four, "2026-11-27T17:00:00+01:00"), Verdict::Met);
    assert_eq!(given(at_four, "2026-11-27T17:00:01+01:00"), Verdict::Missed);
}

#[test]
fn short_abandons_are_short_by_all_time() {
    let mut promise = Promise::new("Europe/Berlin", OFFICE, Span::from_secs(3_600));
    promise.settings.policies[0].abandons = floorwalker_core::contact::Abandons::Negative;
    promise.recounted.policies[0].abandons = reference::Abandons::Negative;
    for (left, expect) in [
        ("20:00:04", Outcome::Excluded),
        ("20:00:06", Outcome::Missed),
    ] {
        let mut events = queued("2026-11-23T20:00:00Z");
        events.push(line::parse(&format!("2026-11-23T{left}Z ended c1 by=customer")).unwrap());
        let clock = at("2026-11-23T21:00:00Z");
        let decided = promise.folded(&events, clock).decided.unwrap();
        assert_eq!(
            decided.verdict == Verdict::Missed,
            expect == Outcome::Missed,
            "{left}"
        );
        assert_eq!(promise.counted(&events, clock).outcome, expect, "{left}");
    }
}
