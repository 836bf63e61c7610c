//! Faults of a network: events come late, twice, in conflict or by partition. None of them changes what counts.

use std::collections::VecDeque;

use super::random::Random;
use floorwalker_core::event::{
    AgentState, AgentStateChanged, AlertAcknowledged, Body, DeclineCause, EndedBy,
    EngagementReported, Event, LeftWhy, MessageSent, Span, Survey, Text,
};

/// Returns the events in another order, each delayed by up to `lateness`: none arrives further than that behind the newest before it.
#[must_use]
pub fn shuffle(events: &[Event], lateness: Span, seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut arrivals: Vec<_> = (events.iter())
        .map(|event| {
            (
                event.occurred_at + random.up_to(lateness),
                random.bits(),
                event,
            )
        })
        .collect();
    arrivals.sort_by_key(|(at, tie, _)| (*at, *tie));
    (arrivals.into_iter())
        .map(|(.., event)| event.clone())
        .collect()
}

/// Repeats a share of the events unchanged, up to a few dozen events later.
#[must_use]
pub fn double(events: &[Event], share: f64, seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut waiting: VecDeque<Event> = VecDeque::new();
    let mut doubled = Vec::with_capacity(events.len() * 2);
    for event in events {
        doubled.push(event.clone());
        if random.chance(share) {
            waiting.push_back(event.clone());
        }
        if random.chance(share.max(0.05)) {
            doubled.extend(waiting.pop_front());
        }
    }
    doubled.extend(waiting);
    doubled
}

/// Adds to a share of the events a copy with the same id, other content and a later time: the original counts.
#[must_use]
pub fn contradict(events: &[Event], share: f64, seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut contradicted = Vec::with_capacity(events.len());
    for event in events {
        contradicted.push(event.clone());
        if random.chance(share) {
            let later = Span(1) + random.up_to(Span::from_secs(5));
            contradicted.push(Event {
                occurred_at: event.occurred_at + later,
                body: other_than(&event.body),
                ..event.clone()
            });
        }
    }
    contradicted
}

/// Another body, one that would change the numbers if it counted.
fn other_than(body: &Body) -> Body {
    match body {
        Body::ContactEnded(EndedBy::Customer, _) => Body::ContactEnded(EndedBy::System, None),
        Body::MessageSent(message) => Body::MessageSent(MessageSent {
            public: !message.public,
            ..message.clone()
        }),
        Body::EngagementReported(report) => Body::EngagementReported(EngagementReported {
            talk: Some(Span::from_secs(999)),
            ..report.clone()
        }),
        Body::ContactResolved(agent) => Body::ContactReopened(agent.clone()),
        Body::ContactReopened(agent) => Body::ContactResolved(agent.clone()),
        Body::AgentStateChanged(state) => Body::AgentStateChanged(AgentStateChanged {
            state: AgentState::Offline,
            ..state.clone()
        }),
        Body::AlertAcknowledged(_) => Body::AlertAcknowledged(AlertAcknowledged {
            by: Text::new("nobody"),
            note: None,
        }),
        Body::OfferDeclined(agent, DeclineCause::Missed | DeclineCause::Declined) => {
            Body::OfferDeclined(agent.clone(), DeclineCause::Withdrawn)
        }
        Body::SurveyAnswered(survey, _) => {
            let score = survey.scale_min;
            Body::SurveyAnswered(Survey { score, ..*survey }, None)
        }
        Body::ContactPaused(reason) => Body::ContactContinued(reason.clone()),
        Body::ContactContinued(reason) => Body::ContactPaused(reason.clone()),
        Body::ContactQueued(_) => Body::ContactLeftQueue(LeftWhy::Other),
        Body::Transferred(_)
        | Body::ContactLeftQueue(_)
        | Body::AgentOffered(_)
        | Body::OfferDeclined(..)
        | Body::AgentAnswered(_)
        | Body::AgentLeft(_)
        | Body::HoldStarted(_)
        | Body::HoldEnded(_)
        | Body::ContactEnded(..)
        | Body::WrapUpEnded(_) => Body::ContactEnded(EndedBy::Customer, None),
    }
}

/// Splits the events into partitions by key, each in its order.
#[must_use]
pub fn split(events: &[Event], partitions: usize) -> Vec<Vec<Event>> {
    let mut split = vec![Vec::new(); partitions];
    for event in events {
        // FNV-1a: any fixed hash will do.
        let hash = event
            .key
            .as_str()
            .bytes()
            .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
            });
        let partition = usize::try_from(hash % partitions as u64).unwrap_or(0);
        split[partition].push(event.clone());
    }
    split
}

/// Reads partitions in turns of random length, each in its order.
#[must_use]
pub fn interleave(partitions: Vec<Vec<Event>>, seed: u64) -> Vec<Event> {
    let mut random = Random::new(seed);
    let mut rest: Vec<VecDeque<Event>> = partitions.into_iter().map(VecDeque::from).collect();
    let mut read = Vec::new();
    loop {
        rest.retain(|partition| !partition.is_empty());
        if rest.is_empty() {
            return read;
        }
        let index = random.below(rest.len());
        let turn = (1 + random.below(20)).min(rest[index].len());
        read.extend(rest[index].drain(..turn));
    }
}
