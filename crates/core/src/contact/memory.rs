//! How long a contact is remembered, and whose its id is then.
//!
//! What happens under an id after its contact was to be forgotten lies ahead of it: it begins the next contact of the id, once all
//! sources have been read so far. Until then an earlier event may come and bridge the gap.

use super::{Contact, ContactSettings, Resolution, Standing, fold::Until, machine::TAIL_MAX};
use crate::event::{Span, Timestamp};

/// A customer's last word is on its way for less than this, by stream time, but in catching up.
const ANSWER_MAX: Span = Span::from_secs(60);

impl Contact {
    /// Up to when the contact is remembered: `max_age` after its last event, `remember_min` after its end.
    #[must_use]
    pub fn remembered_to(&self, settings: &ContactSettings) -> Timestamp {
        let age_max = settings.max_age_of(self.fold.attributes.channel());
        let last = self.last_event_at.unwrap_or(Timestamp::MIN);
        let ended = (self.fold.over_since)
            .max(self.fold.answered_end.as_ref().map(|end| end.at))
            .map(|at| at + settings.remember_min);
        (last + age_max).max(ended.unwrap_or(Timestamp::MIN))
    }

    /// Whether an event of this instant finds the contact forgotten, and with nothing still due in it.
    pub(super) fn is_past(&self, at: Timestamp, settings: &ContactSettings) -> bool {
        self.last_event_at.is_some() && self.remembered_to(settings) < at && {
            let mut by_then = self.fold.clone();
            by_then.advance(Until::Event(at), settings);
            by_then.next_transition_at(settings).is_none()
        }
    }

    /// When the next contact of its id may have it, if that has begun: as soon as all sources have been read so far.
    #[must_use]
    pub fn succeeded_at(&self, settings: &ContactSettings) -> Option<Timestamp> {
        let begun = !self.ahead.is_empty();
        begun.then(|| self.remembered_to(settings) + Span(1))
    }

    /// Whether nothing more can come of it: all that was to be remembered lies behind `horizon`, from where nothing comes any more, and
    /// its customer has had the last word; or, where the next contact of its id has begun, it lies behind `read_to`.
    #[must_use]
    pub fn is_forgotten(
        &self,
        horizon: Timestamp,
        read_to: Timestamp,
        settings: &ContactSettings,
    ) -> bool {
        let quiet = self.fold.next_transition_at(settings).is_none();
        match self.succeeded_at(settings) {
            Some(at) => self.ahead.len() > TAIL_MAX || quiet && at <= read_to,
            None => {
                let silent = self.is_sealed() && !self.expects_last_word();
                silent && quiet && self.remembered_to(settings) < horizon
            }
        }
    }

    /// The next instant of stream time at which something is due: a transition, the sealing, the forgetting.
    #[must_use]
    pub fn next_due_at(&self, lateness: Span, settings: &ContactSettings) -> Timestamp {
        let transition = self.fold.next_transition_at(settings);
        let seal = self.unsealed_at().map(|at| at + lateness + Span(1));
        transition.into_iter().chain(seal).min().unwrap_or_else(|| {
            let last_word = self.last_word_at(lateness, settings);
            (self.remembered_to(settings) + lateness + Span(1)).max(last_word)
        })
    }

    /// When its customer's last word should be there, if one is still to come.
    fn last_word_at(&self, lateness: Span, settings: &ContactSettings) -> Timestamp {
        let expected = self.fold.judged_at().filter(|_| self.expects_last_word());
        let window = settings.first_contact.window;
        expected.map_or(Timestamp::MIN, |at| at + window + lateness + ANSWER_MAX)
    }

    fn expects_last_word(&self) -> bool {
        let judgement = self.standing.unwrap_or_default().judgement;
        judgement.settled.is_none() && self.fold.judged_at().is_some()
    }

    /// Does without its customer's last word: it is what it has been judged so far.
    pub fn settle(&mut self) {
        let end = self.fold.case().and_then(|case| case.end);
        if let (Some(end), Some(standing)) = (end, &mut self.standing) {
            let judgement = &mut standing.judgement;
            let repeated = end.own == Resolution::Resolved && judgement.repeated;
            let so_far = if repeated {
                Resolution::Repeated
            } else {
                end.own
            };
            judgement.settled.get_or_insert(so_far);
        }
    }

    /// Lets the time pass in which nothing happened before the next contact of its id, if that has begun.
    pub fn pass_on(&mut self, settings: &ContactSettings) {
        if let Some(next) = self.ahead.first() {
            let until = Until::Event(next.at);
            self.keep_sealed();
            self.fold.advance(until, settings);
        }
    }

    /// The contact that has the id once this one is forgotten, if it has begun. What still comes from before that is of neither.
    pub fn successor(&mut self, settings: &ContactSettings) -> Option<Self> {
        if self.ahead.is_empty() {
            return None;
        }
        let mut successor = Self {
            sealed_to: Some(self.remembered_to(settings) + Span(1)),
            standing: self.standing.map(Standing::next_round),
            tail: std::mem::take(&mut self.ahead),
            ..Self::default()
        };
        successor.refold(settings);
        Some(successor)
    }
}
