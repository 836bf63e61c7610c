//! Retention of a contact, and the next contact of its id.
//!
//! Events under an id from after its contact expires lie ahead of it. They begin the next contact of the id once all sources have
//! been read so far; until then an earlier event may come and bridge the gap.

use super::{Contact, ContactSettings, CustomerLink, Resolution, fold::Until, machine::TAIL_MAX};
use crate::event::{Span, Timestamp};

/// A customer's final judgement is on its way for less than this in stream time, except in catching up.
const JUDGEMENT_DELAY_MAX: Span = Span::from_secs(60);

impl Contact {
    /// Returns the end of the retention: `max_age` after the last event, and at least `remember_min` after the end.
    #[must_use]
    pub fn retained_to(&self, settings: &ContactSettings) -> Timestamp {
        let age_max = settings.max_age_of(self.fold.attributes.channel());
        let last = self.last_event_at.unwrap_or(Timestamp::MIN);
        let ended = (self.fold.over_since)
            .max(self.fold.answered_end.as_ref().map(|end| end.at))
            .map(|at| at + settings.remember_min);
        (last + age_max).max(ended.unwrap_or(Timestamp::MIN))
    }

    /// Whether an event of this instant finds the contact expired, with nothing still due in it.
    pub(super) fn is_past(&self, at: Timestamp, settings: &ContactSettings) -> bool {
        self.last_event_at.is_some() && self.retained_to(settings) < at && {
            let mut by_then = self.fold.clone();
            by_then.advance(Until::Event(at), settings);
            by_then.next_transition_at(settings).is_none()
        }
    }

    /// Returns when the next contact of its id takes over, if that has begun: once all sources have been read so far.
    #[must_use]
    pub fn successor_due_at(&self, settings: &ContactSettings) -> Option<Timestamp> {
        let begun = !self.ahead.is_empty();
        begun.then(|| self.retained_to(settings) + Span(1))
    }

    /// Whether the contact can be evicted. Its retention must end before `late_cutoff`, and its customer's final judgement must have
    /// come. If the next contact of its id has begun, it is enough that the retention ends before `source_watermark`.
    #[must_use]
    pub fn is_expired(
        &self,
        late_cutoff: Timestamp,
        source_watermark: Timestamp,
        settings: &ContactSettings,
    ) -> bool {
        let quiet = self.fold.next_transition_at(settings).is_none();
        match self.successor_due_at(settings) {
            Some(at) => self.ahead.len() > TAIL_MAX || quiet && at <= source_watermark,
            None => {
                let silent = self.is_sealed() && !self.expects_final_judgement();
                silent && quiet && self.retained_to(settings) < late_cutoff
            }
        }
    }

    /// Returns the next instant of stream time at which something is due: a transition, the sealing, the expiry.
    #[must_use]
    pub fn next_due_at(&self, lateness: Span, settings: &ContactSettings) -> Timestamp {
        let transition = self.fold.next_transition_at(settings);
        let seal = self.unsealed_at().map(|at| at + lateness + Span(1));
        transition.into_iter().chain(seal).min().unwrap_or_else(|| {
            let last_word = self.final_judgement_at(lateness, settings);
            (self.retained_to(settings) + lateness + Span(1)).max(last_word)
        })
    }

    /// Returns when its customer's final judgement should have come, if one is still to come.
    fn final_judgement_at(&self, lateness: Span, settings: &ContactSettings) -> Timestamp {
        let expected = self
            .fold
            .judged_at()
            .filter(|_| self.expects_final_judgement());
        let window = settings.first_contact.window;
        expected.map_or(Timestamp::MIN, |at| {
            at + window + lateness + JUDGEMENT_DELAY_MAX
        })
    }

    fn expects_final_judgement(&self) -> bool {
        let judgement = self.customer_link.unwrap_or_default().judgement;
        judgement.settled.is_none() && self.fold.judged_at().is_some()
    }

    /// Settles the contact without its customer's final judgement: the judgement so far is final.
    pub fn settle(&mut self) {
        let end = self.fold.case().and_then(|case| case.end);
        if let (Some(end), Some(customer_link)) = (end, &mut self.customer_link) {
            let judgement = &mut customer_link.judgement;
            let repeated = end.own == Resolution::Resolved && judgement.repeated;
            let so_far = if repeated {
                Resolution::Repeated
            } else {
                end.own
            };
            judgement.settled.get_or_insert(so_far);
        }
    }

    /// Lets the time pass before the next contact of its id, if that has begun.
    pub fn pass_on(&mut self, settings: &ContactSettings) {
        if let Some(next) = self.ahead.first() {
            let until = Until::Event(next.at);
            self.keep_sealed();
            self.fold.advance(until, settings);
        }
    }

    /// Returns the contact that takes over the id, if it has begun. Later events from before that belong to neither.
    pub fn successor(&mut self, settings: &ContactSettings) -> Option<Self> {
        if self.ahead.is_empty() {
            return None;
        }
        let mut successor = Self {
            sealed_to: Some(self.retained_to(settings) + Span(1)),
            customer_link: self.customer_link.map(CustomerLink::next_round),
            tail: std::mem::take(&mut self.ahead),
            ..Self::default()
        };
        successor.refold(settings);
        Some(successor)
    }
}
