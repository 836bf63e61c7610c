//! Waits and offers, and the obligations that both make.

use super::{Conversation, EarlyFlowOuts, Fold, talks::talking};
use crate::{
    contact::{
        ContactSettings, Policy,
        parts::{
            Closed, Closing, Decision, Episode, EpisodeEnd, EpisodeOutcome, Obligation, Offer,
            OfferEnd, OfferOutcome, Owed, Verdict,
        },
    },
    event::{AgentId, AtAgent, ContactQueued, Direction, QueueId, Timestamp},
};

/// What begins to be owed, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'q> {
    pub at: Timestamp,
    pub owed: Owed,
    pub queue: Option<&'q QueueId>,
}

/// How what was owed comes to its end, and who gave it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub at: Timestamp,
    pub how: Closed,
    pub agent: Option<&'a AgentId>,
}

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
        self.conversation.clear(Conversation::ENDED);
        let first = !std::mem::replace(&mut self.queued_before, true);
        let (Direction::Inbound, Some(queue)) = (direction, &queued.queue) else {
            return;
        };
        self.owe_for_wait(at, queue, settings);
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
        if self.take_flow_out(at) {
            self.lose_wait(at, EpisodeOutcome::Left, settings);
        }
    }

    /// Of the wait that was open before this instant; without one, of the next that begins at it.
    pub(super) fn flow_out(&mut self, at: Timestamp, settings: &ContactSettings) {
        if self.waiting().is_some() {
            self.lose_wait(at, EpisodeOutcome::Left, settings);
            return;
        }
        let none = EarlyFlowOuts { at, count: 0 };
        let flow_outs = self.flow_outs.get_or_insert(none);
        if flow_outs.at != at {
            *flow_outs = none;
        }
        flow_outs.count += 1;
    }

    fn take_flow_out(&mut self, at: Timestamp) -> bool {
        let flow_outs = self.flow_outs.as_mut();
        let Some(open) = flow_outs.filter(|it| it.at == at && it.count > 0) else {
            return false;
        };
        open.count -= 1;
        true
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
        let queue = Some(queue);
        self.oblige(Opening { at, owed, queue }, settings);
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
        let ending = Ending {
            at,
            how: closed_by(outcome),
            agent,
        };
        let owed = Owed::Answer(index(open));
        self.close(
            |it| it == owed,
            ending,
            |obligation| settings.verdict_of_wait(obligation, outcome, wait),
        );
        self.end_offers(at, None, OfferOutcome::Withdrawn);
    }

    /// The customer leaves the queue, and for now us, without an answer: what is owed is decided too.
    pub(super) fn lose_wait(
        &mut self,
        at: Timestamp,
        outcome: EpisodeOutcome,
        settings: &ContactSettings,
    ) {
        let Some(open) = self.waiting() else { return };
        let wait = at - self.episodes[open].opened_at;
        self.end_wait(at, outcome, None, settings);
        let ending = Ending {
            at,
            how: closed_by(outcome),
            agent: None,
        };
        let abandoned = outcome == EpisodeOutcome::Abandoned;
        let is_lost = |owed: Owed| owed.is_response() || (abandoned && owed == Owed::Resolution);
        self.close(is_lost, ending, |obligation| {
            settings.verdict_of_wait(obligation, outcome, wait)
        });
    }

    pub(super) fn offer(&mut self, at: Timestamp, offered: &AtAgent, settings: &ContactSettings) {
        let rings_already =
            (self.offers.iter()).any(|offer| offer.ended.is_none() && offer.agent == offered.agent);
        if rings_already || self.direction_of(offered.leg.as_ref()) != Direction::Inbound {
            return;
        }
        let queue = self.queue_around(offered.queue.as_ref()).cloned();
        self.offers.push(Offer {
            agent: offered.agent.clone(),
            queue: queue.clone(),
            opened_at: at,
            ended: None,
        });
        let owed = Owed::Accept(index(self.offers.len() - 1));
        let queue = queue.as_ref();
        self.oblige(Opening { at, owed, queue }, settings);
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
            let (verdict, how) = verdict_of_offer(outcome);
            let answerer = (how == Closed::Answered).then(|| ringing.agent.clone());
            let owed = Owed::Accept(index(offer));
            let ending = Ending {
                at,
                how,
                agent: answerer.as_ref(),
            };
            self.close(|it| it == owed, ending, |_| verdict);
        }
    }

    pub(super) fn oblige(&mut self, opening: Opening<'_>, settings: &ContactSettings) {
        self.oblige_where(opening, settings, |_, _| true);
    }

    /// Makes an obligation of each policy that applies and that `is_meant`, given the obligations so far.
    pub(super) fn oblige_where(
        &mut self,
        opening: Opening<'_>,
        settings: &ContactSettings,
        is_meant: impl Fn(&Policy, &[Obligation]) -> bool,
    ) {
        let Opening { at, owed, queue } = opening;
        let channel = self.attributes.channel();
        for policy in &settings.policies {
            if policy.measure == owed.measure()
                && policy.in_force.holds(at)
                && policy.applies_to(channel, queue)
                && is_meant(policy, &self.obligations)
            {
                let offered_to = self.offered_to(owed).cloned();
                self.obligations.push(Obligation {
                    policy: policy.code(),
                    owed,
                    queue: queue.cloned(),
                    opened_at: at,
                    risk_at: policy.risk_at(at),
                    due_at: policy.due_at(at),
                    at_risk: false,
                    decided: None,
                    closed: None,
                    agent: offered_to,
                });
            }
        }
    }

    fn offered_to(&self, owed: Owed) -> Option<&AgentId> {
        if let Owed::Accept(offer) = owed {
            Some(&self.offers[offer as usize].agent)
        } else {
            None
        }
    }

    /// Closes what is owed; what is not decided yet is decided so. Where nobody gave it, who talks is judged.
    pub(super) fn close(
        &mut self,
        is_meant: impl Fn(Owed) -> bool,
        ending: Ending<'_>,
        verdict_of: impl Fn(&Obligation) -> Verdict,
    ) {
        let Ending { at, how, agent } = ending;
        let whose = agent.or_else(|| talking(&self.engagements));
        for obligation in &mut self.obligations {
            if obligation.closed.is_none() && is_meant(obligation.owed) {
                let verdict = verdict_of(obligation);
                obligation.decide(Decision { at, verdict }, whose);
                let agent = agent.cloned();
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
