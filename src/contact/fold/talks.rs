//! Engagements: talk, hold, transfer, wrap-up.

use super::{Conversation, Fold};
use crate::{
    contact::{
        ContactSettings,
        parts::{Engaged, Engagement, EpisodeOutcome, OfferOutcome},
    },
    event::{
        AgentId, AtAgent, Direction, EngagementReported, Span, Text, Timestamp, TransferTarget,
        Transferred, WrapUpEnded,
    },
};

/// Whose talk with the customer is open: the latest begun.
pub(super) fn talking(engagements: &[Engagement]) -> Option<&AgentId> {
    (engagements.iter())
        .rfind(|one| one.talks() && one.direction == Direction::Inbound)
        .map(|engagement| &engagement.agent)
}

/// How many parts a vendor reports to be shorter than nothing.
fn below_zero(report: &EngagementReported) -> u32 {
    [report.talk, report.hold, report.wrap_up]
        .map(|part| u32::from(part.is_some_and(|part| part < Span::ZERO)))
        .into_iter()
        .sum()
}

impl Fold {
    pub(super) fn answer(&mut self, at: Timestamp, answered: &AtAgent, settings: &ContactSettings) {
        let direction = self.direction_of(answered.leg.as_ref());
        if direction == Direction::Monitor {
            return;
        }
        let agent = &answered.agent;
        self.end_offers(at, Some(agent), OfferOutcome::Answered);
        self.end_offers(at, None, OfferOutcome::Withdrawn);
        self.end_wait(at, EpisodeOutcome::Answered, Some(agent), settings);
        self.respond_by_answer(at, agent);
        if self.talking(agent).is_some() {
            return;
        }
        let waited_in = self.episodes.last().map(|episode| &episode.queue);
        self.engagements.push(Engagement {
            agent: agent.clone(),
            queue: answered.queue.as_ref().or(waited_in).cloned(),
            leg: answered.leg.clone(),
            answered_at: at,
            talk_ended_at: None,
            ended_at: None,
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            incomplete: false,
            wrap_up_said: false,
            resolved: None,
            direction,
            reported: None,
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

    pub(super) fn talking(&self, agent: &AgentId) -> Option<usize> {
        self.engagements
            .iter()
            .position(|engagement| engagement.talks() && engagement.agent == *agent)
    }

    pub(super) fn start_hold(&mut self, at: Timestamp, agent: &AgentId) {
        if let Some(talking) = self.talking(agent) {
            self.engagements[talking].held_since.get_or_insert(at);
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
        let wraps_up = !settings.no_wrap_up.contains(&self.attributes.channel());
        let engagement = &mut self.engagements[engagement];
        engagement.stop_talk(at);
        if !wraps_up || engagement.reported.is_some() {
            engagement.ended_at = Some(at);
        }
    }

    /// Takes the parts it names, for the agent's (leg's) latest engagement or one of its own, and ends what only wraps up.
    pub(super) fn take_report(&mut self, at: Timestamp, report: &EngagementReported) {
        let EngagementReported { agent, leg, .. } = report;
        let is_meant = |one: &Engagement| {
            one.agent == *agent && (leg.is_none() || one.leg.as_ref() == leg.as_ref())
        };
        let place = (self.engagements.iter().rposition(is_meant))
            .or_else(|| self.engage_by_report(at, agent, leg.as_ref()));
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
        }
    }

    /// Of an engagement whose answer nobody told us: over when it is reported. `None`: the agent only listened.
    fn engage_by_report(
        &mut self,
        at: Timestamp,
        agent: &AgentId,
        leg: Option<&Text>,
    ) -> Option<usize> {
        let direction = self.direction_of(leg);
        if direction == Direction::Monitor {
            return None;
        }
        self.engagements.push(Engagement {
            agent: agent.clone(),
            queue: self.waited_in(),
            leg: leg.cloned(),
            answered_at: at,
            talk_ended_at: Some(at),
            ended_at: Some(at),
            hold: Span::ZERO,
            held_since: None,
            transferred: false,
            incomplete: false,
            wrap_up_said: false,
            resolved: None,
            direction,
            reported: None,
        });
        Some(self.engagements.len() - 1)
    }

    /// The inbound engagement that was the last to begin.
    pub(super) fn last_engaged(&self) -> Option<Engaged> {
        (self.engagements.iter())
            .rfind(|engagement| engagement.direction == Direction::Inbound)
            .map(|engagement| Engaged {
                agent: engagement.agent.clone(),
                queue: engagement.queue.clone(),
            })
    }

    /// Of the agent's oldest open wrap-up; else of the open talk; else, late, of the oldest engagement not spoken of.
    pub(super) fn end_wrap_up(&mut self, at: Timestamp, wrap_up: &WrapUpEnded) {
        let first = |is: fn(&Engagement) -> bool| {
            (self.engagements.iter()).position(|one| one.agent == wrap_up.agent && is(one))
        };
        let found = first(Engagement::wraps_up)
            .or_else(|| first(Engagement::talks))
            .or_else(|| first(|engagement| !engagement.wrap_up_said));
        let Some(place) = found else { return };
        let engagement = &mut self.engagements[place];
        engagement.wrap_up_said = true;
        engagement.resolved = wrap_up.resolved;
        engagement.stop_talk(at);
        engagement.ended_at.get_or_insert(at);
    }
}
