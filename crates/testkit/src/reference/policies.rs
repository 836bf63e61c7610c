//! Applies each policy to the waits, offers and moments of a contact.

use super::{
    Measure, Policy, Settings,
    obligation::{Obligation, Outcome},
    parts::{Offer, OfferEnd, Parts, Wait, WaitEnd},
    response,
};
use floorwalker_core::event::{AgentId, Timestamp};

/// Returns the obligations of a contact, policy by policy.
pub(super) fn of_contact(parts: &Parts, settings: &Settings, clock: Timestamp) -> Vec<Obligation> {
    let mut obligations = Vec::new();
    for policy in &settings.policies {
        if policy
            .channel
            .is_some_and(|channel| channel != parts.channel)
        {
            continue;
        }
        let made: Vec<Obligation> = match policy.measure {
            Measure::Answer => (parts.waits.iter())
                .filter(|wait| policy.covers(Some(&wait.queue)))
                .map(|wait| of_wait(parts, wait, policy, settings, clock))
                .collect(),
            Measure::FirstResponse | Measure::NextResponse | Measure::Resolution => {
                response::of_contact(parts, policy, settings, clock)
            }
            Measure::Accept => (parts.offers.iter())
                .filter(|offer| policy.covers(offer.queue.as_ref()))
                .map(|offer| of_offer(parts, offer, policy, (settings, clock)))
                .collect(),
        };
        let opened_by_it = |it: &Obligation| policy.is_in_force(it.opened_at);
        obligations.extend(made.into_iter().filter(opened_by_it));
    }
    obligations
}

/// Returns the obligation that a wait makes under an answer policy.
pub(super) fn of_wait(
    parts: &Parts,
    wait: &Wait,
    policy: &Policy,
    settings: &Settings,
    clock: Timestamp,
) -> Obligation {
    let end = wait.end.as_ref().map(|(at, end)| {
        let waited = *at - wait.queued_at;
        (*at, policy.outcome_of(end, waited, settings.short_abandon))
    });
    let mut obligation = policy.obligation(parts, wait.queued_at, end, (settings, clock));
    obligation.queue = Some(wait.queue.clone());
    if obligation.outcome == Outcome::Met {
        obligation.agent = wait.answered_by().cloned();
    }
    obligation
}

fn of_offer(
    parts: &Parts,
    offer: &Offer,
    policy: &Policy,
    (settings, clock): (&Settings, Timestamp),
) -> Obligation {
    let end = offer.end.map(|(at, end)| {
        let outcome = match end {
            OfferEnd::Answered => Outcome::Met,
            OfferEnd::Declined | OfferEnd::Missed => Outcome::Missed,
            OfferEnd::Withdrawn => Outcome::Excluded,
        };
        (at, outcome)
    });
    let mut obligation = policy.obligation(parts, offer.offered_at, end, (settings, clock));
    obligation.queue.clone_from(&offer.queue);
    obligation.agent = Some(offer.agent.clone());
    obligation
}

impl Wait {
    pub(super) fn answered_by(&self) -> Option<&AgentId> {
        let (_, WaitEnd::Answered(agent)) = self.end.as_ref()? else {
            return None;
        };
        Some(agent)
    }
}
