//! Teams, sites, occupancy and concurrency of the recount, in small logs with answers worked out by hand.

use std::collections::BTreeMap;

use floorwalker_core::event::{Span, Timestamp, line};
use floorwalker_testkit::reference::{Occupancy, Ratio, Recount, Scorecard, Settings, recount};

fn at(time: &str) -> Timestamp {
    let line = format!("{time} ended x by=system");
    line::parse(&line).unwrap().occurred_at
}

/// `billing` is of team red at site north.
fn settings() -> Settings {
    let group = |name: &str| Some(name.to_owned());
    Settings {
        queues: BTreeMap::from([("billing".to_owned(), (group("red"), group("north")))]),
        ..Settings::default()
    }
}

fn count(log: &str, clock: &str) -> Recount {
    recount(&line::parse_all(log).unwrap(), &settings(), at(clock))
}

fn all_time(counted: &Recount, entity: &str) -> Scorecard {
    counted.card(entity, None)
}

fn has(counted: &Recount, entity: &str) -> bool {
    counted.cards.contains_key(&(entity.to_owned(), None))
}

/// A call in the red queue, taken too late by an agent of the blue team; 60 s of talk, 10 s of wrap-up.
const CALL: &str = "
    09:00:00 state ana state=available team=blue site=south
    10:00:00 queued c1 queue=billing
    10:00:01 offered c1 agent=ana
    10:00:30 answered c1 agent=ana
    10:01:30 ended c1 by=customer
    10:01:40 wrap_up_ended c1 agent=ana resolved=true
    10:02:00 survey c1 score=5/1..5";

#[test]
fn waits_are_the_team_s_and_site_s_of_their_queue() {
    let counted = count(CALL, "10:05:00");
    for entity in ["team:red", "site:north"] {
        let card = all_time(&counted, entity);
        assert_eq!((card.offered, card.answered), (1, 1), "{entity}");
        assert_eq!(card.asa.mean, Some(30.0), "{entity}");
        assert_eq!(card.abandonment, Some(Ratio { num: 0, den: 1 }), "{entity}");
        let answer = card.sla["voice answer"].compliance();
        assert_eq!(answer, Ratio { num: 0, den: 1 }, "{entity}");
        assert_eq!(card.sla.len(), 1, "{entity}");
        assert_eq!((card.handled, card.csat.n, card.offer_miss.den), (0, 0, 0));
    }
}

#[test]
fn everything_else_is_the_agent_s_team_s_and_site_s() {
    let counted = count(CALL, "10:05:00");
    for entity in ["team:blue", "site:south"] {
        let card = all_time(&counted, entity);
        assert_eq!(card.handled, 1, "{entity}");
        assert_eq!(card.aht.handle.mean, Some(70.0), "{entity}");
        assert_eq!(card.csat.mean, Some(1.0), "{entity}");
        assert_eq!(card.csat_response, Ratio { num: 1, den: 1 }, "{entity}");
        assert_eq!(card.resolved_said, Ratio { num: 1, den: 1 }, "{entity}");
        assert_eq!(card.offer_miss, Ratio { num: 0, den: 1 }, "{entity}");
        assert_eq!(card.fcr_no_customer, 1, "{entity}");
        let accept = card.sla["voice accept"].compliance();
        assert_eq!(accept, Ratio { num: 0, den: 1 }, "{entity}");
    }
}

#[test]
fn the_copy_of_a_wait_is_its_answerer_s_and_not_their_team_s() {
    let counted = count(CALL, "10:05:00");
    let ana = all_time(&counted, "agent:ana");
    assert_eq!((ana.answered, ana.asa.mean), (1, Some(30.0)));
    assert_eq!(ana.sla["voice answer"].missed, 1);
    for entity in ["team:blue", "site:south"] {
        let card = all_time(&counted, entity);
        assert_eq!((card.offered, card.answered, card.asa.n), (0, 0, 0));
        assert!(!card.sla.contains_key("voice answer"), "{entity}");
        assert_eq!(card.abandonment, Some(Ratio { num: 0, den: 0 }), "{entity}");
    }
}

#[test]
fn what_waits_now_and_is_at_risk_is_the_queue_s_team_s() {
    let counted = count(CALL, "10:00:15");
    let live = |entity| {
        let live = all_time(&counted, entity).live.unwrap();
        (live.waiting, live.longest_wait, live.at_risk)
    };
    // Two obligations of one contact, answer and accept, are at risk.
    for entity in ["team:red", "site:north", "queue:billing", "all"] {
        assert_eq!(live(entity), (1, Some(15.0), 1), "{entity}");
    }
    for entity in ["team:blue", "site:south"] {
        assert_eq!(live(entity), (0, None, 0), "{entity}");
    }
    assert_eq!(all_time(&counted, "agent:ana").live, None);
}

#[test]
fn without_an_agent_a_fact_goes_as_a_wait_does() {
    let log = "10:00:00 queued c1 queue=billing
        10:00:10 ended c1 by=customer
        10:01:00 survey c1 score=1/1..5
        10:00:00 queued c2 queue=unknown
        10:00:10 ended c2 by=customer";
    let counted = count(log, "10:05:00");
    let card = all_time(&counted, "team:red");
    assert_eq!((card.offered, card.abandoned), (1, 1));
    assert_eq!(card.csat.mean, Some(0.0));
    let entities: Vec<&str> = (counted.cards.keys())
        .filter(|(_, window)| window.is_none())
        .map(|(entity, _)| entity.as_str())
        .collect();
    assert_eq!(
        entities,
        [
            "all",
            "channel:voice",
            "queue:billing",
            "queue:unknown",
            "site:north",
            "team:red"
        ]
    );
}

#[test]
fn an_agent_has_the_place_of_its_last_state_even_of_that_instant_or_expired() {
    // The engagement ends at 10:01:40.
    for (states, team) in [
        ("09:00:00 state ana state=available team=red", Some("red")),
        (
            "09:00:00 state ana state=available team=red
             10:01:40 state ana state=available team=blue",
            Some("blue"),
        ),
        (
            "09:00:00 state ana state=available team=red
             10:01:40.000001 state ana state=available team=blue",
            Some("red"),
        ),
        (
            "2026-11-20T09:00:00Z state ana state=available team=red",
            Some("red"),
        ),
        (
            "09:00:00 state ana state=available team=red
             09:30:00 state ana state=available",
            None,
        ),
        ("09:00:00 state ana state=offline team=red", Some("red")),
        ("09:00:00 state bo state=available team=red", None),
        (
            "09:00:00 state ana state=away team=red id=2
             09:00:00 state ana state=away team=blue id=1",
            Some("red"),
        ),
    ] {
        let log = format!(
            "{states}
            10:00:30 answered c1 agent=ana
            10:01:30 ended c1 by=customer
            10:01:40 wrap_up_ended c1 agent=ana"
        );
        let counted = count(&log, "10:05:00");
        for name in ["red", "blue"] {
            let handled = all_time(&counted, &format!("team:{name}")).handled;
            assert_eq!(handled, u64::from(team == Some(name)), "{name} of {log}");
        }
        assert_eq!(all_time(&counted, "all").handled, 1);
    }
}

#[test]
fn a_state_that_comes_late_moves_what_was_counted() {
    let handled = |log: &str| {
        let counted = count(log, "10:05:00");
        ["team:blue", "team:red", "site:south", "site:north"]
            .map(|entity| all_time(&counted, entity).handled)
    };
    assert_eq!(handled(CALL), [1, 0, 1, 0]);
    let late = "\n10:01:00 state ana state=engaged team=red site=south";
    assert_eq!(handled(&format!("{CALL}{late}")), [0, 1, 1, 0]);
}

#[test]
fn each_fact_asks_for_the_team_of_its_own_time() {
    let log = "09:00:00 state ana state=available team=red
        10:00:00 queued c1 queue=q customer=k
        10:00:10 answered c1 agent=ana
        10:01:00 ended c1 by=customer
        10:01:00.5 state ana state=wrap_up team=blue
        10:01:30 wrap_up_ended c1 agent=ana
        2026-11-24T10:00:00Z state ana state=available team=green
        2026-11-25T10:00:00Z survey c1 score=5/1..5";
    let counted = count(log, "2026-11-30T10:00:00Z");
    let of = |team: &str| {
        let card = all_time(&counted, &format!("team:{team}"));
        let (fcr, confirmed) = (card.fcr.resolved, card.fcr_confirmed.resolved);
        (fcr, card.handled, card.csat.n, confirmed)
    };
    assert_eq!(of("red"), (1, 0, 0, 0));
    assert_eq!(of("blue"), (0, 1, 0, 0));
    assert_eq!(of("green"), (0, 0, 1, 1));
}

fn spent(occupied: i64, available: i64, away: &[(&str, i64)]) -> Occupancy {
    Occupancy {
        occupied: Span::from_secs(occupied),
        available: Span::from_secs(available),
        away: (away.iter())
            .map(|(reason, seconds)| ((*reason).to_owned(), Span::from_secs(*seconds)))
            .collect(),
    }
}

fn occupancy(log: &str, clock: &str, entity: &str) -> Occupancy {
    all_time(&count(log, clock), entity).occupancy.unwrap()
}

const SHIFT: &str = "
    09:50:00 state ana state=available
    10:00:00 state ana state=offered
    10:00:10 state ana state=engaged
    10:03:00 state ana state=wrap_up
    10:04:00 state ana state=available";

#[test]
fn states_are_cut_at_the_first_pane_s_start_and_at_the_clock() {
    let within = |clock: &str, window| {
        let counted = count(SHIFT, clock);
        counted.card("agent:ana", window).occupancy.unwrap()
    };
    let five_minutes = Some(Span::from_secs(300));
    assert_eq!(within("10:05:00", None), spent(240, 660, &[]));
    assert_eq!(within("10:02:00", None), spent(120, 600, &[]));
    // From 10:00:05, 10:00:00 and 09:57:05.
    assert_eq!(within("10:05:00", five_minutes), spent(235, 60, &[]));
    assert_eq!(within("10:04:59", five_minutes), spent(240, 59, &[]));
    assert_eq!(within("10:02:00", five_minutes), spent(120, 175, &[]));
    assert_eq!(within("10:05:00", None).value(), Some(240.0 / 900.0));
}

#[test]
fn a_state_is_offline_after_a_day() {
    let begun = "2026-11-21T08:00:00Z state ana state=available";
    let day = 86_400;
    for (more, clock, expected) in [
        ("", "07:59:59", spent(0, day - 1, &[])),
        ("", "08:00:00", spent(0, day, &[])),
        ("", "10:00:00", spent(0, day, &[])),
        (
            "09:00:00 state ana state=engaged",
            "10:00:00",
            spent(3_600, day, &[]),
        ),
    ] {
        let log = format!("{begun}\n{more}");
        assert_eq!(occupancy(&log, clock, "agent:ana"), expected, "{clock}");
    }
    // The panes of 24 h are of 24 min: the first begins at 10:24 of the day before.
    let counted = count(begun, "10:00:00");
    let within = |seconds| {
        let card = counted.card("agent:ana", Some(Span::from_secs(seconds)));
        card.occupancy.unwrap()
    };
    assert_eq!(within(day), spent(0, 77_760, &[]));
    // It is out of a window of an hour; the record stays.
    assert_eq!(within(3_600), spent(0, 0, &[]));
}

#[test]
fn an_equal_repeat_changes_nothing_and_the_day_runs_from_the_first() {
    let first = "state ana state=available team=red site=north";
    let day = 86_400;
    for (then, what, available) in [
        ("2026-11-21T20:00:00Z", first, day),
        // Skills are no part of what is counted.
        (
            "2026-11-21T20:00:00Z",
            "state ana state=available team=red site=north skills=es",
            day,
        ),
        // A day old is no repeat any more.
        ("2026-11-22T08:00:00Z", first, 26 * 3_600),
        ("2026-11-22T07:59:59.999999Z", first, day),
        ("2026-11-22T09:00:00Z", first, day + 3_600),
        (
            "2026-11-21T20:00:00Z",
            "state ana state=available team=red site=north reason=ready",
            26 * 3_600,
        ),
        (
            "2026-11-21T20:00:00Z",
            "state ana state=available team=blue site=north",
            26 * 3_600,
        ),
        (
            "2026-11-21T20:00:00Z",
            "state ana state=available team=red",
            26 * 3_600,
        ),
    ] {
        let log = format!("2026-11-21T08:00:00Z {first}\n{then} {what}");
        let found = occupancy(&log, "10:00:00", "agent:ana");
        assert_eq!(found, spent(0, available, &[]), "{log}");
    }
}

#[test]
fn away_is_counted_by_reason_and_is_no_part_of_the_share() {
    let log = "09:00:00 state ana state=away reason=lunch
        09:30:00 state ana state=away
        09:40:00 state ana state=away reason=lunch
        09:45:00 state ana state=offline";
    let found = occupancy(log, "10:00:00", "agent:ana");
    assert_eq!(
        found,
        spent(0, 0, &[("lunch", 2_100), ("unspecified", 600)])
    );
    assert_eq!(found.value(), None);
}

#[test]
fn of_states_with_one_id_the_first_in_order_counts() {
    let log = "09:30:00 state ana state=away id=s1
        09:00:00 state ana state=available id=s1
        09:30:00 state bo state=away id=s1";
    assert_eq!(
        occupancy(log, "10:00:00", "agent:ana"),
        spent(0, 3_600, &[])
    );
    assert_eq!(
        occupancy(log, "10:00:00", "agent:bo"),
        spent(0, 0, &[("unspecified", 1_800)])
    );
}

#[test]
fn a_state_s_time_is_the_team_s_and_site_s_that_it_names() {
    let log = "09:00:00 state ana state=available team=red site=north
        09:30:00 state ana state=engaged team=blue
        09:00:00 state bo state=engaged team=red site=south
        09:45:00 state bo state=away";
    let of = |entity| occupancy(log, "10:00:00", entity);
    assert_eq!(of("team:red"), spent(2_700, 1_800, &[]));
    assert_eq!(of("team:blue"), spent(1_800, 0, &[]));
    assert_eq!(of("site:north"), spent(0, 1_800, &[]));
    assert_eq!(of("site:south"), spent(2_700, 0, &[]));
    assert_eq!(of("all"), spent(4_500, 1_800, &[("unspecified", 900)]));
}

#[test]
fn queues_and_channels_have_neither_occupancy_nor_concurrency() {
    let counted = count(CALL, "10:01:00");
    for entity in ["queue:billing", "channel:voice"] {
        let card = all_time(&counted, entity);
        assert_eq!((card.occupancy, card.concurrency), (None, None), "{entity}");
    }
    for entity in ["agent:ana", "team:blue", "site:south", "all"] {
        let card = all_time(&counted, entity);
        assert_eq!(card.occupancy, Some(spent(30, 3_630, &[])), "{entity}");
        assert_eq!(card.concurrency, Some(1.0), "{entity}");
    }
}

const CHATS: &str = "
    09:00:00 state ana state=available team=red site=north
    10:00:00 answered c1 agent=ana channel=chat
    10:00:30 answered c2 agent=ana channel=chat
    10:01:00 ended c1 by=customer
    10:01:00 wrap_up_ended c1 agent=ana
    10:01:30 ended c2 by=customer
    10:01:30 wrap_up_ended c2 agent=ana";

#[test]
fn concurrency_of_two_chats_that_overlap() {
    let counted = count(CHATS, "10:05:00");
    for entity in ["agent:ana", "team:red", "site:north", "all"] {
        let found = all_time(&counted, entity).concurrency;
        assert_eq!(found, Some(120.0 / 90.0), "{entity}");
    }
    // Cut at the clock: 60 s of two chats in 45 s; and at 10:00:35, the first pane's start.
    let cut = |clock, window| count(CHATS, clock).card("team:red", window).concurrency;
    assert_eq!(cut("10:00:45", None), Some(60.0 / 45.0));
    let five_minutes = Some(Span::from_secs(300));
    assert_eq!(cut("10:05:30", five_minutes), Some(80.0 / 55.0));
}

#[test]
fn concurrency_is_summed_over_agents_and_not_between_them() {
    let log = format!(
        "{CHATS}
        09:00:00 state bo state=available team=red
        10:00:00 answered c3 agent=bo channel=chat
        10:00:30 ended c3 by=customer
        10:00:30 wrap_up_ended c3 agent=bo"
    );
    let counted = count(&log, "10:05:00");
    for entity in ["team:red", "all"] {
        let found = all_time(&counted, entity).concurrency;
        assert_eq!(found, Some(150.0 / 120.0), "{entity}");
    }
    let north = all_time(&counted, "site:north").concurrency;
    assert_eq!(north, Some(120.0 / 90.0));
}

#[test]
fn each_instant_of_an_engagement_is_its_agent_s_team_s_of_then() {
    let moved = format!("{CHATS}\n10:00:50 state ana state=engaged team=blue");
    let counted = count(&moved, "10:05:00");
    let of = |entity| all_time(&counted, entity).concurrency;
    // To 10:00:50 50 s and 20 s, after it 10 s and 40 s.
    assert_eq!(of("team:red"), Some(70.0 / 50.0));
    assert_eq!(of("site:north"), Some(70.0 / 50.0));
    assert_eq!(of("team:blue"), Some(50.0 / 40.0));
    assert_eq!(of("agent:ana"), Some(120.0 / 90.0));
    // Before the first state there is no team.
    let late = CHATS.replace("09:00:00", "10:01:00");
    let of_late = all_time(&count(&late, "10:05:00"), "team:red").concurrency;
    assert_eq!(of_late, Some(1.0));
}

#[test]
fn time_in_a_state_and_with_an_engagement_are_facts() {
    let log = "10:00:00 state ana state=available team=red site=north
        10:00:00 state bo state=offline team=blue
        10:00:00 answered c1 agent=cy
        10:00:00 queued c2 direction=internal queue=q
        10:00:00 answered c2 agent=di";
    assert_eq!(count(log, "10:00:00").cards, BTreeMap::new());
    let counted = count(log, "10:00:01");
    for entity in ["agent:ana", "team:red", "site:north", "agent:cy", "all"] {
        assert!(has(&counted, entity), "{entity}");
    }
    // An internal engagement without a state counts nowhere.
    for entity in ["agent:bo", "agent:di", "team:blue", "channel:voice"] {
        assert!(!has(&counted, entity), "{entity}");
    }
}

#[test]
fn records_hold_occupancy_in_seconds() {
    let log = "09:00:00 state ana state=available team=red
        09:30:00 state ana state=engaged team=red
        09:40:00.5 state ana state=away reason=break team=red
        09:40:00 queued c1 queue=q";
    let clock = at("09:45:00.000001");
    let records = recount(&line::parse_all(log).unwrap(), &settings(), clock).records(clock);
    let kpi = |entity: &str, name: &str| {
        let wanted = |it: &&serde_json::Value| it["entity"] == entity && it["window"] == "all";
        records.iter().find(wanted).unwrap()["kpis"][name].to_string()
    };
    for entity in ["agent:ana", "team:red", "all"] {
        assert_eq!(
            kpi(entity, "occupancy"),
            r#"{"available":1800.0,"away":{"break":299.500001},"occupied":600.5,"value":0.250156}"#
        );
    }
    assert_eq!(kpi("queue:q", "occupancy"), "null");
    assert_eq!(kpi("team:red", "concurrency"), "null");
    assert_eq!(
        kpi("team:red", "live"),
        r#"{"at_risk":0,"longest_wait":null,"waiting":0}"#
    );
}
