//! The simulator's incidents: each changes what it is about, and the drawn ones differ from seed to seed.

use std::collections::{BTreeMap, BTreeSet};

use floorwalker_core::event::{Body, LeftWhy, Span, Timestamp};
use floorwalker_simulator::{
    Delivery, Incident, IncidentKind, Truth, World, WorldSettings, drawn_incidents,
};

const HOUR: Span = Span::from_secs(3_600);
const BILLING: &str = "billing";

/// The deliveries of three hours in the second of which the incident lasts, and the agents whom it strikes.
fn world(kind: Option<IncidentKind>) -> (Vec<Delivery>, BTreeSet<String>) {
    let mut settings = WorldSettings::new(150, Span(3 * HOUR.0));
    settings.incidents = (kind.into_iter())
        .map(|kind| Incident {
            kind,
            begins: HOUR,
            lasts: HOUR,
        })
        .collect();
    let mut world = World::new(settings, 8);
    let deliveries = world.by_ref().collect();
    let mut struck = BTreeSet::new();
    for truth in world.take_truth() {
        if let Truth::Incident { agents, .. } = truth {
            struck.extend(agents);
        }
    }
    (deliveries, struck)
}

fn second_hour() -> std::ops::Range<Timestamp> {
    let start = WorldSettings::new(1, HOUR).start;
    start + HOUR..start + Span(2 * HOUR.0)
}

/// How many events of the second hour it holds for.
fn count(deliveries: &[Delivery], holds: impl Fn(&Body) -> bool) -> usize {
    let events = deliveries.iter().filter_map(|it| it.event.as_ref());
    let during = events.filter(|event| second_hour().contains(&event.occurred_at));
    during.filter(|event| holds(&event.body)).count()
}

/// Whether it is a step of a wait in billing that a caller ends.
fn abandoned_in_billing(deliveries: &[Delivery]) -> usize {
    let mut queue_by_contact = BTreeMap::new();
    let mut abandoned = 0;
    for event in deliveries.iter().filter_map(|it| it.event.as_ref()) {
        let contact = event.key.as_str();
        if let Body::ContactQueued(it) = &event.body {
            let queue = it.queue.as_ref().map(|queue| queue.as_str().to_owned());
            queue_by_contact.insert(contact, queue);
        } else if matches!(event.body, Body::AgentAnswered(_)) {
            queue_by_contact.remove(contact);
        } else if matches!(event.body, Body::ContactEnded(..)) {
            let queue = queue_by_contact.remove(contact).flatten();
            let here = queue.as_deref() == Some(BILLING);
            let now = second_hour().contains(&event.occurred_at);
            abandoned += usize::from(here && now);
        }
    }
    abandoned
}

#[test]
fn an_abandonment_wave_is_of_its_queue() {
    let wave = IncidentKind::AbandonmentWave {
        factor: 0.1,
        queue: Some(BILLING.to_owned()),
    };
    let (usual, struck) = (world(None).0, world(Some(wave)).0);
    let (before, during) = (abandoned_in_billing(&usual), abandoned_in_billing(&struck));
    assert!(during > 3 * before.max(5), "{before} {during}");
}

#[test]
fn in_a_callback_storm_most_callers_leave_their_number() {
    let storm = IncidentKind::CallbackStorm {
        share: 0.7,
        queue: Some(BILLING.to_owned()),
    };
    let left = |body: &Body| matches!(body, Body::ContactLeftQueue(LeftWhy::Callback));
    let (usual, struck) = (world(None).0, world(Some(storm)).0);
    let (before, during) = (count(&usual, left), count(&struck, left));
    assert!(during > 60 && during > 10 * before, "{before} {during}");
}

/// How often the struck agent does it in the second hour, struck and as usual.
fn of_agent(kind: IncidentKind, does: impl Fn(&Body, &str) -> bool) -> (usize, usize) {
    let (struck, agents) = world(Some(kind));
    let agent = agents.first().expect("an agent").clone();
    let (usual, _) = world(None);
    let does = |body: &Body| does(body, &agent);
    (count(&struck, does), count(&usual, does))
}

fn answers(body: &Body, agent: &str) -> bool {
    matches!(body, Body::AgentAnswered(it) if it.agent.as_str() == agent)
}

#[test]
fn who_games_handle_times_takes_more_and_who_gets_slower_takes_fewer() {
    let (gaming, usual) = of_agent(IncidentKind::GamingAgent { agent: None }, answers);
    assert!(gaming > usual, "{gaming} {usual}");
    let drift = IncidentKind::SlowDrift {
        factor: 6.0,
        agent: None,
    };
    let (slow, as_usual) = of_agent(drift, answers);
    assert!(slow < as_usual, "{slow} {as_usual}");
}

#[test]
fn who_burns_out_takes_contacts_without_a_pause() {
    let burns_out = || IncidentKind::BurnedOutAgent { agent: None };
    let (burned, usual) = of_agent(burns_out(), answers);
    assert!(burned >= usual, "{burned} {usual}");
    let (deliveries, agents) = world(Some(burns_out()));
    let rests = deliveries.iter().filter_map(|it| it.event.as_ref()).filter(|event| {
        let is_struck = agents.contains(event.key.as_str());
        is_struck
            && second_hour().contains(&event.occurred_at)
            && matches!(&event.body, Body::AgentStateChanged(it) if it.reason.as_deref() == Some("break"))
    });
    assert_eq!(rests.count(), 0);
}

#[test]
fn an_outage_holds_what_happens_until_its_end_and_a_lag_delays_it() {
    let desk = || Some("voice".to_owned());
    let of_voice = |it: &&Delivery| it.key.starts_with("voice-");
    let outage = world(Some(IncidentKind::AcdOutage { desk: desk() })).0;
    let arrive_in = |deliveries: &[Delivery]| {
        let during = deliveries.iter().filter(of_voice);
        during.filter(|it| second_hour().contains(&it.at)).count()
    };
    assert_eq!(arrive_in(&outage), 0);
    let at_the_end = outage.iter().filter(of_voice);
    let at_the_end = at_the_end.filter(|it| it.at == second_hour().end).count();
    assert!(at_the_end > 1_000, "{at_the_end}");
    assert!(arrive_in(&world(None).0) > 1_000);

    let by = Span::from_secs(200);
    let lags = world(Some(IncidentKind::FeedLags { by, desk: desk() })).0;
    let delay = |it: &Delivery| it.at - it.event.as_ref().map_or(it.at, |it| it.occurred_at);
    for delivery in lags.iter().filter(of_voice) {
        let occurred_at = delivery.at - delay(delivery);
        let late = if second_hour().contains(&occurred_at) {
            by
        } else {
            Span::ZERO
        };
        assert_eq!(delay(delivery), late, "{delivery:?}");
    }
}

#[test]
fn a_feed_that_doubles_says_everything_twice() {
    let doubles = world(Some(IncidentKind::FeedDoubles { desk: None })).0;
    let all = |_: &Body| true;
    let (twice, once) = (count(&doubles, all), count(&world(None).0, all));
    // A few of an instant beyond the hour were sent within it.
    assert!(twice.abs_diff(2 * once) < once / 100, "{twice} {once}");
}

#[test]
fn drawn_incidents_are_of_the_seed_and_of_all_kinds() {
    let settings = WorldSettings::new(200, Span(8 * HOUR.0));
    assert_eq!(drawn_incidents(&settings, 1), drawn_incidents(&settings, 1));
    assert_ne!(drawn_incidents(&settings, 1), drawn_incidents(&settings, 2));
    let drawn: Vec<Incident> = (0..30)
        .flat_map(|seed| drawn_incidents(&settings, seed))
        .collect();
    assert_eq!(drawn.len(), 30 * 7);
    let kinds: BTreeSet<&str> = drawn.iter().map(|it| it.kind.name()).collect();
    assert_eq!(kinds, IncidentKind::NAMES.into());
    for day in (0..30).map(|seed| drawn_incidents(&settings, seed)) {
        let mut of_queues = day
            .iter()
            .filter(|it| !it.kind.queues(&settings).is_empty());
        let is_of_feed = |it: &&Incident| {
            let name = it.kind.name();
            name.starts_with("feed") || name == "acd_outage"
        };
        let mut last_end = Span::ZERO;
        for incident in of_queues.by_ref().filter(|it| !is_of_feed(it)) {
            assert!(incident.begins >= last_end, "{day:?}");
            last_end = incident.begins + incident.lasts;
        }
    }
}
