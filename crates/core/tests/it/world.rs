//! The contact center's numbers are those that theory and the settings ask for.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the kinds that it is about"
)]

use std::collections::{BTreeMap, BTreeSet};

use floorwalker_core::{
    event::{Body, Event, Span, Timestamp},
    staffing::ErlangA,
};
use floorwalker_simulator::{Delivery, Faults, Handle, World, WorldSettings, default_incidents};

use crate::agreement;

pub(crate) const HOUR: Span = Span::from_secs(3_600);

pub(crate) fn events(settings: WorldSettings, seed: u64) -> Vec<Event> {
    World::new(settings, seed)
        .filter_map(|delivery| delivery.event)
        .collect()
}

#[derive(Debug, Default)]
struct Waits {
    queued: BTreeMap<String, Timestamp>,
    answered_at: BTreeMap<String, Timestamp>,
    /// Of each contact in order: seconds, and whether it was answered.
    ended: Vec<(f64, bool)>,
    handles: Vec<f64>,
}

fn waits(events: &[Event], warm_at: Timestamp) -> Waits {
    let mut waits = Waits::default();
    for event in events.iter().filter(|event| event.contact().is_some()) {
        let (key, at) = (event.key.as_str().to_owned(), event.occurred_at);
        match &event.body {
            Body::ContactQueued(_) if at >= warm_at => {
                waits.queued.insert(key, at);
            }
            Body::AgentAnswered(_) => {
                if let Some(from) = waits.queued.remove(&key) {
                    waits.ended.push(((at - from).as_secs(), true));
                }
                waits.answered_at.insert(key, at);
            }
            Body::ContactEnded(..) => {
                if let Some(from) = waits.queued.remove(&key) {
                    waits.ended.push(((at - from).as_secs(), false));
                }
            }
            Body::WrapUpEnded(_) => {
                let answered_at = waits.answered_at[&key];
                waits.handles.push((at - answered_at).as_secs());
            }
            _ => {}
        }
    }
    waits
}

/// Mean, and the half width of its 99.9 % interval by batch means: neighbours in a queue wait alike, far ones don't.
fn estimate(samples: &[f64]) -> (f64, f64) {
    const BATCHES: usize = 40;
    // Student's t with 39 degrees of freedom.
    const T: f64 = 3.558;
    let size = samples.len() / BATCHES;
    let means: Vec<f64> = (samples.chunks_exact(size).take(BATCHES))
        .map(|batch| batch.iter().sum::<f64>() / size as f64)
        .collect();
    let mean = means.iter().sum::<f64>() / BATCHES as f64;
    let spread = means.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (BATCHES - 1) as f64;
    (mean, T * (spread / BATCHES as f64).sqrt())
}

fn agrees(samples: &[f64], expected: f64, what: &str) {
    let (mean, half_width) = estimate(samples);
    assert!(
        half_width < 0.15 * expected,
        "{what}: too few for a test, {mean} ± {half_width}"
    );
    assert!(
        (mean - expected).abs() <= half_width,
        "{what}: {mean} ± {half_width}, not {expected}"
    );
}

#[test]
fn waits_of_a_single_queue_are_those_of_erlang_a() {
    for (agents, arrivals, patience) in [(1, 9.0, 240), (10, 110.0, 120), (50, 620.0, 90)] {
        let mean = Span::from_secs(300);
        let handle = Handle::Exponential { mean };
        let patience = Span::from_secs(patience);
        let mut settings = WorldSettings::single_queue(agents, arrivals, handle, patience);
        settings.length = Span::from_secs((60_000.0 / arrivals * 3_600.0) as i64);
        let warm_at = settings.start + Span::from_secs(7_200);
        let waits = waits(&events(settings, 11), warm_at);
        let theory = ErlangA {
            arrivals: arrivals / 3_600.0,
            handle: mean.as_secs(),
            patience: patience.as_secs(),
            agents: agents as u32,
        }
        .steady();
        let of = |what: fn(&(f64, bool)) -> f64| waits.ended.iter().map(what).collect::<Vec<_>>();
        let what = |name| format!("{agents} agents, {name}");
        let had_to_wait = of(|(wait, _)| f64::from(*wait > 0.0));
        agrees(
            &had_to_wait,
            theory.wait_probability,
            &what("share that waits"),
        );
        agrees(&of(|(wait, _)| *wait), theory.mean_wait, &what("mean wait"));
        let gave_up = of(|(_, answered)| f64::from(!answered));
        agrees(&gave_up, theory.abandonment, &what("share that gives up"));
    }
}

#[test]
fn handle_times_are_lognormal() {
    let (mean, variation) = (Span::from_secs(300), 0.75);
    let handle = Handle::Lognormal { mean, variation };
    let mut settings = WorldSettings::single_queue(60, 600.0, handle, Span::from_secs(120));
    settings.length = Span::from_secs(100 * 3_600);
    let waits = waits(&events(settings, 5), Timestamp::MIN);
    let logs: Vec<f64> = waits.handles.iter().map(|it| it.ln()).collect();
    let n = logs.len() as f64;
    let centre = logs.iter().sum::<f64>() / n;
    let moment = |power| logs.iter().map(|it| (it - centre).powi(power)).sum::<f64>() / n;
    let deviation = moment(2).sqrt();
    let expected = (variation * variation).ln_1p().sqrt();
    assert!((centre - (300.0_f64.ln() - expected.powi(2) / 2.0)).abs() < 4.0 * expected / n.sqrt());
    assert!(
        (deviation / expected - 1.0).abs() < 4.0 / (2.0 * n).sqrt(),
        "{deviation} {expected}"
    );
    let (skewness, kurtosis) = (moment(3) / deviation.powi(3), moment(4) / deviation.powi(4));
    assert!(
        skewness.abs() < 4.0 * (6.0 / n).sqrt(),
        "skewness {skewness}"
    );
    assert!(
        (kurtosis - 3.0).abs() < 4.0 * (24.0 / n).sqrt(),
        "kurtosis {kurtosis}"
    );
}

fn contacts_by_hour(events: &[Event], start: Timestamp) -> [usize; 24] {
    let mut counts = [0; 24];
    let mut begun = BTreeSet::new();
    for event in events.iter().filter(|event| event.contact().is_some()) {
        if begun.insert(&event.key) {
            let hour = (event.occurred_at - start).0 / HOUR.0;
            counts[usize::try_from(hour).unwrap()] += 1;
        }
    }
    counts
}

#[test]
fn the_day_has_a_shape() {
    let mut settings = WorldSettings::new(300, Span(24 * HOUR.0 - 1));
    settings.start = settings.start - Span(8 * HOUR.0);
    let start = settings.start;
    let by_hour = contacts_by_hour(&events(settings, 2), start);
    let [night, morning, noon, afternoon, evening] =
        [3, 10, 12, 14, 21].map(|hour| by_hour[hour] as f64);
    assert!(
        night < 0.12 * morning && evening < 0.5 * morning,
        "{by_hour:?}"
    );
    assert!(noon < 0.95 * morning && noon < afternoon, "{by_hour:?}");
}

#[test]
fn the_same_seed_is_the_same_world() {
    let deliveries = |seed| {
        let mut settings = WorldSettings::new(60, HOUR);
        settings.faults = Faults::default();
        settings.incidents = default_incidents(HOUR);
        World::new(settings, seed).collect::<Vec<Delivery>>()
    };
    let once = deliveries(1);
    assert!(once == deliveries(1));
    assert!(once != deliveries(2));
}

#[test]
fn faults_change_the_deliveries_and_not_what_happened() {
    let mut settings = WorldSettings::new(200, HOUR);
    let told_well = events(settings.clone(), 4);
    settings.faults = Faults {
        skew: Span::ZERO,
        garbage: 0.01,
        ..Faults::default()
    };
    let deliveries: Vec<Delivery> = World::new(settings, 4).collect();
    assert!(deliveries.is_sorted_by_key(|delivery| delivery.at));
    let events: Vec<&Event> = deliveries
        .iter()
        .filter_map(|it| it.event.as_ref())
        .collect();
    let garbage = deliveries.len() - events.len();
    assert!(
        (told_well.len() / 200..told_well.len() / 50).contains(&garbage),
        "{garbage}"
    );
    let times = events
        .iter()
        .map(|event| event.occurred_at)
        .collect::<Vec<_>>();
    assert!(!times.is_sorted());
    let late = deliveries
        .iter()
        .filter_map(|it| Some(it.at - it.event.as_ref()?.occurred_at));
    assert!(late.max().unwrap() > Span::from_secs(60));
    let ids: BTreeSet<&str> = events.iter().map(|event| event.id.as_str()).collect();
    assert!(ids.len() < events.len(), "some come twice");
    let by_id = |event: &&Event| event.id.clone();
    let mut once: Vec<&Event> = events;
    once.sort_by_key(by_id);
    once.dedup();
    let mut expected: Vec<&Event> = told_well.iter().collect();
    expected.sort_by_key(by_id);
    assert!(once == expected);
}

#[test]
fn an_hour_of_five_hundred_agents_agrees_with_the_recount() {
    let mut settings = WorldSettings::new(500, HOUR);
    settings.start = settings.start + Span(2 * HOUR.0);
    settings.incidents = default_incidents(HOUR);
    settings.faults = Faults {
        garbage: 0.0,
        ..Faults::default()
    };
    let events = events(settings, 21);
    assert!(events.len() > 50_000, "{}", events.len());
    agreement::compare(&events, &agreement::run(&events, 6, 21), "500 agents");
}
