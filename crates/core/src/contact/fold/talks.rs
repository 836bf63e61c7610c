//! Engagements: talk, hold, transfer, wrap-up.

use super::{Conversation, Fold};
use crate::{
    contact::{
        ContactSettings,
        outbound::{AttemptOutcome, Leg},
        parts::{Engaged, Engagement, EpisodeOutcome, OfferOutcome},
        turns::Turns,
    },
    event::{
        AgentId, AgentLeft, AtAgent, Direction, EngagementReported, Span, Timestamp,
        TransferTarget, Transferred, WrapUpEnded,
    },
};

/// Returns the agent whose talk is open, by turns whose engagement is not over: the one who began last.
pub(super) fn talking(engagements: &[Engagement]) -> Option<&AgentId> {
    (engagements.iter())
        .rfind(|one| one.talks() && one.is_inbound())
        .map(|engagement| &engagement.agent)
}

/// Counts the negative durations in a vendor's report.
fn below_zero(report: &EngagementReported) -> u32 {
    [report.talk, report.hold, report.wrap_up]
        .map(|part| u32::from(part.is_some_and(|part| part < Span::ZERO)))
        .into_iter()
        .sum()
}

impl Fold {
    pub(super) fn answer(&mut self, at: Timestamp, answered: &AtAgent, settings: &ContactSettings) {
        let leg = self.leg(answered.leg.as_ref());
        if leg.direction == Direction::Monitor {
            return;
        }
        let agent = &answered.agent;
        self.withdraw_missed(at, agent);
        self.end_offers(at, Some(agent), OfferOutcome::Answered);
        self.end_offers(at, None, OfferOutcome::Withdrawn);
        self.end_wait(at, EpisodeOutcome::Answered, Some(agent), settings);
        let attempted_in = self.end_attempt(at, AttemptOutcome::Answered, Some(agent));
        if let Some(wait) = leg.callback_of {
            self.reach(wait, at, agent, settings);
        }
        self.respond_by_answer(at, agent);
        if self.talking(agent).is_some() {
            return;
        }
        let waited_in = attempted_in.or_else(|| self.waited_in());
        self.engagements.push(Engagement {
            agent: agent.clone(),
            queue: answered.queue.clone().or(waited_in),
            leg: answered.leg.clone(),
            answered_at: at,
            talk_ended_at: None,
            ended_at: None,
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            wrap_unseen: false,
            talk_unseen: false,
            wrap_up_received: false,
            resolved: None,
            direction: leg.direction,
            reported: None,
            callback: leg.callback_of.is_some(),
            turns: Turns::of(self.attributes.channel(), at),
        });
        if self.conversation.has(Conversation::ENDED) {
            self.clock_skews += 1;
            self.end_talk(self.engagements.len() - 1, at, settings);
        }
    }

    pub(super) fn transfer(
        &mut self,
        at: Timestamp,
        transferred: &Transferred,
        settings: &ContactSettings,
    ) {
        self.transferred_before = true;
        self.left_house |= matches!(transferred.to, Some(TransferTarget::External(_)));
        if let Some(talking) = self.talking(&transferred.agent) {
            self.engagements[talking].transferred = true;
            self.end_talk(talking, at, settings);
        }
    }

    /// Ends the agent's talk, unless it names a leg and the answer named another.
    pub(super) fn leave(&mut self, at: Timestamp, left: &AgentLeft, settings: &ContactSettings) {
        let is_meant = |one: &Engagement| one.is_of_leg(left.leg.as_ref());
        if let Some(talking) =
            (self.talking(&left.agent)).filter(|it| is_meant(&self.engagements[*it]))
        {
            self.end_talk(talking, at, settings);
        }
    }

    pub(super) fn talking(&self, agent: &AgentId) -> Option<usize> {
        self.engagements
            .iter()
            .position(|engagement| engagement.talks() && engagement.agent == *agent)
    }

    /// Ends engagements whose talk goes by turns, at a resolution.
    pub(super) fn end_talks_by_turns(&mut self, at: Timestamp, settings: &ContactSettings) {
        for engagement in 0..self.engagements.len() {
            let part = &self.engagements[engagement];
            if part.talks() && part.turns.is_some() {
                self.end_talk(engagement, at, settings);
            }
        }
    }

    pub(super) fn start_hold(&mut self, at: Timestamp, agent: &AgentId) {
        let at_work = |talking: &usize| self.engagements[*talking].is_at_work();
        if let Some(talking) = self.talking(agent).filter(at_work) {
            let held_since = &mut self.engagements[talking].held_since;
            self.experience.holds += u32::from(held_since.is_none());
            held_since.get_or_insert(at);
        }
    }

    pub(super) fn end_hold(&mut self, at: Timestamp, agent: &AgentId) {
        if let Some(talking) = self.talking(agent) {
            self.engagements[talking].stop_hold(at);
        }
    }

    pub(super) fn end_talk(
        &mut self,
        engagement: usize,
        at: Timestamp,
        settings: &ContactSettings,
    ) {
        let wraps_up = settings.wraps_up(self.attributes.channel());
        let engagement = &mut self.engagements[engagement];
        engagement.stop_talk(at);
        if !wraps_up || engagement.reported.is_some() {
            engagement.ended_at = Some(at);
            engagement.wrap_unseen = wraps_up;
        }
    }

    /// Applies the parts that a report names to the latest engagement of the agent (on the leg), or to one of its own, and ends what only wraps up.
    pub(super) fn take_report(
        &mut self,
        at: Timestamp,
        report: &EngagementReported,
        settings: &ContactSettings,
    ) {
        let EngagementReported { agent, leg, .. } = report;
        let is_meant = |one: &Engagement| one.agent == *agent && one.is_of_leg(leg.as_ref());
        let place = (self.engagements.iter().rposition(is_meant))
            .or_else(|| self.engage_by_report(at, report, settings));
        let Some(place) = place else { return };
        self.clock_skews += below_zero(report);
        let engagement = &mut self.engagements[place];
        let reported = engagement.reported.get_or_insert_default();
        let at_least_zero = |part: Option<Span>| part.map(|part| part.max(Span::ZERO));
        reported.talk = at_least_zero(report.talk).or(reported.talk);
        reported.hold = at_least_zero(report.hold).or(reported.hold);
        reported.wrap = at_least_zero(report.wrap_up).or(reported.wrap);
        if engagement.wraps_up() {
            engagement.ended_at = Some(at);
            engagement.wrap_unseen = true;
        }
    }

    /// Makes an engagement whose answer is not known: over when it is reported. `None`: the agent only listened.
    fn engage_by_report(
        &mut self,
        at: Timestamp,
        report: &EngagementReported,
        settings: &ContactSettings,
    ) -> Option<usize> {
        let EngagementReported { agent, leg, .. } = report;
        let Leg {
            direction,
            callback_of,
            ..
        } = self.leg(leg.as_ref());
        if direction == Direction::Monitor {
            return None;
        }
        self.engagements.push(Engagement {
            agent: agent.clone(),
            queue: self.waited_in(),
            leg: leg.clone(),
            answered_at: at,
            talk_ended_at: Some(at),
            ended_at: Some(at),
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            wrap_unseen: settings.wraps_up(self.attributes.channel()),
            talk_unseen: true,
            wrap_up_received: false,
            resolved: None,
            direction,
            reported: None,
            callback: callback_of.is_some(),
            turns: None,
        });
        Some(self.engagements.len() - 1)
    }

    /// Returns the last inbound engagement to begin.
    pub(super) fn last_engaged(&self) -> Option<Engaged> {
        (self.engagements.iter())
            .rfind(|engagement| engagement.is_inbound())
            .map(|engagement| Engaged {
                agent: engagement.agent.clone(),
                queue: engagement.queue.clone(),
            })
    }

    /// Ends the agent's oldest open wrap-up; otherwise the open talk; otherwise, for late events, the oldest engagement without one.
    pub(super) fn end_wrap_up(&mut self, at: Timestamp, wrap_up: &WrapUpEnded) {
        let first = |is: fn(&Engagement) -> bool| {
            (self.engagements.iter()).position(|one| one.agent == wrap_up.agent && is(one))
        };
        let found = first(Engagement::wraps_up)
            .or_else(|| first(Engagement::talks))
            .or_else(|| first(|engagement| !engagement.wrap_up_received));
        let Some(place) = found else {
            return self.correct_disposition(wrap_up);
        };
        let engagement = &mut self.engagements[place];
        engagement.wrap_up_received = true;
        engagement.resolved = wrap_up.resolved;
        engagement.stop_talk(at);
        engagement.ended_at.get_or_insert(at);
    }

    /// Corrects the disposition of the agent's latest engagement, where all engagements have one.
    fn correct_disposition(&mut self, wrap_up: &WrapUpEnded) {
        let mut engagements = self.engagements.iter_mut();
        if let Some(latest) = engagements.rfind(|one| one.agent == wrap_up.agent) {
            latest.resolved = wrap_up.resolved.or(latest.resolved);
        }
    }
}
