//! What agents and customers do in the simulated contact center, and what becomes of it when things go wrong.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks at the kinds that it is about"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use floorwalker_core::event::{
    AgentState, Author, Body, Channel, Event, Key, LeftWhy, Span, Timestamp, TransferTarget,
};
use floorwalker_simulator::{
    Incident, IncidentKind, Truth, World, WorldSettings, default_incidents,
};

use crate::world::{HOUR, events};

/// Eight hours of 250 agents without incidents or faults, and what was true.
static SHIFT: LazyLock<(Vec<Event>, Vec<Truth>)> = LazyLock::new(|| {
    let mut world = World::new(WorldSettings::new(250, Span(8 * HOUR.0)), 3);
    let events = (&mut world).filter_map(|delivery| delivery.event).collect();
    (events, world.take_truth())
});

#[test]
fn nobody_has_more_contacts_at_once_than_their_desk_allows() {
    let mut open: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut most: BTreeMap<Channel, usize> = BTreeMap::new();
    let mut busiest = 0;
    for event in &SHIFT.0 {
        let contact = event.key.as_str();
        match &event.body {
            Body::AgentAnswered(at) => {
                let contacts = open.entry(at.agent.as_str()).or_default();
                contacts.insert(contact);
                let channel = Channel::from_name(contact.split('-').next().unwrap()).unwrap();
                let most = most.entry(channel).or_default();
                *most = contacts.len().max(*most);
                busiest = busiest.max(*most);
            }
            Body::Transferred(it) => _ = open.get_mut(it.agent.as_str()).unwrap().remove(contact),
            Body::ContactEnded(..) => {
                open.values_mut()
                    .for_each(|contacts| _ = contacts.remove(contact));
            }
            _ => {}
        }
    }
    assert_eq!((most[&Channel::Voice], most[&Channel::Email]), (1, 1));
    assert_eq!((most[&Channel::Chat], busiest), (3, 3));
}

#[test]
fn agents_send_their_states_and_only_available_ones_get_offers() {
    let mut states: BTreeMap<&str, AgentState> = BTreeMap::new();
    let mut reasons = BTreeSet::new();
    let mut asked = 0;
    for event in &SHIFT.0 {
        match (&event.key, &event.body) {
            (Key::Agent(agent), Body::AgentStateChanged(it)) => {
                assert!(it.team.is_some() && it.site.is_some() && !it.skills.is_empty());
                states.insert(agent.as_str(), it.state);
                reasons.extend(it.reason.as_deref());
            }
            (_, Body::AgentOffered(at)) => {
                let state = states[at.agent.as_str()];
                assert!(
                    [AgentState::Offered, AgentState::Engaged].contains(&state),
                    "{} is {state:?} at {}",
                    at.agent,
                    event.occurred_at
                );
                asked += 1;
            }
            _ => {}
        }
    }
    assert!(asked > 5_000);
    assert_eq!(reasons, BTreeSet::from(["break", "lunch", "missed_ring"]));
}

#[test]
fn written_channels_have_bots_turns_notes_moods_and_five_languages() {
    let (mut texts, mut authors, mut sentiments) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let (mut notes, mut channels) = (0, BTreeSet::new());
    for event in &SHIFT.0 {
        if let Body::MessageSent(message) = &event.body {
            texts.insert(message.text.as_deref().unwrap());
            authors.insert(message.by.name());
            sentiments.extend(message.sentiment);
            notes += usize::from(!message.public);
            channels.insert(event.key.as_str().split('-').next().unwrap());
        }
    }
    assert_eq!(authors, BTreeSet::from(["agent", "bot", "customer"]));
    let written = ["chat", "email", "messaging", "sms", "social"];
    assert_eq!(channels, BTreeSet::from(written));
    assert!(notes > 100);
    for greeting in ["Thanks", "Gracias", "Tack", "Terima kasih", "谢谢"] {
        assert!(
            texts.iter().any(|text| text.contains(greeting)),
            "{greeting}"
        );
    }
    let below = sentiments.iter().filter(|it| **it < -0.25).count() as f64;
    let above = sentiments.iter().filter(|it| **it > 0.25).count() as f64;
    let all = sentiments.len() as f64;
    assert!(
        below > 0.08 * all && above > 0.08 * all,
        "{below} {above} {all}"
    );
}

#[test]
fn all_ways_of_a_call_are_gone() {
    let absent = IncidentKind::AgentsAbsent {
        share: 0.6,
        desk: None,
    };
    let few_agents = with_incident(absent, 6);
    let ways: BTreeSet<&str> = (SHIFT.0.iter().chain(&few_agents))
        .filter_map(|event| match &event.body {
            Body::Transferred(it) => Some(match it.to.as_ref().unwrap() {
                TransferTarget::Queue(_) => "to a queue",
                TransferTarget::Agent(_) => "to a colleague",
                TransferTarget::External(_) => "outside",
            }),
            Body::ContactLeftQueue(LeftWhy::Callback) => Some("called back"),
            Body::ContactLeftQueue(LeftWhy::Overflow) => Some("overflow"),
            Body::OfferDeclined(..) => Some("missed"),
            Body::HoldStarted(_) => Some("held"),
            Body::ContactReopened(_) => Some("reopened"),
            Body::ContactResolved(_) => Some("resolved"),
            Body::SurveyAnswered(_, None) => Some("rated"),
            Body::SurveyAnswered(_, Some(_)) => Some("commented"),
            Body::EngagementReported(_) => Some("reported"),
            _ => None,
        })
        .collect();
    assert_eq!(ways.len(), 12, "{ways:?}");
}

/// What is known of a contact with a survey.
#[derive(Debug, Default, Clone, Copy)]
struct Rated {
    score: Option<f64>,
    /// A call or a chat, for which a minute is long.
    live: bool,
    waited: f64,
    transfers: u32,
    mood: f64,
    solved: Option<bool>,
}

fn rated(events: &[Event]) -> Vec<Rated> {
    let mut by_contact: BTreeMap<&str, (Rated, Timestamp)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.contact().is_some()) {
        let (rated, queued_at) = by_contact
            .entry(event.key.as_str())
            .or_insert((Rated::default(), event.occurred_at));
        rated.live = ["voice", "chat"]
            .iter()
            .any(|it| event.key.as_str().starts_with(it));
        match &event.body {
            Body::ContactQueued(_) => *queued_at = event.occurred_at,
            Body::AgentAnswered(_) => rated.waited += (event.occurred_at - *queued_at).as_secs(),
            Body::Transferred(_) => rated.transfers += 1,
            Body::MessageSent(it) if it.by == Author::Customer => {
                rated.mood = it.sentiment.unwrap_or_default();
            }
            Body::WrapUpEnded(it) => rated.solved = it.resolved.or(rated.solved),
            Body::SurveyAnswered(survey, _) => rated.score = Some(survey.normalised()),
            _ => {}
        }
    }
    let contacts = by_contact.into_values().map(|(rated, _)| rated);
    contacts.filter(|rated| rated.score.is_some()).collect()
}

/// Mean scores of those with and without it, which must lie apart by more than chance.
fn lowers(rated: &[Rated], what: &str, has: impl Fn(&Rated) -> bool) {
    let (with, without): (Vec<Rated>, Vec<Rated>) = rated.iter().partition(|it| has(it));
    let mean_and_error = |group: &[Rated]| {
        let n = group.len() as f64;
        let scores = || group.iter().filter_map(|it| it.score);
        let mean = scores().sum::<f64>() / n;
        let variance = scores().map(|it| (it - mean).powi(2)).sum::<f64>() / n;
        (mean, variance / n)
    };
    let ((low, low_error), (high, high_error)) = (mean_and_error(&with), mean_and_error(&without));
    let error = (low_error + high_error).sqrt();
    assert!(
        high - low > 3.0 * error,
        "{what}: {low} against {high}, ± {error}"
    );
}

#[test]
fn ratings_depend_on_wait_transfers_outcome_and_tone() {
    // On a quiet day hardly anybody waits for long.
    let mut settings = WorldSettings::new(250, Span(8 * HOUR.0));
    settings.incidents = default_incidents(settings.length);
    let rated = rated(&events(settings, 3));
    assert!(rated.len() > 1_500, "{}", rated.len());
    let live: Vec<Rated> = rated.iter().filter(|it| it.live).copied().collect();
    lowers(&live, "wait", |it| it.waited > 60.0);
    lowers(&rated, "transfer", |it| it.transfers > 0);
    lowers(&rated, "unsolved", |it| it.solved == Some(false));
    lowers(&rated, "tone", |it| it.mood < 0.0);
}

#[test]
fn who_was_not_helped_comes_again_with_the_same_problem() {
    let mut reasons: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut customers: BTreeMap<&str, &str> = BTreeMap::new();
    for event in &SHIFT.0 {
        if let Some(customer) = &event.customer {
            customers.insert(event.key.as_str(), customer.as_str());
        }
        if let Body::ContactQueued(queued) = &event.body
            && let Some(reason) = queued.reason.as_deref()
            && let Some(customer) = customers.get(event.key.as_str())
        {
            reasons
                .entry(customer)
                .or_default()
                .push((event.key.as_str(), reason));
        }
    }
    let (mut unsolved, mut again) = (0, 0);
    for truth in &SHIFT.1 {
        if let Truth::Unsolved {
            contact_id,
            customer_id: Some(customer),
            reason,
            comes_back,
            ..
        } = truth
        {
            let theirs = reasons
                .get(customer.as_str())
                .map_or(&[][..], Vec::as_slice);
            let others = theirs
                .iter()
                .filter(|(id, why)| id != contact_id && why == reason);
            unsolved += usize::from(*comes_back);
            again += usize::from(*comes_back && others.count() > 0);
        }
    }
    assert!(unsolved > 500);
    assert!(
        again * 10 > unsolved * 6,
        "{again} of {unsolved} came again"
    );
}

#[test]
fn low_ratings_follow_the_simulated_truth() {
    let low: BTreeSet<&str> = (SHIFT.0.iter())
        .filter(|event| matches!(&event.body, Body::SurveyAnswered(it, _) if it.normalised() < 0.5))
        .map(|event| event.key.as_str())
        .collect();
    let notified: BTreeSet<&str> = (SHIFT.1.iter())
        .filter_map(|truth| match truth {
            Truth::Rating {
                contact_id,
                asked: true,
                score,
                ..
            } => (*score < 3.0).then_some(contact_id.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        low.len() > 50 && low.is_subset(&notified),
        "{} of {}",
        low.len(),
        notified.len()
    );
}

fn with_incident(kind: IncidentKind, seed: u64) -> Vec<Event> {
    let mut settings = WorldSettings::new(150, Span(3 * HOUR.0));
    settings.incidents = vec![Incident {
        kind,
        begins: HOUR,
        lasts: HOUR,
    }];
    let mut world = World::new(settings, seed);
    let events = (&mut world).filter_map(|delivery| delivery.event).collect();
    assert!(
        matches!(world.take_truth().iter().find(|it| matches!(it, Truth::Incident { .. })),
        Some(Truth::Incident { begins_at, ends_at, .. }) if *ends_at - *begins_at == HOUR)
    );
    events
}

/// How often it happens while the incident lasts, as a share of how often without it.
fn change(kind: IncidentKind, counts: impl Fn(&Event) -> f64) -> f64 {
    let start = WorldSettings::new(1, HOUR).start;
    let (from, to) = (start + HOUR, start + Span(2 * HOUR.0));
    let sum = |events: &[Event]| -> f64 {
        let during = events
            .iter()
            .filter(|it| (from..to).contains(&it.occurred_at));
        during.map(&counts).sum()
    };
    let mut quiet = WorldSettings::new(150, Span(3 * HOUR.0));
    quiet.incidents = Vec::new();
    sum(&with_incident(kind, 8)) / sum(&events(quiet, 8))
}

fn queued_in<'a>(queue: &'a str) -> impl Fn(&Event) -> f64 + 'a {
    move |event| match &event.body {
        Body::ContactQueued(it) => {
            f64::from(it.queue.as_ref().is_some_and(|it| it.as_str() == queue))
        }
        _ => 0.0,
    }
}

#[test]
fn incidents_can_be_seen() {
    let surge = IncidentKind::Surge {
        factor: 3.0,
        queue: Some("claims".to_owned()),
    };
    assert!((2.0..5.0).contains(&change(surge, queued_in("claims"))));
    assert!((1.4..4.0).contains(&change(IncidentKind::BadRelease, queued_in("tech"))));
    let absent = IncidentKind::AgentsAbsent {
        share: 0.5,
        desk: Some("voice".to_owned()),
    };
    let available = |event: &Event| match &event.body {
        Body::AgentStateChanged(it) => f64::from(it.reason.as_deref() == Some("absent")),
        _ => 0.0,
    };
    assert!(change(absent, available).is_infinite(), "only then");
    let answered = |event: &Event| f64::from(matches!(event.body, Body::AgentAnswered(_)));
    assert!(change(IncidentKind::SlowTool { factor: 2.0 }, answered) < 0.85);
}

/// Mean seconds from these agents' answers to the ends of their wrap-ups, and the share of their calls that they hand on.
fn work_of(agents: &BTreeSet<String>, events: &[Event]) -> (f64, f64) {
    let mut answered_at = BTreeMap::new();
    let (mut handles, mut handed_on) = (Vec::new(), 0.0);
    for event in events
        .iter()
        .filter(|event| event.key.as_str().starts_with("voice"))
    {
        match &event.body {
            Body::AgentAnswered(it) if agents.contains(it.agent.as_str()) => {
                answered_at.insert((&event.key, it.agent.as_str()), event.occurred_at);
            }
            Body::WrapUpEnded(it) => {
                let begun = answered_at.remove(&(&event.key, it.agent.as_str()));
                handles.extend(begun.map(|at| (event.occurred_at - at).as_secs()));
            }
            Body::Transferred(it) if agents.contains(it.agent.as_str()) => handed_on += 1.0,
            _ => {}
        }
    }
    let n = handles.len() as f64;
    (handles.iter().sum::<f64>() / n, handed_on / n)
}

#[test]
fn struggling_agents_are_slow_and_hand_on() {
    let mut settings = WorldSettings::new(120, Span(3 * HOUR.0));
    let quiet = events(settings.clone(), 9);
    let agents: BTreeSet<String> = (quiet.iter())
        .filter_map(|event| match &event.body {
            Body::AgentAnswered(it) if event.key.as_str().starts_with("voice") => {
                Some(it.agent.as_str().to_owned())
            }
            _ => None,
        })
        .take(60)
        .collect();
    let struggles = |agent: &String| Incident {
        kind: IncidentKind::StrugglingAgent {
            agent: Some(agent.clone()),
        },
        begins: Span::ZERO,
        lasts: settings.length,
    };
    settings.incidents = agents.iter().map(struggles).collect();
    let (usual, usually_handed_on) = work_of(&agents, &quiet);
    let (slow, handed_on) = work_of(&agents, &events(settings, 9));
    assert!((1.3..2.1).contains(&(slow / usual)), "{usual} {slow}");
    assert!(
        handed_on > 1.8 * usually_handed_on,
        "{usually_handed_on} {handed_on}"
    );
}
