//! Open time: the engine and the recount agree on worlds that live through nights, holidays and days on which clocks are set.

use std::sync::Arc;

use floorwalker_core::{
    contact::{self, Calendar, Measure},
    engine::{OutTopic, Settings},
    event::{Channel, Event, Span, Timestamp, line},
};
use floorwalker_testkit::harness::events_settings;
use floorwalker_testkit::{faults, reference, text::TextWorld, voice::VoiceWorld};
use serde_json::Value;

use crate::{
    agreement::{DISORDER, chaos_with_early_attributes, compare_with, run_by},
    calendar::hours,
};

/// A zone with its hours, and two days of its: clocks are set on the one or the other.
struct Place {
    zone: &'static str,
    hours: &'static str,
    start: &'static str,
}

const PLACES: [Place; 4] = [
    // 02:00 to 03:00 is skipped in the night to the 29th, and Monday is a holiday.
    Place {
        zone: "Europe/Berlin",
        hours: "sat 09:00-17:00; sun 02:30-11:00; mon 08:00-12:00; tue 08:00-18:00; 2026-03-30",
        start: "2026-03-28T14:00:00Z",
    },
    // 01:00 to 02:00 is doubled on the 1st.
    Place {
        zone: "America/New_York",
        hours: "sat 18:00-01:30; sun 01:15-01:45 09:00-12:00 12:30-17:00; mon 00:00-24:00",
        start: "2026-10-31T20:00:00Z",
    },
    // The 2nd is no working day there, though the 1st in UTC is; 02:00 to 02:30 is skipped on the 4th.
    Place {
        zone: "Australia/Lord_Howe",
        hours: "fri 07:00-23:00; sat 22:00-02:15; sun 02:15-10:00; 2026-10-02; 2026-10-03 20:00-02:10",
        start: "2026-10-01T19:00:00Z",
    },
    // No clock is set: nights and a quarter of an hour that is odd.
    Place {
        zone: "Asia/Kathmandu",
        hours: "mon 20:00-04:00; tue 20:00-04:00; wed 06:10-06:25 06:25-07:00",
        start: "2026-11-23T08:00:00Z",
    },
];

/// Measure and seconds.
const PROMISES: [(Measure, i64); 7] = [
    (Measure::Accept, 18),
    (Measure::Answer, 20),
    (Measure::Answer, 2_400),
    (Measure::FirstResponse, 900),
    (Measure::FirstResponse, 14_400),
    (Measure::NextResponse, 1_800),
    (Measure::Resolution, 36_000),
];

impl Place {
    fn start(&self) -> Timestamp {
        Timestamp::parse(self.start).unwrap()
    }

    fn policies(&self) -> Vec<contact::Policy> {
        let (hours, _) = hours(self.zone, self.hours);
        let calendar = Arc::new(Calendar::new(self.zone, hours));
        let policy = |(measure, seconds)| contact::Policy {
            name: name(measure, seconds),
            channel: None,
            calendar: Some(Arc::clone(&calendar)),
            abandons: contact::Abandons::Negative,
            ..contact::Policy::standard(measure, Channel::Voice, Span::from_secs(seconds), 0.8)
        };
        PROMISES.into_iter().map(policy).collect()
    }

    fn recounted(&self) -> Vec<reference::Policy> {
        let (_, hours) = hours(self.zone, self.hours);
        let policy = |(measure, seconds)| reference::Policy {
            name: name(measure, seconds),
            channel: None,
            calendar: Some(hours.clone()),
            abandons: reference::Abandons::Negative,
            ..reference::Policy::new(Channel::Voice, counted(measure), Span::from_secs(seconds))
        };
        PROMISES.into_iter().map(policy).collect()
    }

    fn compare(&self, events: &[Event], tasks: u16, seed: u64, what: &str) {
        let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
        let mut settings = (*defaults).clone();
        settings.contact.policies = self.policies();
        let recounted = reference::Settings {
            channel_default: Channel::Other,
            policies: self.recounted(),
            ..reference::Settings::default()
        };
        let shuffled = faults::shuffle(&faults::double(events, 0.2, seed), DISORDER, seed);
        let cluster = run_by(&Arc::new(settings), &shuffled, seed);
        let what = format!("{what} in {}, {tasks} tasks", self.zone);
        compare_with(&recounted, events, &cluster, &what);
        stands_in_for_something(&recounted, events, &what);
    }
}

/// Among what is owed, due times that closing time put off are many.
fn stands_in_for_something(settings: &reference::Settings, events: &[Event], what: &str) {
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    let obligations = reference::recount(events, settings, clock).obligations;
    let threshold = |policy: &str| settings.policies.iter().find(|it| it.name == policy);
    let put_off = obligations.iter().filter(|it| {
        let threshold = threshold(&it.policy).unwrap().threshold;
        it.due_at != it.opened_at + threshold && it.decided_at.is_some()
    });
    let (put_off, all) = (put_off.count(), obligations.len());
    assert!(put_off * 10 > all, "{what}: {put_off} of {all}");
}

fn name(measure: Measure, seconds: i64) -> String {
    format!("{} {seconds}", measure.name())
}

fn counted(measure: Measure) -> reference::Measure {
    match measure {
        Measure::Accept => reference::Measure::Accept,
        Measure::Answer => reference::Measure::Answer,
        Measure::FirstResponse => reference::Measure::FirstResponse,
        Measure::NextResponse => reference::Measure::NextResponse,
        Measure::Resolution => reference::Measure::Resolution,
    }
}

#[test]
fn calls_over_two_days_agree_by_open_time() {
    for (seed, place) in (0..).zip(&PLACES) {
        let world = VoiceWorld {
            seed,
            contacts: 500,
            start: place.start(),
            rate: 12.0,
            ..VoiceWorld::default()
        };
        let tasks = [1, 3][seed as usize % 2];
        place.compare(&world.events(), tasks, seed, "calls");
    }
}

#[test]
fn conversations_over_two_days_agree_by_open_time() {
    for (seed, place) in (0..).zip(&PLACES) {
        let world = TextWorld {
            seed,
            contacts: 500,
            start: place.start(),
            between: Span::from_secs(300),
            ..TextWorld::default()
        };
        let tasks = [3, 1][seed as usize % 2];
        place.compare(&world.events(), tasks, seed, "conversations");
    }
}

#[test]
fn chaos_agrees_by_open_time() {
    for (seed, place) in (21..).zip(&PLACES) {
        let mut events = chaos_with_early_attributes(seed, 1_500);
        let begin = events.iter().map(|event| event.occurred_at).min().unwrap();
        for event in &mut events {
            event.occurred_at = place.start() + (event.occurred_at - begin);
        }
        place.compare(&events, 2, seed, "chaos");
    }
}

#[test]
fn an_alert_mentions_open_time() {
    let (hours, _) = hours("Europe/Berlin", "fri 09:00-17:00; mon 09:00-17:00");
    let (email, measure) = (Channel::Email, Measure::FirstResponse);
    let threshold = Span::from_secs(2 * 3_600);
    let mut settings = (*events_settings(1, Settings::default().recovery_max_bytes)).clone();
    settings.contact.policies = vec![contact::Policy {
        calendar: Some(Arc::new(Calendar::new("office", hours))),
        ..contact::Policy::standard(measure, email, threshold, 0.9)
    }];
    // Two hours from Friday at 16:00 are up on Monday at 10:00, 66 hours later.
    let log = "2026-11-27T16:00:00+01:00 queued c1 queue=mail channel=email
        2026-11-30T11:00:00+01:00 ended c2 by=customer";
    let events = line::parse_all(log).unwrap();
    let cluster = run_by(&Arc::new(settings), &events, 1);
    let alerts = (cluster.outputs.iter()).filter(|(_, it)| it.topic == OutTopic::Alerts);
    let found: Vec<String> = alerts
        .map(|(_, it)| serde_json::from_slice(it.payload.as_ref().unwrap()).unwrap())
        .filter(|record: &Value| record["status"] == "firing")
        .map(|record| {
            format!(
                "{} {} {}",
                record["starts_at"], record["why"], record["formula"]
            )
        })
        .collect();
    assert_eq!(
        found.join("\n").replace('"', ""),
        "2026-11-30T08:30:00Z c1 has waited 235800 s in mail for a first response; a first response is due in 1800 s, closing time included. first response within 7200 s of open time
2026-11-30T09:00:00Z c1 has waited 237600 s in mail for a first response; the target is a first response within 7200 s of open time. first response within 7200 s of open time"
    );
}
