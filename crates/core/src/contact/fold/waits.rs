//! Waits and offers, and the obligations that both make.

use super::{AnsweredNow, Conversation, EarlyFlowOuts, Fold, talks::talking};
use crate::{
    contact::{
        ContactSettings, Pause, Policy,
        outbound::AttemptOutcome,
        parts::{
            Closed, Closing, Decision, Episode, EpisodeEnd, EpisodeOutcome, Obligation, Offer,
            OfferEnd, OfferOutcome, Owed, Verdict, index,
        },
    },
    event::{
        AgentId, AtAgent, ContactQueued, DeclineCause, Direction, LeftWhy, QueueId, Timestamp,
    },
};

/// An obligation to open, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening<'q> {
    pub at: Timestamp,
    pub owed: Owed,
    pub queue: Option<&'q QueueId>,
}

/// How an obligation is closed, and by whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending<'a> {
    pub at: Timestamp,
    pub how: Closed,
    pub agent: Option<&'a AgentId>,
}

impl Fold {
    /// Returns the index of the open wait.
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
        let leg = self.queue_leg(queued);
        self.attempt(at, &leg, queued.queue.as_ref());
        self.go_on(at, settings);
        self.conversation.clear(Conversation::ENDED);
        let first = !std::mem::replace(&mut self.queued_before, true);
        let (Direction::Inbound, Some(queue)) = (leg.direction, &queued.queue) else {
            return;
        };
        if self.over_since.take().is_some() {
            self.repeat(at, settings);
        }
        self.inbound_since.get_or_insert(at);
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
        if let Some(why) = self.take_early_flow_out(at) {
            self.lose_wait(at, outcome_of_flow_out(why), settings);
        }
    }

    /// Applies a flow-out to the wait that was open before this instant, or to the attempt; otherwise to the next wait that begins at it.
    pub(super) fn flow_out(&mut self, at: Timestamp, why: LeftWhy, settings: &ContactSettings) {
        if self.waiting().is_some() {
            self.lose_wait(at, outcome_of_flow_out(why), settings);
        } else if self.attempting().is_some() {
            self.end_attempt(at, AttemptOutcome::Unreached, None);
        } else {
            let none = || EarlyFlowOuts {
                at,
                reasons: Vec::new(),
            };
            let of_instant = self.flow_outs.take().filter(|it| it.at == at);
            let mut flow_outs = of_instant.unwrap_or_else(none);
            flow_outs.reasons.push(why);
            self.flow_outs = Some(flow_outs);
        }
    }

    fn take_early_flow_out(&mut self, at: Timestamp) -> Option<LeftWhy> {
        let early = self.flow_outs.as_mut().filter(|it| it.at == at)?;
        (!early.reasons.is_empty()).then(|| early.reasons.remove(0))
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
            after_answer: self.first_engaged().is_some(),
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
            reached: None,
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

    /// Ends the wait without an answer: the customer leaves the queue, and what is owed is decided too.
    pub(super) fn lose_wait(
        &mut self,
        at: Timestamp,
        outcome: EpisodeOutcome,
        settings: &ContactSettings,
    ) {
        let Some(open) = self.waiting() else { return };
        let wait = at - self.episodes[open].opened_at;
        self.end_wait(at, outcome, None, settings);
        self.lose_turn();
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

    /// Names the queue of sealed parts without one: the first that was named later.
    pub(in crate::contact) fn name_queues(&mut self) {
        let first = &self.attributes.first_queue;
        for obligation in &mut self.obligations {
            obligation.queue = obligation.queue.take().or_else(|| first.clone());
        }
        for offer in &mut self.offers {
            offer.queue = offer.queue.take().or_else(|| first.clone());
        }
    }

    /// Withdraws an offer that came back as missed at the very instant of another agent's answer.
    pub(super) fn end_offer(&mut self, at: Timestamp, agent: &AgentId, cause: DeclineCause) {
        let lost = (self.answered_now.as_ref())
            .is_some_and(|answer| answer.by_several || answer.agent != *agent);
        let outcome = match cause {
            DeclineCause::Missed if lost => OfferOutcome::Withdrawn,
            DeclineCause::Declined | DeclineCause::Missed | DeclineCause::Withdrawn => cause.into(),
        };
        self.end_offers(at, Some(agent), outcome);
    }

    /// Withdraws the offers that came back before the answer in order, too.
    pub(super) fn withdraw_missed(&mut self, at: Timestamp, answerer: &AgentId) {
        let missed = OfferEnd {
            at,
            outcome: OfferOutcome::Missed,
        };
        for offer in 0..self.offers.len() {
            let it = &mut self.offers[offer];
            if it.agent == *answerer || it.ended != Some(missed) {
                continue;
            }
            let outcome = OfferOutcome::Withdrawn;
            it.ended = Some(OfferEnd { at, outcome });
            let owed = Owed::Accept(index(offer));
            for obligation in self.obligations.iter_mut().filter(|one| one.owed == owed) {
                obligation.withdraw(at);
            }
        }
        let before = self.answered_now.take();
        self.answered_now = Some(AnsweredNow {
            at,
            agent: answerer.clone(),
            by_several: before.is_some_and(|before| before.by_several || before.agent != *answerer),
        });
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

    /// Opens an obligation for each policy that applies and that `is_meant`, given the obligations so far.
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
                let mut obligation = Obligation {
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
                    pauses: policy.pauses,
                };
                // An obligation that was put off opens at an earlier instant; pauses may lie between.
                let after = |pause: &&Pause| pause.to.is_some_and(|to| at < to);
                for pause in self.pauses.iter().filter(after) {
                    let to = pause.to.unwrap_or(at);
                    obligation.go_on(*pause, to, policy.calendar.as_deref());
                }
                self.obligations.push(obligation);
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

    /// Closes what is owed, and decides what is not decided yet. If nobody gave it, the talking agent is judged.
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

const fn outcome_of_flow_out(why: LeftWhy) -> EpisodeOutcome {
    match why {
        LeftWhy::Callback => EpisodeOutcome::LeftForCallback,
        LeftWhy::Timeout | LeftWhy::Overflow | LeftWhy::Key | LeftWhy::Other => {
            EpisodeOutcome::Left
        }
    }
}

fn closed_by(outcome: EpisodeOutcome) -> Closed {
    match outcome {
        EpisodeOutcome::Answered => Closed::Answered,
        EpisodeOutcome::Abandoned => Closed::Abandoned,
        EpisodeOutcome::Left | EpisodeOutcome::LeftForCallback => Closed::Left,
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
