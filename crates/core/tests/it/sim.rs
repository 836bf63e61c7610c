//! The simulated worlds are what they promise, and the recount keeps the laws on them.

use std::collections::{BTreeMap, BTreeSet};

use floorwalker_core::{
    decode::{Decoded, decode},
    event::{AgentStateChanged, Body, Event, Key, Span, Timestamp, line},
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{
    chaos::chaos,
    faults::{contradict, double, interleave, shuffle, split},
    reference::{Obligation, Occupancy, Outcome, Recount, Scorecard, Settings, recount},
    states::with_states,
    text::TextWorld,
    voice::VoiceWorld,
};

fn voice(seed: u64) -> Vec<Event> {
    let world = VoiceWorld {
        seed,
        contacts: 600,
        ..VoiceWorld::default()
    };
    world.events()
}

fn newest(events: &[Event]) -> Timestamp {
    events.iter().map(|event| event.occurred_at).max().unwrap()
}

fn chaotic(seed: u64) -> Vec<Event> {
    chaos(seed, 2_000, VoiceWorld::default().start)
}

/// With agents' states, from 40 hours before on.
fn stated(seed: u64) -> Vec<Event> {
    with_states(&chaotic(seed), Span::from_secs(40 * 3_600), seed)
}

fn text(seed: u64) -> Vec<Event> {
    let world = TextWorld {
        seed,
        ..TextWorld::default()
    };
    world.events()
}

#[test]
fn a_seed_makes_one_world() {
    assert_eq!(voice(7), voice(7));
    assert_ne!(voice(7), voice(8));
    assert_eq!(text(7), text(7));
    assert_ne!(text(7), text(8));
    assert_eq!(chaotic(7), chaotic(7));
    assert_ne!(chaotic(7), chaotic(8));
    assert_eq!(stated(7), stated(7));
}

#[test]
fn events_come_in_order_and_no_two_share_an_id() {
    for events in [voice(1), chaotic(1), text(1), stated(1)] {
        assert!(events.is_sorted_by(|one, other| one.cmp_in_order(other).is_le()));
        let ids: BTreeSet<_> = events.iter().map(|event| (&event.key, &event.id)).collect();
        assert_eq!(ids.len(), events.len());
    }
}

#[test]
fn every_event_survives_its_line_and_its_json() {
    for event in voice(1).iter().chain(&stated(1)).chain(&text(1)) {
        assert_eq!(line::parse(&line::print(event)).as_ref(), Ok(event));
        let json = jsonl(event);
        assert_eq!(json.lines().count(), 1);
        assert_eq!(decode(json.as_bytes()), Ok(Decoded::Event(event.clone())));
    }
}

/// A world in which something never happens checks nothing of it.
#[test]
fn everything_happens_in_the_voice_world() {
    let events = VoiceWorld::default().events();
    let clock = newest(&events) + Span::from_secs(86_400);
    let counted = recount(&events, &Settings::default(), clock);
    let card = counted.card("all", None);
    let seen: BTreeMap<&str, u64> = BTreeMap::from([
        ("short", card.short_abandoned),
        ("abandoned", card.abandoned - card.short_abandoned),
        ("left", card.left),
        ("outbound", card.handled_outbound),
        ("attempts", card.outbound.answered),
        ("callbacks", card.callbacks.reached.n),
        ("transferred", card.transferred),
        ("incomplete", card.incomplete),
        ("held", card.aht.held),
        ("low", card.csat.low.num),
        (
            "unresolved by disposition",
            card.resolved_said.den - card.resolved_said.num,
        ),
        ("repeated", card.fcr.repeated),
        ("unresolved", card.fcr.unresolved),
        ("no customer", card.fcr_no_customer),
        ("refused", card.offer_miss.num),
        ("answered without a wait", card.handled - card.answered),
    ]);
    let never: Vec<_> = seen.iter().filter(|(_, times)| **times < 5).collect();
    assert!(never.is_empty(), "{never:?} of {card:#?}");
    for policy in ["voice answer", "voice accept"] {
        let sla = card.sla[policy];
        assert!(
            sla.met.min(sla.missed).min(sla.excluded) > 20,
            "{policy}: {sla:?}"
        );
    }
    let kinds: BTreeSet<u8> = events.iter().map(|event| event.body.rank()).collect();
    assert_eq!(kinds.len(), 11);
    let ties = events.windows(2).filter(|pair| match pair {
        [one, other] => one.occurred_at == other.occurred_at,
        _ => false,
    });
    assert!(ties.count() > 100);
    let micros = |event: &&Event| event.occurred_at.0 % 1_000 != 0;
    assert!(events.iter().filter(micros).count() > 1_000);
}

fn states_of<'a>(events: &'a [Event], key: &Key) -> Vec<(Timestamp, &'a AgentStateChanged)> {
    let theirs = events.iter().filter(|event| event.key == *key);
    theirs
        .filter_map(|event| {
            let Body::AgentStateChanged(state) = &event.body else {
                return None;
            };
            Some((event.occurred_at, state))
        })
        .collect()
}

#[test]
fn states_leave_contacts_alone_and_everything_happens_among_them() {
    let mut contacts = stated(1);
    contacts.retain(|event| event.contact().is_some());
    assert_eq!(contacts, chaotic(1));
    let (events, mut seen) = (stated(1), BTreeMap::<&str, usize>::new());
    let agents: BTreeSet<&Key> = (events.iter().map(|event| &event.key))
        .filter(|key| matches!(key, Key::Agent(_)))
        .collect();
    assert_eq!(agents.len(), 3);
    for key in agents {
        for pair in states_of(&events, key).windows(2) {
            let [(at, one), (next_at, next)] = pair else {
                continue;
            };
            let over_a_day = *next_at - *at >= Span::from_secs(86_400);
            for (what, happens) in [
                ("equal repeat", one == next),
                ("over a day", over_a_day),
                ("tie", at == next_at),
                ("other team", one.team != next.team),
                ("other site", one.site != next.site),
                ("no team", next.team.is_none()),
                ("reason", next.reason.is_some()),
                ("other skills", one.skills != next.skills),
            ] {
                *seen.entry(what).or_default() += usize::from(happens);
            }
        }
    }
    let never: Vec<_> = seen.iter().filter(|(_, times)| **times < 3).collect();
    assert!(never.is_empty(), "{never:?} of {seen:?}");
}

#[test]
fn any_order_and_any_repetition_end_the_same() {
    let ten_thousand = chaos(2, 10_000, VoiceWorld::default().start);
    for (seed, events) in [(1, voice(1)), (2, ten_thousand), (3, stated(3))] {
        let clock = newest(&events);
        let expected = recount(&events, &Settings::default(), clock);
        let doubled = contradict(&double(&events, 0.3, seed), 0.1, seed);
        let late = shuffle(&doubled, Span::from_secs(600), seed);
        let mixed = interleave(split(&late, 7), seed);
        assert_eq!(mixed.len(), doubled.len());
        assert_eq!(recount(&mixed, &Settings::default(), clock), expected);
    }
}

#[test]
fn nothing_arrives_later_than_the_bound() {
    let bound = Span::from_secs(600);
    let mut newest_so_far = Timestamp::MIN;
    let late = shuffle(&voice(1), bound, 1);
    assert_ne!(late, voice(1));
    for event in late {
        newest_so_far = newest_so_far.max(event.occurred_at);
        assert!(newest_so_far - event.occurred_at <= bound);
    }
}

/// The clock by which the world is over, and some within it.
fn clocks(events: &[Event]) -> impl Iterator<Item = Timestamp> {
    let (first, last) = (events[0].occurred_at, newest(events));
    let step = Span((last - first).0 / 9);
    (1..10)
        .map(move |number| first + Span(step.0 * number))
        .chain([last + Span::from_secs(172_800)])
}

#[test]
fn what_is_offered_is_answered_abandoned_left_stale_or_waits() {
    for events in [voice(4), chaotic(4), stated(4)] {
        for clock in clocks(&events) {
            let counted = recount(&events, &Settings::default(), clock);
            for ((entity, window), card) in &counted.cards {
                let Some(live) = card.live.filter(|_| window.is_none()) else {
                    continue;
                };
                let over = card.answered + card.abandoned + card.left + live.waiting;
                assert!(over <= card.offered, "{entity} at {clock}: {card:?}");
                let stale = card.offered - over;
                // Nobody waits a day in the voice world.
                let chaotic = |event: &Event| event.id.as_str().starts_with('x');
                assert!(stale == 0 || events.iter().any(chaotic));
            }
        }
    }
}

/// Adds one count up over the entities of a kind in a window.
fn sum(counted: &Recount, window: Option<Span>, kind: &str, part: fn(&Scorecard) -> u64) -> u64 {
    let ours = |entity: &str, within| entity.starts_with(kind) && within == window;
    let cards = counted.cards.iter();
    cards
        .filter(|((entity, within), _)| ours(entity, *within))
        .map(|(_, card)| part(card))
        .sum()
}

#[test]
fn the_parts_add_up_to_the_whole() {
    let waits: [fn(&Scorecard) -> u64; 4] = [
        |it| it.offered,
        |it| it.answered,
        |it| it.abandoned,
        |it| it.left,
    ];
    let agents: [fn(&Scorecard) -> u64; 5] = [
        |it| it.answered,
        |it| it.handled,
        |it| it.transferred,
        |it| it.offer_miss.den,
        |it| it.csat_response.den,
    ];
    let settings = Settings::default();
    for events in [voice(5), chaotic(5)] {
        for clock in clocks(&events) {
            let counted = recount(&events, &settings, clock);
            for window in settings.windows.iter().copied() {
                for part in waits {
                    let all = sum(&counted, window, "all", part);
                    assert_eq!(all, sum(&counted, window, "queue:", part));
                    assert_eq!(all, sum(&counted, window, "channel:", part));
                }
                for part in agents {
                    let all = sum(&counted, window, "all", part);
                    assert_eq!(all, sum(&counted, window, "agent:", part));
                }
            }
        }
    }
}

#[test]
fn the_time_of_agents_adds_up_to_the_whole() {
    let settings = Settings::default();
    let events = stated(7);
    for clock in clocks(&events) {
        let counted = recount(&events, &settings, clock);
        for window in settings.windows.iter().copied() {
            let occupancy = |entity: &str| counted.card(entity, window).occupancy;
            let all = occupancy("all").unwrap_or_default();
            let mut together = Occupancy::default();
            let agents = (counted.cards.keys())
                .filter(|(entity, within)| entity.starts_with("agent:") && *within == window);
            for (entity, _) in agents {
                let theirs = occupancy(entity).unwrap();
                together.occupied = together.occupied + theirs.occupied;
                together.available = together.available + theirs.available;
                for (reason, time) in theirs.away {
                    let away = together.away.entry(reason).or_default();
                    *away = *away + time;
                }
            }
            assert_eq!(together, all, "{window:?} at {clock}");
            for kind in ["team:", "site:"] {
                let handled = sum(&counted, window, kind, |it| it.handled);
                assert!(handled <= counted.card("all", window).handled, "{kind}");
            }
        }
    }
}

#[test]
fn obligations_are_decided_once_and_never_changed_by_what_comes_after_due() {
    let key = |it: &Obligation| {
        (
            it.contact.clone(),
            it.policy.clone(),
            it.opened_at,
            it.agent.clone(),
        )
    };
    let events = voice(6);
    let mut misses_before = BTreeSet::new();
    for clock in clocks(&events) {
        let counted = recount(&events, &Settings::default(), clock);
        let mut misses = BTreeSet::new();
        for it in &counted.obligations {
            assert_eq!(it.outcome == Outcome::Open, it.decided_at.is_none());
            assert!(
                it.decided_at
                    .is_none_or(|at| it.opened_at <= at && at <= it.due_at)
            );
            assert!(it.outcome != Outcome::Open || clock < it.due_at);
            if it.outcome == Outcome::Missed && it.decided_at == Some(it.due_at) {
                misses.insert(key(it));
            }
        }
        assert!(misses.is_superset(&misses_before));
        misses_before = misses;
    }
}
