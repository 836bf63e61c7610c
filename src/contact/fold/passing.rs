//! What the passing of time does: levels of risk, due times, wrap-ups that nobody ends, what is stale.

use super::{Fold, talks::talking};
use crate::{
    contact::{
        ContactSettings,
        parts::{Engagement, EpisodeOutcome, Obligation},
    },
    event::{Channel, Span, Timestamp},
};

/// How far the passing of time goes: an event at an instant comes before what time alone does at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::contact) enum Until {
    /// Up to an event at this instant.
    Event(Timestamp),
    /// This instant itself has passed.
    Passed(Timestamp),
}

impl Until {
    fn covers(self, instant: Timestamp) -> bool {
        match self {
            Self::Event(limit) => instant < limit,
            Self::Passed(limit) => instant <= limit,
        }
    }
}

/// What time alone does.
impl Fold {
    pub(in crate::contact) fn advance(&mut self, until: Until, settings: &ContactSettings) {
        while let Some(at) = self.next_transition_at(settings)
            && until.covers(at)
        {
            self.transit(at, settings);
            self.last_transition_at = self.last_transition_at.max(Some(at));
        }
    }

    /// The next instant at which time alone changes something.
    pub(in crate::contact) fn next_transition_at(
        &self,
        settings: &ContactSettings,
    ) -> Option<Timestamp> {
        let owed = self.obligations.iter().filter_map(Obligation::next_at);
        let limits = Limits::of(self.attributes.channel(), settings);
        let stale = self
            .waiting()
            .map(|open| self.episodes[open].opened_at + limits.age_max);
        let engaged = (self.engagements.iter())
            .filter(|engagement| engagement.ended_at.is_none())
            .map(|engagement| limits.of_engagement(engagement));
        owed.chain(stale).chain(engaged).min()
    }

    fn transit(&mut self, at: Timestamp, settings: &ContactSettings) {
        let limits = Limits::of(self.attributes.channel(), settings);
        for engagement in &mut self.engagements {
            if engagement.ended_at.is_none() && limits.of_engagement(engagement) <= at {
                engagement.stop_talk(at);
                engagement.ended_at = Some(at);
                engagement.incomplete = true;
            }
        }
        let talking = talking(&self.engagements);
        for obligation in &mut self.obligations {
            obligation.pass(at, talking);
        }
        if let Some(open) = self.waiting()
            && self.episodes[open].opened_at + limits.age_max <= at
        {
            self.end_wait(at, EpisodeOutcome::Stale, None, settings);
        }
    }
}

/// How long things may stay open.
struct Limits {
    age_max: Span,
    wrap_up_max: Span,
}

impl Limits {
    fn of(channel: Channel, settings: &ContactSettings) -> Self {
        Self {
            age_max: settings.max_age_of(channel),
            wrap_up_max: settings.wrap_up_max,
        }
    }

    fn of_engagement(&self, engagement: &Engagement) -> Timestamp {
        let stale_at = engagement.answered_at + self.age_max;
        engagement
            .talk_ended_at
            .map_or(stale_at, |end| stale_at.min(end + self.wrap_up_max))
    }
}
