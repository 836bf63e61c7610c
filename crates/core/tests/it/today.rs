//! The window `today`: small logs around the midnights of several sites, with answers worked out by hand; the recount and the
//! engine give them.

use std::{collections::BTreeMap, sync::Arc};

use floorwalker_core::{
    contact::Hours,
    engine::{Settings, Source, SourceClock, TaskId},
    event::{Event, SiteId, Span, Timestamp, line},
    kpi::KpiSettings,
    local::{Cluster, Crash},
};
use floorwalker_testkit::harness::{events_settings, is_nothing};
use floorwalker_testkit::reference;
use serde_json::{Value, json};

use crate::{
    agreement::{add_inputs, compare_at, empty, feed, last_records, reference_settings},
    reference_cases::show,
};

/// Queues of north are `billing`, `q` and `chat`, of south `tech`, of abroad `care`; `r` is nowhere.
const ZONES: [(&str, &str); 3] = [
    ("north", "Europe/Berlin"),
    ("south", "America/New_York"),
    ("abroad", "Asia/Beirut"),
];

/// Midnights in Berlin (23:00), New York (05:00), Beirut (22:00), and by `zone` (18:15, all in UTC) are four.
pub(crate) fn with_zones(settings: &Settings) -> Settings {
    let zone = |name: &str| Hours::zone_named(name).unwrap();
    let sites = ZONES.map(|(site, name)| (SiteId::new(site), zone(name)));
    Settings {
        kpi: KpiSettings {
            zone: zone("Asia/Kathmandu"),
            zones_by_site: BTreeMap::from(sites),
            ..settings.kpi.clone()
        },
        ..settings.clone()
    }
}

pub(crate) fn recounted_with_zones() -> reference::Settings {
    let zone = |name: &str| Hours::zone_named(name).unwrap();
    let sites = ZONES.map(|(site, name)| (site.to_owned(), zone(name)));
    reference::Settings {
        zone: zone("Asia/Kathmandu"),
        zones: BTreeMap::from(sites),
        ..reference_settings()
    }
}

fn at(time: &str) -> Timestamp {
    Timestamp::parse(time).unwrap()
}

fn events(log: &str) -> Vec<Event> {
    let mut events = line::parse_all(log).unwrap();
    for event in &mut events {
        let of_contact = event.contact().is_some();
        event.channel = of_contact.then_some(floorwalker_core::event::Channel::Voice);
    }
    events
}

/// Of each entity, its numbers of today at the clock, and the seconds its agents were occupied and available.
fn check(log: &str, clock: &str, expected: &[(&str, &str)]) {
    let (events, clock) = (events(log), at(clock));
    let by_then: Vec<Event> = (events.iter())
        .filter(|event| event.occurred_at <= clock)
        .cloned()
        .collect();
    let settings = recounted_with_zones();
    let counted = reference::recount(&by_then, &settings, clock);
    for (entity, text) in expected {
        let card = counted.today.get(*entity).cloned().unwrap_or_default();
        let mut shown = show(&card);
        if let Some(times) = card.occupancy.filter(|it| it.value().is_some()) {
            let (occupied, available) = (times.occupied.as_secs(), times.available.as_secs());
            shown = format!("{shown} time={occupied}/{available}");
        }
        assert_eq!(shown.trim(), *text, "{entity} at {clock} of\n{log}");
    }
    let defaults = events_settings(2, Settings::default().recovery_max_bytes);
    let engine = with_zones(&Settings {
        lateness: Span::from_secs(60 * 86_400),
        ..(*defaults).clone()
    });
    let mut cluster = empty(&Arc::new(engine));
    cluster.end_at(clock);
    feed(&mut cluster, &by_then, 2, 1);
    cluster.run_until_quiet(100).unwrap();
    compare_at(&settings, clock, &by_then, &cluster, "engine");
}

/// The clock is five minutes past midnight in Berlin, 23:00 in UTC.
#[test]
fn a_day_begins_at_the_midnight_of_the_site_else_of_the_zone_of_all() {
    check(
        "2026-11-22T22:50:00Z state ana state=available team=red site=north
         2026-11-22T22:59:50Z queued c1 queue=billing
         2026-11-22T22:59:50Z queued c2 queue=r
         2026-11-22T22:59:59Z answered c1 agent=ana
         2026-11-22T22:59:59.999999Z queued c3 queue=billing
         2026-11-22T23:00:00Z queued c4 queue=billing
         2026-11-22T23:00:30Z ended c1 by=customer
         2026-11-22T23:00:40Z wrap_up_ended c1 agent=ana
         2026-11-22T23:01:00Z ended c3 by=customer
         2026-11-22T23:01:00Z ended c4 by=customer",
        "2026-11-22T23:05:00Z",
        &[
            (
                "queue:billing",
                "offered=1 abandoned=2 handled=1 answer=0/2/0 aht=31+0+10 response=0/1",
            ),
            (
                "site:north",
                "offered=1 abandoned=2 handled=1 answer=0/2/0 aht=31+0+10 response=0/1 time=40/260",
            ),
            (
                "agent:ana",
                "handled=1 aht=31+0+10 response=0/1 time=40/260",
            ),
            ("queue:r", "offered=1 answer=0/1/0 live=1/310/0"),
            (
                "team:red",
                "offered=3 answered=1 abandoned=2 handled=1 answer=1/2/0 asa=9 aht=31+0+10 response=0/1 time=41/859",
            ),
            (
                "all",
                "offered=4 answered=1 abandoned=2 handled=1 answer=1/3/0 asa=9 aht=31+0+10 response=0/1 live=1/310/0 time=41/859",
            ),
        ],
    );
}

#[test]
fn at_midnight_itself_it_is_today_and_a_microsecond_before_it_is_not() {
    let log = "2026-11-21T23:00:00Z queued c1 queue=billing
         2026-11-21T23:00:01Z ended c1 by=customer";
    let all_day = "offered=1 abandoned=1 short=1 answer=0/0/1";
    for (clock, shown) in [
        ("2026-11-21T23:00:00Z", "offered=1 live=1/0/0"),
        ("2026-11-22T22:59:59.999999Z", all_day),
        ("2026-11-22T23:00:00Z", ""),
    ] {
        check(log, clock, &[("queue:billing", shown)]);
    }
}

/// A fact just before and one at each midnight; the second counts until just before the next.
fn check_day(queue: &str, begins_at: &str, ends_at: &str) {
    let (begins_at, ends_at) = (at(begins_at), at(ends_at));
    let (before, last) = (begins_at - Span(1), ends_at - Span(1));
    let log = format!(
        "{before} queued c1 queue={queue}\n{before} left c1 why=other
         {begins_at} queued c2 queue={queue}\n{begins_at} left c2 why=other
         {last} queued c3 queue={queue}\n{last} left c3 why=other"
    );
    let entity = format!("queue:{queue}");
    let shown = |count| format!("offered={count} left={count} answer=0/0/{count}");
    let table = [
        (before, shown(1)),
        (begins_at, shown(1)),
        (begins_at + Span::from_secs(12 * 3_600), shown(1)),
        (ends_at - Span::from_secs(400), shown(1)),
        (last, shown(2)),
        (ends_at, String::new()),
        (ends_at + Span::from_secs(7), String::new()),
    ];
    for (clock, expected) in table {
        check(&log, &clock.to_string(), &[(&entity, &expected)]);
    }
}

#[test]
fn a_day_has_23_hours_when_clocks_go_forward() {
    check_day("billing", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    check_day("tech", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
}

#[test]
fn a_day_has_25_hours_when_clocks_go_back() {
    check_day("billing", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    check_day("tech", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
    // At midnight itself: 23:00 comes twice.
    check_day("care", "2026-10-23T21:00:00Z", "2026-10-24T22:00:00Z");
}

#[test]
fn a_day_without_midnight_begins_at_its_first_instant() {
    check_day("care", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z");
    check_day("care", "2026-03-27T22:00:00Z", "2026-03-28T22:00:00Z");
}

#[test]
fn an_agent_has_the_day_of_the_last_site() {
    // 02:00 is after midnight in Berlin, before that in New York and Kathmandu; at 10:00:10 no event has anything but the site.
    let log = "2026-11-22T01:00:00Z state ana state=available site=north
         2026-11-22T02:00:00Z answered c1 agent=ana queue=r
         2026-11-22T02:01:00Z ended c1 by=customer
         2026-11-22T02:01:05Z wrap_up_ended c1 agent=ana
         2026-11-22T10:00:00Z state ana state=offline site=north
         2026-11-22T10:00:10Z state ana state=offline site=south
         2026-11-22T10:00:20Z state ana state=offline";
    let first = "handled=1 aht=60+0+5 response=0/1";
    for (clock, shown) in [
        (
            "2026-11-22T10:00:09.999999Z",
            format!("{first} time=65/32335"),
        ),
        ("2026-11-22T10:00:10Z", "time=0/18000".to_owned()),
        ("2026-11-22T10:00:20Z", format!("{first} time=65/32335")),
        ("2026-11-22T18:15:00Z", String::new()),
    ] {
        check(log, clock, &[("agent:ana", &shown)]);
    }
}

#[test]
fn a_state_is_cut_at_midnight() {
    check(
        "2026-11-22T20:00:00Z state ana state=available site=north
         2026-11-22T22:30:00Z state ana state=engaged site=north
         2026-11-22T23:10:00Z state ana state=available site=north
         2026-11-22T22:40:00Z answered c1 agent=ana queue=billing
         2026-11-22T22:50:00Z state bo state=available site=north",
        "2026-11-22T23:20:00Z",
        &[
            // Available, but with the call still open.
            ("agent:ana", "time=1200/0"),
            ("agent:bo", "time=0/1200"),
            ("site:north", "time=1200/1200"),
            // Since 18:15.
            ("all", "time=3000/10800"),
        ],
    );
}

/// A live center of two tasks that writes agents' records each second, too.
struct Live {
    cluster: Cluster,
    events: Vec<Event>,
    recounted: reference::Settings,
}

impl Live {
    fn new(began_at: &str) -> Self {
        let mut settings = with_zones(&events_settings(2, Settings::default().recovery_max_bytes));
        settings.sources = vec![Source {
            clock: SourceClock::Wall,
            ..settings.sources[0].clone()
        }];
        settings.kpi.agent_beat = settings.kpi.group_beat;
        let settings = Arc::new(settings);
        let mut cluster = Cluster::new(&settings, at(began_at)).unwrap();
        add_inputs(&mut cluster, 2);
        Self {
            cluster,
            events: Vec::new(),
            recounted: recounted_with_zones(),
        }
    }

    /// Moves `billing` to a site from then on, by the directory.
    fn move_billing(&mut self, from: &str, site: &str) {
        let statement = json!({"subject": "queue:billing", "valid_from": from, "site": site});
        self.cluster.state(statement.to_string().as_bytes());
        self.recounted.moves.push(reference::Move {
            from: at(from),
            queue: "billing".to_owned(),
            team: None,
            site: Some(site.to_owned()),
        });
    }

    fn feed_log(&mut self, log: &str) {
        let log = events(log);
        feed(&mut self.cluster, &log, 2, 1);
        self.events.extend(log);
    }

    fn go_on_until(&mut self, wall: &str) {
        while self.cluster.wall < at(wall) {
            self.cluster.wall = self.cluster.wall + Span::from_millis(700);
            for task in 0..2 {
                self.cluster.advance(TaskId(task), 100).unwrap();
            }
        }
    }

    fn crash(&mut self) {
        for task in 0..2 {
            (self.cluster)
                .advance_and_crash(TaskId(task), 100, Crash::AfterCommit)
                .unwrap();
        }
    }

    fn is_partial(&self, entity: &str) -> bool {
        let key = (entity.to_owned(), "today".to_owned());
        last_records(&self.cluster)[&key]["partial"] == true
    }

    /// Returns the last record, which must agree with the recount at its clock, and a count of it.
    fn today(&self, entity: &str, count: &str) -> (Timestamp, i64) {
        let records = last_records(&self.cluster);
        let record = &records[&(entity.to_owned(), "today".to_owned())];
        let clock = at(record["clock"].as_str().unwrap());
        let counted = reference::recount(&self.events, &self.recounted, clock);
        let counted = counted.records(clock);
        let expected = (counted.iter())
            .find(|it| it["entity"] == entity && it["window"] == "today")
            .map_or(Value::Null, |it| it["kpis"][count].clone());
        let found = &record["kpis"][count];
        assert!(
            *found == expected || is_nothing(&expected) && is_nothing(found),
            "{entity} {count} at {clock}: {found}, recounted {expected}"
        );
        (clock, found.as_i64().unwrap())
    }
}

/// A call that is over before midnight in Berlin; the handled one is of ana.
const EVENING: &str = "2026-11-22T22:58:00Z state ana state=available site=north
    2026-11-22T22:58:00Z queued c1 queue=billing
    2026-11-22T22:58:05Z answered c1 agent=ana
    2026-11-22T22:58:10Z ended c1 by=customer
    2026-11-22T22:58:15Z wrap_up_ended c1 agent=ana
    2026-11-22T22:58:20Z state ana state=offline site=north";

#[test]
fn midnight_passes_without_an_event() {
    for crash_at in [
        None,
        Some("2026-11-22T22:59:50Z"),
        Some("2026-11-22T23:00:04Z"),
    ] {
        let mut live = Live::new("2026-11-22T22:58:20Z");
        live.feed_log(EVENING);
        live.go_on_until("2026-11-22T22:59:45Z");
        assert_eq!(live.today("queue:billing", "offered").1, 1);
        assert_eq!(live.today("agent:ana", "handled").1, 1);
        if let Some(crash_at) = crash_at {
            live.go_on_until(crash_at);
            live.crash();
        }
        live.go_on_until("2026-11-22T23:00:40Z");
        let midnight = at("2026-11-22T23:00:00Z");
        for (entity, count) in [
            ("queue:billing", "offered"),
            ("site:north", "handled"),
            ("agent:ana", "handled"),
        ] {
            let (clock, found) = live.today(entity, count);
            assert!(clock >= midnight && found == 0, "{entity} at {clock}");
        }
        assert_eq!(live.today("all", "handled").1, 1, "crashed at {crash_at:?}");
    }
}

#[test]
fn what_comes_late_over_midnight_counts_for_the_day_it_happened_on() {
    let mut live = Live::new("2026-11-22T22:58:20Z");
    live.feed_log(EVENING);
    live.go_on_until("2026-11-22T23:01:00Z");
    live.feed_log(
        "2026-11-22T22:59:58Z queued c2 queue=billing
         2026-11-22T23:00:02Z queued c3 queue=billing",
    );
    live.go_on_until("2026-11-22T23:01:10Z");
    assert_eq!(live.today("queue:billing", "offered").1, 1);
    assert_eq!(live.today("queue:billing", "answered").1, 0);
    live.feed_log("2026-11-22T23:00:00Z answered c2 agent=ana");
    live.go_on_until("2026-11-22T23:01:50Z");
    assert_eq!(live.today("queue:billing", "answered").1, 1);
    assert_eq!(live.today("all", "answered").1, 2);
}

#[test]
fn a_late_word_of_the_site_has_the_record_written_anew() {
    for crash in [false, true] {
        let mut live = Live::new("2026-11-22T22:58:20Z");
        live.feed_log(EVENING);
        live.go_on_until("2026-11-22T23:02:00Z");
        assert_eq!(live.today("agent:ana", "handled").1, 0);
        // In New York it is the evening before; her state of 22:59 is from there.
        live.feed_log("2026-11-22T22:59:00Z state ana state=offline site=south");
        if crash {
            live.crash();
        }
        live.go_on_until("2026-11-22T23:02:40Z");
        assert_eq!(live.today("agent:ana", "handled").1, 1, "crash: {crash}");
        // And these are ahead of the clock when they come.
        live.feed_log(
            "2026-11-22T23:02:41Z state ana state=offline site=abroad
             2026-11-22T23:02:43Z state ana state=offline site=south
             2026-11-22T23:02:47Z state ana state=offline site=north",
        );
        live.go_on_until("2026-11-22T23:02:41Z");
        if crash {
            live.crash();
        }
        for (wall, handled) in [("23:02:45", 1), ("23:02:48", 1), ("23:02:55", 0)] {
            live.go_on_until(&format!("2026-11-22T{wall}Z"));
            let (clock, found) = live.today("agent:ana", "handled");
            assert_eq!(found, handled, "crash: {crash}, {clock}");
        }
    }
}

#[test]
fn a_queue_has_the_day_of_its_site_by_the_directory() {
    for crash in [false, true] {
        let mut live = Live::new("2026-11-22T22:58:20Z");
        live.feed_log(EVENING);
        live.go_on_until("2026-11-22T23:02:00Z");
        assert_eq!(live.today("queue:billing", "offered").1, 0);
        live.move_billing("2026-11-22T22:59:30Z", "south");
        live.move_billing("2026-11-22T23:02:30Z", "north");
        live.move_billing("2026-11-22T23:02:40Z", "south");
        live.go_on_until("2026-11-22T23:02:01Z");
        if crash {
            live.crash();
        }
        for (wall, offered) in [("23:02:10", 1), ("23:02:37", 0), ("23:02:47", 1)] {
            live.go_on_until(&format!("2026-11-22T{wall}Z"));
            let (clock, found) = live.today("queue:billing", "offered");
            assert_eq!(found, offered, "crash: {crash}, {clock}");
        }
    }
}

/// It arrives before the clock gets there, and all that second at once.
#[test]
fn what_begins_a_pane_shows_when_the_clock_reaches_it() {
    for crash in [false, true] {
        let mut live = Live::new("2026-11-22T23:10:00Z");
        live.feed_log("2026-11-22T23:10:00Z state ana state=offline");
        live.go_on_until("2026-11-22T23:10:05.5Z");
        live.feed_log(
            "2026-11-22T23:10:05Z queued c1 queue=billing
             2026-11-22T23:10:05.1Z left c1 why=other",
        );
        live.go_on_until("2026-11-22T23:10:07.5Z");
        if crash {
            live.crash();
        }
        live.go_on_until("2026-11-22T23:10:20Z");
        assert_eq!(live.today("queue:billing", "left").1, 1, "crash: {crash}");
    }
}

#[test]
fn a_day_that_began_before_we_did_is_partial() {
    let mut live = Live::new("2026-11-22T22:58:20Z");
    live.feed_log(EVENING);
    live.go_on_until("2026-11-22T22:59:30Z");
    live.feed_log("2026-11-22T22:59:30Z queued c2 queue=tech");
    live.go_on_until("2026-11-22T22:59:40Z");
    assert!(live.is_partial("queue:billing"));
    live.go_on_until("2026-11-22T23:00:10Z");
    assert!(!live.is_partial("queue:billing"));
    assert!(live.is_partial("queue:tech"));
}
