//! The passing of time: at-risk levels, due times, wrap-ups that no event ends, what is stale.

use super::{Fold, talks::talking};
use crate::{
    contact::{
        ContactSettings,
        outbound::AttemptOutcome,
        parts::{Engagement, EpisodeOutcome},
    },
    event::{Channel, Span, Timestamp},
};

/// How far time passes: an event at an instant comes before what time alone does at it.
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

/// The passing of time.
impl Fold {
    pub(in crate::contact) fn advance(&mut self, until: Until, settings: &ContactSettings) {
        while let Some(at) = self.next_transition_at(settings)
            && until.covers(at)
        {
            self.transit(at, settings);
            self.last_transition_at = self.last_transition_at.max(Some(at));
        }
    }

    /// Returns the next instant at which time alone changes something.
    pub(in crate::contact) fn next_transition_at(
        &self,
        settings: &ContactSettings,
    ) -> Option<Timestamp> {
        let limits = Limits::of(self.attributes.channel(), settings);
        let pause = self.pause();
        let owed = (self.obligations.iter()).filter_map(|it| it.next_at(pause, limits.age_max));
        let stale = self
            .waiting()
            .map(|open| self.episodes[open].opened_at + limits.age_max);
        let engaged = (self.engagements.iter())
            .filter(|engagement| engagement.ended_at.is_none())
            .map(|engagement| limits.of_engagement(engagement));
        let attempt = self.attempting().map(|open| self.attempts[open].opened_at);
        let unreached = attempt.map(|opened_at| opened_at + limits.age_max);
        owed.chain(stale).chain(unreached).chain(engaged).min()
    }

    fn transit(&mut self, at: Timestamp, settings: &ContactSettings) {
        let limits = Limits::of(self.attributes.channel(), settings);
        for engagement in &mut self.engagements {
            if engagement.ended_at.is_none() && limits.of_engagement(engagement) <= at {
                engagement.talk_unseen = engagement.talks();
                engagement.wrap_unseen = limits.wraps_up;
                engagement.stop_talk(at);
                engagement.ended_at = Some(at);
            }
        }
        let pause = self.pause();
        let talking = talking(&self.engagements);
        for obligation in &mut self.obligations {
            obligation.pass(at, (pause, limits.age_max), talking);
        }
        if let Some(open) = self.waiting()
            && self.episodes[open].opened_at + limits.age_max <= at
        {
            self.end_wait(at, EpisodeOutcome::Stale, None, settings);
        }
        if let Some(open) = self.attempting()
            && self.attempts[open].opened_at + limits.age_max <= at
        {
            self.end_attempt(at, AttemptOutcome::Unreached, None);
        }
    }
}

/// How long things may stay open.
struct Limits {
    age_max: Span,
    wrap_up_max: Span,
    wraps_up: bool,
}

impl Limits {
    fn of(channel: Channel, settings: &ContactSettings) -> Self {
        Self {
            age_max: settings.max_age_of(channel),
            wrap_up_max: settings.wrap_up_max,
            wraps_up: settings.wraps_up(channel),
        }
    }

    fn of_engagement(&self, engagement: &Engagement) -> Timestamp {
        let stale_at = engagement.answered_at + self.age_max;
        engagement
            .talk_ended_at
            .map_or(stale_at, |end| stale_at.min(end + self.wrap_up_max))
    }
}
