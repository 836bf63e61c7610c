//! State machine of one contact: its fold, the tail of events that late ones may still join, and the limits of both.

use minicbor::{Decode, Encode};

use super::{
    ContactSettings, CustomerLink, Prediction,
    fold::{Fold, Until},
    tail::{self, Seen},
};
use crate::event::{Event, Span, Text, Timestamp};

/// Above this many unsealed events the older ones are sealed early. So a contact with thousands of events within the lateness loses
/// some tolerance for disorder, and memory stays bounded. A transcript has a few a second at most.
pub(super) const TAIL_MAX: usize = 2_048;
/// From this length on the part of the tail that nothing can join any more is sealed while the contact goes on.
const TAIL_LONG: usize = 24;

/// State of one contact: a fold over the set of its events.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub struct Contact {
    /// Fold of all events so far; what was emitted follows from it.
    #[n(0)]
    pub fold: Fold,
    /// Fold of the sealed events. `None` with an empty tail: it is `fold` itself; `None` with a tail: nothing is sealed.
    #[n(1)]
    pub(super) sealed: Option<Sealed>,
    /// Events that late ones may still join, in order.
    #[n(2)]
    pub(super) tail: Vec<Seen>,
    /// Events from after the contact expires, in order. They belong to the next contact of the id, unless an earlier event bridges the gap.
    #[cbor(n(10), default, skip_if = "Vec::is_empty")]
    pub(super) ahead: Vec<Seen>,
    /// Events before this are too late.
    #[n(3)]
    pub(super) sealed_to: Option<Timestamp>,
    /// Timers have fired up to here.
    #[n(4)]
    pub(super) timers_fired_to: Option<Timestamp>,
    #[n(5)]
    pub(super) last_event_at: Option<Timestamp>,
    /// Number of the contact's records.
    #[n(6)]
    pub version: u32,
    /// Next call of the task's timers; nothing is due earlier.
    #[n(7)]
    pub armed_at: Option<Timestamp>,
    /// The prediction of the stage `csat`.
    #[n(8)]
    pub prediction: Option<Prediction>,
    /// Link to its customer, from its first update to one on.
    #[n(9)]
    pub customer_link: Option<CustomerLink>,
}

/// The part that no late event can join or undo.
#[derive(Debug, Clone, PartialEq, Default, Encode, Decode)]
pub(super) struct Sealed {
    #[n(0)]
    fold: Fold,
    #[n(1)]
    last_event_at: Option<Timestamp>,
}

/// Result of applying an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    Applied,
    Repeated,
    /// A repeat by its id, with other content: the first in order counts.
    Conflicting,
    /// Before the sealed part: goes to the dead letters.
    TooLate,
}

impl Contact {
    /// Applies an event in any order. `customer` is the keyed hash of the event's.
    pub fn handle_event(
        &mut self,
        event: Event,
        customer: Option<Text>,
        settings: &ContactSettings,
    ) -> EventOutcome {
        if self
            .sealed_to
            .is_some_and(|limit| event.occurred_at < limit)
        {
            return EventOutcome::TooLate;
        }
        let seen = Seen {
            id: event.id,
            at: event.occurred_at,
            channel: event.channel,
            customer,
            body: event.body.without_prose(),
            sequence: event.sequence,
        };
        let mut events = self.tail.iter().chain(&self.ahead);
        if let Some(known) = events.position(|known| known.id == seen.id) {
            return self.handle_repeat(known, seen, settings);
        }
        if self.ahead.is_empty() {
            self.insert(seen, settings);
        } else {
            self.insert_before_ahead(seen, settings);
        }
        if self.tail.len() > TAIL_MAX {
            let limit = self.tail[TAIL_MAX / 2].at;
            self.seal_prefix(limit, settings);
        }
        EventOutcome::Applied
    }

    /// `known` is a place in the tail followed by the events ahead.
    fn handle_repeat(
        &mut self,
        known: usize,
        seen: Seen,
        settings: &ContactSettings,
    ) -> EventOutcome {
        let first = (self.tail.get(known)).unwrap_or_else(|| &self.ahead[known - self.tail.len()]);
        if *first == seen {
            return EventOutcome::Repeated;
        }
        if seen.precedes(first) {
            self.keep_sealed();
            self.tail.append(&mut self.ahead);
            tail::take_out(&mut self.tail, known);
            self.insert_and_refold(seen, settings);
        }
        EventOutcome::Conflicting
    }

    /// With the new event, those ahead may belong to this contact.
    fn insert_before_ahead(&mut self, seen: Seen, settings: &ContactSettings) {
        self.keep_sealed();
        self.tail.append(&mut self.ahead);
        self.insert_and_refold(seen, settings);
    }

    fn insert_and_refold(&mut self, seen: Seen, settings: &ContactSettings) {
        tail::put(&mut self.tail, seen);
        self.refold(settings);
    }

    fn insert(&mut self, seen: Seen, settings: &ContactSettings) {
        if self.newest_at() < Some(seen.at) && self.is_past(seen.at, settings) {
            self.ahead.push(seen);
            return;
        }
        self.keep_sealed();
        let at = seen.at;
        let alone = self.fold.began_at.is_none();
        self.last_event_at = self.last_event_at.max(Some(at));
        let in_order = tail::put(&mut self.tail, seen)
            && (self.fold.last_transition_at).is_none_or(|transition| transition < at);
        let newest = self.tail.last().filter(|_| in_order);
        if let Some(new) = newest
            && (!self.fold.attributes.learn(&new.observation()) || alone)
        {
            self.fold.advance(Until::Event(at), settings);
            self.fold.apply(new.happening(), settings);
            self.fire_passed_timers(settings);
        } else {
            self.refold(settings);
        }
    }

    /// Lets time pass that the timers have covered already: an event may have made something due within it.
    fn fire_passed_timers(&mut self, settings: &ContactSettings) {
        if let Some(timers_fired_to) = self.timers_fired_to {
            self.fold.advance(Until::Passed(timers_fired_to), settings);
        }
    }

    /// Keeps the fold as the sealed one before a new event or the passing of time changes it.
    pub(super) fn keep_sealed(&mut self) {
        if self.tail.is_empty() && self.fold.began_at.is_some() && self.sealed.is_none() {
            self.sealed = Some(Sealed {
                fold: self.fold.clone(),
                last_event_at: self.last_event_at,
            });
        }
    }

    /// Folds the tail again onto the sealed part, up to the instant that timers have fired to. The first event that finds the contact
    /// expired, and all after it, go ahead.
    pub(super) fn refold(&mut self, settings: &ContactSettings) {
        for place in self.gaps(settings.age_min()) {
            self.fold_first(place, settings);
            if self.is_past(self.tail[place].at, settings) {
                let ahead = self.tail.split_off(place);
                self.ahead.splice(0..0, ahead);
                break;
            }
        }
        self.fold_first(self.tail.len(), settings);
        self.fire_passed_timers(settings);
    }

    /// Returns the places in the tail of events that come more than this after the one before.
    fn gaps(&self, more_than: Span) -> Vec<usize> {
        let mut last = (self.sealed.as_ref()).and_then(|sealed| sealed.last_event_at);
        let follows_gap = |seen: &Seen| {
            let before = last.replace(seen.at);
            before.is_some_and(|before| seen.at - before > more_than)
        };
        let follow = self.tail.iter().map(follows_gap).enumerate();
        follow
            .filter_map(|(place, it)| it.then_some(place))
            .collect()
    }

    /// Folds the first `events` of the tail onto the sealed part.
    fn fold_first(&mut self, events: usize, settings: &ContactSettings) {
        let sealed = self.sealed.clone().unwrap_or_default();
        let events = &self.tail[..events];
        let mut fold = sealed.fold;
        for seen in events {
            fold.attributes.learn(&seen.observation());
        }
        fold.name_queues();
        for seen in events {
            fold.advance(Until::Event(seen.at), settings);
            fold.apply(seen.happening(), settings);
        }
        self.fold = fold;
        self.last_event_at = events.last().map(|seen| seen.at).or(sealed.last_event_at);
    }

    /// Whether the unsealed part would be different under these settings.
    #[must_use]
    pub fn differs_under(&self, settings: &ContactSettings) -> bool {
        let mut anew = self.clone();
        anew.apply_settings(settings);
        anew.fold != self.fold
    }

    /// Folds the unsealed part again, under other settings.
    pub fn apply_settings(&mut self, settings: &ContactSettings) {
        if !self.is_sealed() {
            self.refold(settings);
        }
    }

    /// Lets time pass up to `now`, the watermark of all senders. Seals what is older than `late_cutoff`.
    pub fn handle_timeout(
        &mut self,
        now: Timestamp,
        late_cutoff: Timestamp,
        settings: &ContactSettings,
    ) {
        if self
            .timers_fired_to
            .is_none_or(|timers_fired_to| timers_fired_to < now)
        {
            let transition = self.fold.next_transition_at(settings);
            if transition.is_some_and(|at| at <= now) {
                self.keep_sealed();
            }
            self.fold.advance(Until::Passed(now), settings);
            self.timers_fired_to = Some(now);
        }
        self.seal(late_cutoff, settings);
    }

    /// Returns the newest instant that late events may still join or undo.
    pub(super) fn unsealed_at(&self) -> Option<Timestamp> {
        let last = self.tail.last().map(|last| last.at);
        let unsealed = last.is_some() || self.sealed.is_some();
        unsealed.then(|| last.max(self.fold.last_transition_at))?
    }

    /// Whether no late event can join or undo any of it.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.unsealed_at().is_none()
    }

    fn seal(&mut self, late_cutoff: Timestamp, settings: &ContactSettings) {
        let Some(newest) = self.unsealed_at() else {
            return;
        };
        if newest < late_cutoff {
            self.tail = Vec::new();
            self.sealed = None;
            self.sealed_to = Some(late_cutoff);
        } else if self.tail.len() > TAIL_LONG && self.tail[TAIL_LONG / 2].at < late_cutoff {
            self.seal_prefix(late_cutoff, settings);
        }
    }

    fn seal_prefix(&mut self, limit: Timestamp, settings: &ContactSettings) {
        let prefix = self.tail.partition_point(|seen| seen.at < limit);
        let mut sealed = self.sealed.take().unwrap_or_default();
        sealed.fold.attributes = self.fold.attributes.clone();
        for seen in self.tail.drain(..prefix) {
            sealed.fold.advance(Until::Event(seen.at), settings);
            sealed.fold.apply(seen.happening(), settings);
            sealed.last_event_at = Some(seen.at);
        }
        self.sealed = Some(sealed);
        self.sealed_to = self.sealed_to.max(Some(limit));
    }

    /// Returns the next instant at which time alone changes something.
    #[must_use]
    pub fn next_transition_at(&self, settings: &ContactSettings) -> Option<Timestamp> {
        self.fold.next_transition_at(settings)
    }

    /// Whether the customer's side is over and no agent works on it any more: the record is complete.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let fold = &self.fold;
        fold.over_since.is_some() && fold.engagements.iter().all(|part| part.ended_at.is_some())
    }

    pub(super) fn each_time(&mut self, change: &mut dyn FnMut(&mut Timestamp)) {
        self.fold.each_time(change);
        self.sealed
            .iter_mut()
            .for_each(|sealed| sealed.each_time(change));
        let events = self.tail.iter_mut().chain(&mut self.ahead);
        events.for_each(|seen| change(&mut seen.at));
        let own = [
            &mut self.sealed_to,
            &mut self.timers_fired_to,
            &mut self.last_event_at,
            &mut self.armed_at,
        ];
        own.into_iter().flatten().for_each(&mut *change);
        (self.prediction.iter_mut()).for_each(|prediction| prediction.each_time(change));
    }

    /// Returns the newest instant at which something happened to it.
    #[must_use]
    pub fn newest_at(&self) -> Option<Timestamp> {
        self.last_event_at.max(self.fold.last_transition_at)
    }
}

impl Sealed {
    fn each_time(&mut self, change: &mut dyn FnMut(&mut Timestamp)) {
        self.fold.each_time(change);
        self.last_event_at.iter_mut().for_each(change);
    }
}
