//! Today: the engine and the recount agree on worlds that live through the midnights of four zones, at many clocks.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    engine::{Settings, Source, SourceClock, TaskId},
    event::{Channel, Event, Span, Timestamp},
    kpi::{KpiSettings, Window},
    local::Cluster,
};
use floorwalker_testkit::harness::events_settings;
use floorwalker_testkit::{
    chaos::chaos, faults, reference, states, text::TextWorld, voice::VoiceWorld,
};

use crate::{
    agreement::{
        DISORDER, add_inputs, check_live, compare_at, empty, feed, last_records, with_states,
    },
    today::{recounted_with_zones, with_zones},
};

/// Seconds from a midnight to a clock: around it, and when panes of each level hold it.
const AFTER: [i64; 9] = [-1, 0, 1, 7, 180, 1_000, 4_321, 29_000, 83_000];

fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).unwrap()
}

fn by(events: &[Event], clock: Timestamp) -> Vec<Event> {
    let until = events.iter().filter(|event| event.occurred_at <= clock);
    until.cloned().collect()
}

/// The engine, fed in disorder and on several tasks, agrees with the recount.
fn agree(events: &[Event], clock: Timestamp, windows: Option<&[Window]>, seed: u64) {
    let tasks = [1, 3, 5][seed as usize % 3];
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    let mut settings = with_zones(&Settings {
        lateness: Span::from_secs(30 * 86_400),
        ..(*defaults).clone()
    });
    let mut recounted = recounted_with_zones();
    if let Some(windows) = windows {
        settings.kpi.windows = windows.to_vec();
        recounted.windows = windows
            .iter()
            .filter_map(|it| Some(Some(it.length()?)))
            .collect();
    }
    let by_then = by(events, clock);
    let shuffled = faults::shuffle(&faults::double(&by_then, 0.2, seed), DISORDER, seed);
    let mut cluster = empty(&Arc::new(settings));
    cluster.end_at(clock);
    feed(&mut cluster, &shuffled, tasks, seed);
    cluster.run_until_quiet(100).unwrap();
    compare_at(
        &recounted,
        clock,
        &by_then,
        &cluster,
        &format!("{seed} at {clock}"),
    );
}

fn agree_around(midnight: &str, events: &[Event], seed: u64) {
    for seconds in AFTER {
        let clock = at(midnight) + Span::from_secs(seconds);
        agree(events, clock, None, seed);
    }
}

fn voice(start: &str, seed: u64) -> Vec<Event> {
    let world = VoiceWorld {
        seed,
        contacts: 250,
        start: at(start),
        ..VoiceWorld::default()
    };
    with_states(&world.events(), seed)
}

#[test]
fn calls_around_the_midnights_of_sites_agree_with_the_recount() {
    agree_around("2026-11-22T23:00:00Z", &voice("2026-11-22T22:40:00Z", 1), 1);
    agree_around("2026-11-23T05:00:00Z", &voice("2026-11-23T04:35:00Z", 2), 2);
    agree_around("2026-11-22T18:15:00Z", &voice("2026-11-22T18:00:00Z", 3), 3);
}

#[test]
fn calls_around_days_of_23_and_25_hours_agree_with_the_recount() {
    agree_around("2026-03-28T23:00:00Z", &voice("2026-03-28T21:45:00Z", 4), 4);
    let events = voice("2026-10-24T21:50:00Z", 5);
    // The day in Berlin has an hour to go, and 24 are past.
    agree(&events, at("2026-10-25T22:30:00Z"), None, 5);
    agree_around("2026-10-24T22:00:00Z", &events, 5);
}

#[test]
fn anything_around_midnight_agrees_with_the_recount() {
    let start = at("2026-11-22T22:30:00Z");
    let events = with_states(&chaos(6, 600, start), 6);
    agree_around("2026-11-22T23:00:00Z", &events, 6);
}

#[test]
fn text_over_days_agrees_with_the_recount() {
    let world = TextWorld {
        seed: 7,
        contacts: 200,
        start: at("2026-11-22T20:00:00Z"),
        ..TextWorld::default()
    };
    agree_around("2026-11-22T23:00:00Z", &with_states(&world.events(), 7), 7);
}

#[test]
fn today_does_not_depend_on_the_other_windows() {
    let events = voice("2026-10-24T21:50:00Z", 8);
    let sliding = |name: &str, seconds| Window::sliding(name, Span::from_secs(seconds));
    let lists = [
        vec![Window::today()],
        vec![sliding("5m", 300), Window::today()],
        vec![sliding("7m", 420), sliding("25h", 90_000), Window::today()],
        vec![sliding("7d", 604_800), Window::today()],
    ];
    for windows in lists {
        for clock in [
            "2026-10-24T22:00:10Z",
            "2026-10-24T23:30:00Z",
            "2026-10-25T22:59:59Z",
            "2026-10-25T23:00:00Z",
        ] {
            agree(&events, at(clock), Some(&windows), 8);
        }
    }
}

/// Every record that is written while midnight passes in Berlin, with agents who come and go.
#[test]
fn live_records_around_midnight_hold_exactly_what_had_occurred_by_their_clock() {
    let world = VoiceWorld {
        contacts: 20,
        agents: 8,
        start: at("2026-11-22T22:57:30Z"),
        ..VoiceWorld::default()
    };
    let mut calls = world.events();
    // Attributes from a later event are known a little ahead of the clock.
    calls
        .iter_mut()
        .for_each(|event| event.channel = Some(Channel::Voice));
    let events = states::with_states(&calls, Span::ZERO, 1);
    let mut settings = with_zones(&events_settings(3, Settings::default().recovery_max_bytes));
    settings.sources = vec![Source {
        clock: SourceClock::Wall,
        ..settings.sources[0].clone()
    }];
    let kpi = &settings.kpi;
    settings.kpi = KpiSettings {
        agent_beat: Span::from_secs(3),
        ..kpi.clone()
    };
    let mut cluster = Cluster::new(&Arc::new(settings), world.start).unwrap();
    add_inputs(&mut cluster, 3);
    let recounted = recounted_with_zones();
    let mut waiting = events.iter().peekable();
    let (mut checked, mut clocks) = (0, BTreeMap::new());
    for _ in 0..350 {
        cluster.wall = cluster.wall + Span::from_millis(700);
        while let Some(event) = waiting.next_if(|event| event.occurred_at <= cluster.wall) {
            feed(&mut cluster, std::slice::from_ref(event), 3, checked as u64);
        }
        (0..3).for_each(|task| {
            cluster.advance(TaskId(task), 100).unwrap();
        });
        for ((entity, window), record) in last_records(&cluster) {
            if window == "today" {
                let clock = at(record["clock"].as_str().unwrap());
                clocks.insert(entity, clock);
            }
        }
        checked += check_live(&mut cluster, &events, &recounted);
    }
    assert!(checked > 300, "only {checked} records were checked");
    assert_none_is_stale(&events, &recounted, &clocks, cluster.wall);
}

/// Who has no record of the last seconds would have none other: the events since change nothing, nor does the time.
fn assert_none_is_stale(
    events: &[Event],
    recounted: &reference::Settings,
    clocks: &BTreeMap<String, Timestamp>,
    wall: Timestamp,
) {
    assert!(at("2026-11-22T23:01:00Z") < wall);
    let today_at = |clock| reference::recount(&by(events, clock), recounted, clock).today;
    let latest = wall - Span::from_secs(10);
    let expected = today_at(latest);
    let older = clocks.iter().filter(|(_, clock)| **clock < latest);
    for (entity, clock) in older {
        let found = &today_at(*clock)[entity];
        assert_eq!(*found, expected[entity], "{entity} of {clock} at {latest}");
    }
}
