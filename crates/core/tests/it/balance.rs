//! Scorecards: the engine agrees with the recount, a table worked out on paper, and what too few cases leave out.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    balance::BalanceSettings,
    contact::{ContactSettings, FirstContact},
    engine::{InputId, OutTopic, Settings, Source, SourceClock, TaskId},
    event::{Event, Span, Timestamp, line},
    kpi::Window,
    local::Cluster,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::harness::{SETTINGS_WALL, events_settings};
use floorwalker_testkit::{faults, random::Random, reference, voice::VoiceWorld};
use serde_json::Value;

use crate::agreement::{
    DISORDER, add_inputs, chaos_with_early_attributes, empty, feed, reference_settings, run_by,
};

const HOUR: Span = Span::from_secs(3_600);
/// So that contacts are settled within a world.
const REPEATED_WITHIN: Span = Span::from_secs(1_200);

/// Windows of hours, so that a world of hours has a baseline.
fn hours() -> BalanceSettings {
    BalanceSettings {
        window: Window::sliding("1h", HOUR),
        baseline: Window::sliding("4h", Span(4 * HOUR.0)),
        peers_min: 3,
        sample_min: 4,
        ..BalanceSettings::default()
    }
}

fn settings(tasks: u16, balance: BalanceSettings) -> Arc<Settings> {
    let defaults = events_settings(tasks, Settings::default().recovery_max_bytes);
    Arc::new(Settings {
        balance,
        contact: ContactSettings {
            first_contact: FirstContact {
                window: REPEATED_WITHIN,
                ..FirstContact::default()
            },
            ..ContactSettings::default()
        },
        ..(*defaults).clone()
    })
}

pub(crate) fn recounted(
    events: &[Event],
    balance: &BalanceSettings,
    clock: Timestamp,
) -> BTreeMap<String, Value> {
    let mut settings = reference_settings();
    settings.fcr.window = REPEATED_WITHIN;
    let window = |of: &Window| (of.name.clone(), BalanceSettings::length(of));
    let balance = reference::Balance {
        window: window(&balance.window),
        baseline: window(&balance.baseline),
        peers_min: balance.peers_min,
        sample_min: usize::try_from(balance.sample_min).unwrap(),
    };
    reference::scorecards(events, &settings, &balance, clock)
}

/// The last record of each key.
fn scorecards(cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    for (_, output) in &cluster.outputs {
        if output.topic != OutTopic::Scorecards {
            continue;
        }
        let key = String::from_utf8(output.key.clone().unwrap()).unwrap();
        match &output.payload {
            Some(payload) => last.insert(key, serde_json::from_slice(payload).unwrap()),
            None => last.remove(&key),
        };
    }
    last
}

fn compare(events: &[Event], cluster: &Cluster, balance: &BalanceSettings, what: &str) {
    let clock = events.iter().map(|event| event.occurred_at).max().unwrap();
    let (found, expected) = (scorecards(cluster), recounted(events, balance, clock));
    let keys = |of: &BTreeMap<String, Value>| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&found), keys(&expected), "{what}");
    for (key, record) in &expected {
        same(&found[key], record, &format!("{what} {key}"));
    }
    assert!(cluster.counters().balance(), "{what}");
}

/// Words and counts exact, values to 6 decimals.
fn same(found: &Value, expected: &Value, path: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let names = |of: &serde_json::Map<String, Value>| {
                let names = of.keys().filter(|name| *name != "partial");
                names.cloned().collect::<Vec<_>>()
            };
            assert_eq!(names(found), names(expected), "{path}");
            for (name, value) in expected {
                same(&found[name], value, &format!("{path}.{name}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (place, (one, other)) in found.iter().zip(expected).enumerate() {
                same(one, other, &format!("{path}[{place}]"));
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            let allowed = 1.5e-6 + 1e-8 * expected.abs();
            assert!(
                (found - expected).abs() <= allowed,
                "{path}: {found}, recounted {expected}"
            );
        }
        _ => assert_eq!(found, expected, "{path}"),
    }
}

/// How many of the measures have it.
fn count(records: &BTreeMap<String, Value>, pointer: &str) -> usize {
    let measures = records
        .values()
        .flat_map(|record| record["measures"].as_object().unwrap().values());
    measures
        .filter(|measure| measure.pointer(pointer).is_some_and(|it| !it.is_null()))
        .count()
}

#[test]
fn worlds_in_any_order_agree_with_the_recount() {
    for seed in 0..3 {
        let world = VoiceWorld {
            seed,
            contacts: 1_200,
            customers: 200,
            ..VoiceWorld::default()
        };
        let mut events = world.events();
        // Surveys come for long after the last call.
        events.retain(|event| event.occurred_at <= world.start + Span(3 * HOUR.0));
        let shuffled = faults::shuffle(&faults::double(&events, 0.2, seed), DISORDER, seed);
        let tasks = [1, 3, 12][seed as usize];
        let cluster = run_by(&settings(tasks, hours()), &shuffled, seed);
        let what = format!("world {seed}, {tasks} tasks");
        compare(&events, &cluster, &hours(), &what);
        let found = scorecards(&cluster);
        assert!(found.len() >= 50, "{what}: {}", found.len());
        let pointers = ["/peers/place", "/trend/direction", "/interval"];
        let counts = pointers.map(|pointer| count(&found, pointer));
        assert!(counts.iter().all(|count| *count > 60), "{what}: {counts:?}");
    }
}

#[test]
fn contacts_to_which_anything_happens_agree_with_the_recount() {
    let balance = BalanceSettings {
        peers_min: 1,
        sample_min: 2,
        window: Window::sliding("24h", Span(24 * HOUR.0)),
        baseline: Window::sliding("7d", Span(168 * HOUR.0)),
        ..BalanceSettings::default()
    };
    for (seed, tasks) in [(1, 1), (2, 4)] {
        let events = chaos_with_early_attributes(seed, 3_000);
        let shuffled = faults::shuffle(&faults::double(&events, 0.3, seed), DISORDER, seed);
        let cluster = run_by(&settings(tasks, balance.clone()), &shuffled, seed);
        compare(&events, &cluster, &balance, &format!("chaos {seed}"));
        assert!(count(&scorecards(&cluster), "/trend/direction") > 20);
    }
}

#[test]
fn live_scorecards_hold_exactly_what_had_occurred_by_their_clock() {
    let balance = BalanceSettings {
        window: Window::sliding("10m", Span::from_secs(600)),
        baseline: Window::sliding("1h", HOUR),
        peers_min: 1,
        sample_min: 2,
        beat: Span::from_secs(20),
        ..BalanceSettings::default()
    };
    let world = VoiceWorld {
        contacts: 120,
        ..VoiceWorld::default()
    };
    let events = world.events();
    let settings = Arc::new(Settings {
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Wall,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        ..(*settings(3, balance.clone())).clone()
    });
    let mut cluster = Cluster::new(&settings, world.start).unwrap();
    add_inputs(&mut cluster, 3);
    let mut random = Random::new(5);
    let mut waiting = events.iter().peekable();
    let mut checked = 0;
    for _ in 0..1_200 {
        cluster.wall = cluster.wall + Span::from_millis(900);
        while let Some(event) = waiting.next_if(|event| event.occurred_at <= cluster.wall) {
            let partition = random.below(3) as i32;
            let source = 0;
            cluster.feed(InputId { source, partition }, jsonl(event).into_bytes());
        }
        (0..3).for_each(|task| {
            cluster.advance(TaskId(task), 100).unwrap();
        });
        let found = scorecards(&cluster);
        cluster.outputs.clear();
        checked += found.len();
        check_live(&found, &events, &balance);
    }
    assert!(checked > 100, "only {checked} records were checked");
}

/// What a later contact corrects is corrected when it arrives, a little ahead of the clock: repeats are left out.
fn check_live(found: &BTreeMap<String, Value>, events: &[Event], balance: &BalanceSettings) {
    let mut recount_by_clock = BTreeMap::new();
    for (key, record) in found {
        let clock = record["clock"].as_str().unwrap();
        let recount = recount_by_clock
            .entry(clock)
            .or_insert_with(|| recounted(events, balance, Timestamp::parse(clock).unwrap()));
        for (name, measure) in record["measures"].as_object().unwrap() {
            let path = format!("{key} at {clock} {name}");
            if !["fcr", "repeats"].contains(&name.as_str()) {
                same(measure, &recount[key]["measures"][name], &path);
            }
        }
    }
}

/// A day of calls before, and the day: `minutes` a call is how long each takes.
struct Day {
    lines: Vec<String>,
    calls: usize,
}

impl Day {
    const fn new() -> Self {
        Self {
            lines: Vec::new(),
            calls: 0,
        }
    }

    /// Calls of one agent, one after the other, each a little more or less than so many seconds; of the first `transferred` every one is handed on.
    fn calls(&mut self, agent: &str, from: &str, (n, seconds): (usize, i64), transferred: usize) {
        let mut at = Timestamp::parse(from).unwrap();
        for call in 0..n {
            self.calls += 1;
            let id = self.calls;
            let handle = seconds + [-10, 0, 10][call % 3];
            let end = at + Span::from_secs(handle);
            self.lines.push(format!(
                "{at} answered c{id} agent={agent} queue=q channel=voice"
            ));
            self.lines.push(match call < transferred {
                true => format!("{end} transferred c{id} agent={agent} to_queue=other"),
                false => format!("{end} ended c{id} by=customer"),
            });
            self.lines
                .push(format!("{end} wrap_up_ended c{id} agent={agent}"));
            at = end + Span::from_secs(60);
        }
    }

    /// The records at `at`, of two days that count.
    fn scorecards(&self, at: &str, tasks: u16) -> BTreeMap<String, Value> {
        let mut events = line::parse_all(&self.lines.join("\n")).unwrap();
        events.sort_by(Event::cmp_in_order);
        let balance = BalanceSettings {
            sample_min: 6,
            ..BalanceSettings::default()
        };
        let mut cluster = empty(&settings(tasks, balance));
        cluster.end_at(Timestamp::parse(at).unwrap());
        feed(&mut cluster, &events, tasks, 1);
        cluster.run_until_quiet(100).unwrap();
        scorecards(&cluster)
    }
}

const BEFORE: &str = "2026-11-20T08:00:00Z";
const TODAY: &str = "2026-11-22T08:00:00Z";
const CLOCK: &str = "2026-11-22T18:00:00Z";

/// Ana's calls fell from 300 s to 100 s, and from none of 60 transferred to 12 of 30. Handle times are 10 s more or less, a third each:
/// their variance is n/(n − 1) · 200/3. The others take 60, 80, 100, 120 and 140 s; one has too few calls to be a peer.
#[test]
fn place_trend_and_guard_are_those_worked_out_on_paper() {
    let mut day = Day::new();
    day.calls("ana", BEFORE, (60, 300), 0);
    day.calls("ana", TODAY, (30, 100), 12);
    for (number, seconds) in [60, 80, 100, 120, 140].into_iter().enumerate() {
        day.calls(&format!("peer-{number}"), TODAY, (6, seconds), 0);
    }
    day.calls("new", TODAY, (5, 10), 5);
    for tasks in [1, 4] {
        let found = day.scorecards(CLOCK, tasks);
        let ana = &found["agent:ana/queue:q/channel:voice"];
        let aht = &ana["measures"]["aht"];
        assert_eq!(
            (&aht["value"], &aht["n"], &aht["better"]),
            (&100.0.into(), &30.into(), &Value::Null)
        );
        // 100 ± t(29) · √(200/3 · 30/29 / 30) = 100 ± 2.045230 · 1.516196.
        assert_eq!(aht["interval"], serde_json::json!([96.899031, 103.100969]));
        // Below 60 and 80, equal to 100, of five: 2.5/5.
        let place = serde_json::json!({"n": 5, "median": 100.0, "place": 0.5, "place_interval": [0.4, 0.6]});
        assert_eq!(aht["peers"], place);
        let trend = &aht["trend"];
        assert_eq!(
            (&trend["difference"], &trend["direction"]),
            (&(-200.0).into(), &"falling".into())
        );
        assert_eq!(
            trend["baseline"],
            serde_json::json!({"value": 300.0, "n": 60})
        );
        let transfers = &ana["measures"]["transfer_rate"];
        assert_eq!(
            (&transfers["value"], &transfers["num"]),
            (&0.4.into(), &12.into())
        );
        // All five others have none.
        assert_eq!(transfers["peers"]["place"], 1.0);
        // Newcombe of 12/30 and 0/60: Wilson [0.245906, 0.576796] and [0, 0.060172].
        assert_eq!(
            transfers["trend"]["interval"],
            serde_json::json!([0.234575, 0.576796])
        );
        assert_eq!(transfers["trend"]["direction"], "rising");
        let guard = &ana["guard"];
        assert_eq!(
            (&guard["raised"], &guard["rising"]),
            (&true.into(), &serde_json::json!(["transfer_rate"]))
        );
        assert_eq!(
            guard["sentence"],
            "handle time fell by 200 s (from 300 s) while transfers rose from 0 % to 40 %"
        );
        assert!(
            ana.to_string().find("peer-").is_none(),
            "peers have no names"
        );
        // The others have no baseline, and the new one too few calls for a place.
        let peer = &found["agent:peer-0/queue:q/channel:voice"];
        assert_eq!(
            (
                &peer["guard"]["raised"],
                &peer["measures"]["aht"]["trend"]["direction"]
            ),
            (&false.into(), &Value::Null)
        );
        assert_eq!(peer["measures"]["aht"]["peers"]["place"], 0.0);
        let new = &found["agent:new/queue:q/channel:voice"];
        assert_eq!(
            (
                &new["measures"]["aht"]["peers"]["place"],
                &new["measures"]["aht"]["peers"]["n"]
            ),
            (&Value::Null, &6.into())
        );
    }
}

/// However bad they are, and however well known everybody else is.
#[test]
fn three_bad_calls_give_no_place_no_trend_and_no_guard() {
    for before in [0, 3, 19, 60] {
        let mut day = Day::new();
        day.calls("ana", BEFORE, (before, 600), 0);
        day.calls("ana", TODAY, (3, 20), 3);
        for number in 0..6 {
            day.calls(&format!("peer-{number}"), TODAY, (6 + number, 300), 0);
        }
        let found = day.scorecards(CLOCK, 2);
        let ana = &found["agent:ana/queue:q/channel:voice"];
        assert_eq!(ana["measures"]["transfer_rate"]["value"], 1.0);
        for (name, measure) in ana["measures"].as_object().unwrap() {
            for absent in [
                "/peers/place",
                "/peers/place_interval",
                "/trend/difference",
                "/trend/direction",
            ] {
                assert_eq!(
                    measure.pointer(absent),
                    Some(&Value::Null),
                    "{name} {absent}"
                );
            }
        }
        let quiet = serde_json::json!({"raised": false, "rising": [], "sentence": null});
        assert_eq!(ana["guard"], quiet);
    }
}

#[test]
fn switched_off_there_are_no_scorecards_and_desks_are_forgotten() {
    let events = VoiceWorld {
        contacts: 60,
        ..VoiceWorld::default()
    }
    .events();
    let off = BalanceSettings {
        enabled: false,
        ..BalanceSettings::default()
    };
    let cluster = run_by(&settings(2, off), &events, 1);
    assert!(scorecards(&cluster).is_empty());
    let on = run_by(&settings(2, BalanceSettings::default()), &events, 1);
    assert!(on.state_size().1 > cluster.state_size().1 + 30);
}

/// A desk of which everything has left the baseline is gone, and its record too.
#[test]
fn who_has_done_nothing_for_long_has_no_scorecard() {
    let mut day = Day::new();
    day.calls("ana", BEFORE, (8, 300), 0);
    day.calls("bo", "2026-12-25T08:00:00Z", (8, 300), 0);
    assert_eq!(
        SETTINGS_WALL,
        SETTINGS_WALL.max(Timestamp::parse("2026-12-25T08:00:00Z").unwrap())
    );
    let found = day.scorecards("2026-12-25T18:00:00Z", 2);
    let keys: Vec<&String> = found.keys().collect();
    assert_eq!(keys, ["agent:bo/queue:q/channel:voice"]);
}
