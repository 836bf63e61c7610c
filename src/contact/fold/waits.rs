//! Waits and offers, and the obligations that both make.

use super::Fold;
use crate::{
    contact::{
        ContactSettings, Measure,
        parts::{
            Closed, Closing, Decision, Episode, EpisodeEnd, EpisodeOutcome, Obligation, Offer,
            OfferEnd, OfferOutcome, Owed, Verdict,
        },
    },
    event::{AgentId, AtAgent, ContactQueued, Direction, QueueId, Timestamp},
};

impl Fold {
    /// Index of the wait that is open.
    pub(super) fn waiting(&self) -> Option<usize> {
        self.episodes
            .last()
            .filter(|episode| episode.ended.is_none())
            .map(|_| self.episodes.len() - 1)
    }

    pub(super) fn queue(
        &mut self,
        at: Timestamp,
        queued: &ContactQueued,
        settings: &ContactSettings,
    ) {
        let direction = queued.direction.unwrap_or(self.attributes.direction());
        self.set_direction(queued.leg.as_ref(), direction);
        self.over_since = None;
        let first = !std::mem::replace(&mut self.queued_before, true);
        let (Direction::Inbound, Some(queue)) = (direction, &queued.queue) else {
            return;
        };
        let goes_on = |open: usize| self.episodes[open].queue == *queue;
        if self.waiting().is_some_and(goes_on) {
            return;
        }
        self.end_wait(at, EpisodeOutcome::Left, None, settings);
        self.open_episode(at, queue, settings);
        let early_answer = (first && !self.transferred_before)
            .then(|| self.last_answer_in(queue))
            .flatten();
        if let Some(agent) = early_answer {
            self.clock_skews += 1;
            self.end_wait(at, EpisodeOutcome::Answered, Some(&agent), settings);
        }
    }

    pub(super) fn last_answer_in(&self, queue: &QueueId) -> Option<AgentId> {
        (self.engagements.iter())
            .rfind(|engagement| engagement.queue.as_ref() == Some(queue))
            .map(|engagement| engagement.agent.clone())
    }

    pub(super) fn open_episode(
        &mut self,
        at: Timestamp,
        queue: &QueueId,
        settings: &ContactSettings,
    ) {
        self.episodes.push(Episode {
            queue: queue.clone(),
            opened_at: at,
            ended: None,
        });
        let owed = Owed::Answer(index(self.episodes.len() - 1));
        self.oblige(at, owed, Some(queue), settings);
    }

    pub(super) fn end_wait(
        &mut self,
        at: Timestamp,
        outcome: EpisodeOutcome,
        agent: Option<&AgentId>,
        settings: &ContactSettings,
    ) {
        let Some(open) = self.waiting() else { return };
        let wait = at - self.episodes[open].opened_at;
        self.episodes[open].ended = Some(EpisodeEnd {
            at,
            outcome,
            short: outcome == EpisodeOutcome::Abandoned && wait < settings.short_abandon,
            agent: agent.cloned(),
        });
        self.close(Owed::Answer(index(open)), |obligation| {
            let verdict = settings.verdict_of_wait(obligation.policy, outcome, wait);
            (at, verdict, closed_by(outcome), agent.cloned())
        });
        self.end_offers(at, None, OfferOutcome::Withdrawn);
    }

    pub(super) fn offer(&mut self, at: Timestamp, offered: &AtAgent, settings: &ContactSettings) {
        let rings_already =
            (self.offers.iter()).any(|offer| offer.ended.is_none() && offer.agent == offered.agent);
        if rings_already || self.direction_of(offered.leg.as_ref()) != Direction::Inbound {
            return;
        }
        let queue = (offered.queue.as_ref())
            .or(self.last_queue.as_ref())
            .or(self.attributes.first_queue.as_ref())
            .cloned();
        self.offers.push(Offer {
            agent: offered.agent.clone(),
            queue: queue.clone(),
            opened_at: at,
            ended: None,
        });
        let owed = Owed::Accept(index(self.offers.len() - 1));
        self.oblige(at, owed, queue.as_ref(), settings);
    }

    /// What had no queue when it was sealed has the first that was named after.
    pub(in crate::contact) fn name_queues(&mut self) {
        let first = &self.attributes.first_queue;
        for obligation in &mut self.obligations {
            obligation.queue = obligation.queue.take().or_else(|| first.clone());
        }
        for offer in &mut self.offers {
            offer.queue = offer.queue.take().or_else(|| first.clone());
        }
    }

    /// Ends the open offers of `agent`, or all.
    pub(super) fn end_offers(
        &mut self,
        at: Timestamp,
        agent: Option<&AgentId>,
        outcome: OfferOutcome,
    ) {
        for offer in 0..self.offers.len() {
            let ringing = &mut self.offers[offer];
            if ringing.ended.is_some() || agent.is_some_and(|agent| ringing.agent != *agent) {
                continue;
            }
            ringing.ended = Some(OfferEnd { at, outcome });
            let who = ringing.agent.clone();
            let (verdict, how) = verdict_of_offer(outcome);
            self.close(Owed::Accept(index(offer)), |_| {
                let by = (how == Closed::Answered).then(|| who.clone());
                (at, verdict, how, by)
            });
        }
    }

    pub(super) fn oblige(
        &mut self,
        at: Timestamp,
        owed: Owed,
        queue: Option<&QueueId>,
        settings: &ContactSettings,
    ) {
        let (measure, offered_to) = match owed {
            Owed::Answer(_) => (Measure::Answer, None),
            Owed::Accept(offer) => (Measure::Accept, Some(&self.offers[offer as usize].agent)),
        };
        let channel = self.attributes.channel();
        for policy in &settings.policies {
            if policy.measure == measure && policy.applies_to(channel, queue) {
                self.obligations.push(Obligation {
                    policy: policy.code(),
                    owed,
                    queue: queue.cloned(),
                    opened_at: at,
                    risk_at: at + policy.at_risk_after(),
                    due_at: at + policy.threshold,
                    at_risk: false,
                    decided: None,
                    closed: None,
                    offered_to: offered_to.cloned(),
                });
            }
        }
    }

    pub(super) fn close(
        &mut self,
        owed: Owed,
        ending: impl Fn(&Obligation) -> (Timestamp, Verdict, Closed, Option<AgentId>),
    ) {
        for obligation in &mut self.obligations {
            if obligation.owed == owed && obligation.closed.is_none() {
                let (at, verdict, how, agent) = ending(obligation);
                obligation.decided.get_or_insert(Decision { at, verdict });
                obligation.closed = Some(Closing { at, how, agent });
            }
        }
    }
}

fn closed_by(outcome: EpisodeOutcome) -> Closed {
    match outcome {
        EpisodeOutcome::Answered => Closed::Answered,
        EpisodeOutcome::Abandoned => Closed::Abandoned,
        EpisodeOutcome::Left => Closed::Left,
        EpisodeOutcome::Stale => Closed::Stale,
    }
}

fn verdict_of_offer(outcome: OfferOutcome) -> (Verdict, Closed) {
    match outcome {
        OfferOutcome::Answered => (Verdict::Met, Closed::Answered),
        OfferOutcome::Declined | OfferOutcome::Missed => (Verdict::Missed, Closed::Declined),
        OfferOutcome::Withdrawn => (Verdict::Excluded, Closed::Withdrawn),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a contact has far fewer parts"
)]
fn index(position: usize) -> u32 {
    position as u32
}
