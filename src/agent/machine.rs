//! One agent: the states it said, the engagements it had open, and the places it belonged to.

use minicbor::{Decode, Encode};

use super::timeline::{Moment, Says, State, Tell, Told, Whose, groups_of, tell_difference};
use crate::{
    contact::Outcome,
    event::Timestamp,
    kpi::{Count, Place, Tally},
};

/// So many changes of team or site are remembered; what is said from before the first of them is of no team.
const PLACES_MAX: usize = 64;

/// The state of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Agent {
    /// In force before the unsealed ones.
    #[n(0)]
    base: Option<State>,
    /// States that late ones may still join, in order.
    #[n(1)]
    tail: Vec<State>,
    /// Where the agent belonged, up to the tail: oldest first, each from an instant on.
    #[n(2)]
    places: Vec<(Timestamp, Place)>,
    /// Engagements open before the recent facts.
    #[n(3)]
    open: i64,
    /// Facts that may still go elsewhere, oldest first.
    #[n(4)]
    recent: Vec<Recent>,
    /// No state before this is accepted any more.
    #[n(5)]
    sealed_to: Option<Timestamp>,
    /// A state that was too old by then has been spoken of.
    #[n(6)]
    spoken_to: Option<Timestamp>,
    /// When the task's timers will call: nothing is due earlier.
    #[n(7)]
    pub armed_at: Option<Timestamp>,
}

/// What contacts said of one instant.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Recent {
    #[n(0)]
    at: Timestamp,
    /// Engagements begun, less those that ended.
    #[n(1)]
    opened: i64,
    #[n(2)]
    sums: Tally,
}

impl Agent {
    /// Takes a state in any order.
    pub fn handle_state(&mut self, state: State, tell: Tell<'_>) -> Outcome {
        if self.sealed_to.is_some_and(|limit| state.at < limit) {
            return Outcome::TooLate;
        }
        let Some(known) = self.tail.iter().position(|known| known.id == state.id) else {
            self.change(state.at, tell, |agent| agent.insert(state));
            return Outcome::Applied;
        };
        if self.tail[known] == state {
            return Outcome::Repeated;
        }
        if state.before(&self.tail[known]) {
            self.change(state.at, tell, |agent| {
                agent.tail.remove(known);
                agent.insert(state);
            });
        }
        Outcome::Conflicting
    }

    fn insert(&mut self, state: State) {
        let place = self.tail.partition_point(|known| known.before(&state));
        self.tail.insert(place, state);
    }

    /// Takes what contacts say of the agent, asserted or taken back, summed up by instant.
    pub fn handle_facts(&mut self, facts: Vec<(Timestamp, Tally)>, tell: Tell<'_>) {
        let mut opened = Vec::new();
        for (at, mut sums) in facts {
            let sealed = self.sealed_to.filter(|limit| at < *limit);
            opened.push((sealed.unwrap_or(at), sums.take(Count::Opened)));
            if sums.is_empty() {
                continue;
            }
            let says = Says::Sums(&sums);
            let whose = Whose::Agent;
            tell(Told { whose, at, says });
            tell_groups(self.place_at(at), at, says, tell);
            if sealed.is_none() {
                self.recent_at(at).sums.merge(&sums);
            }
        }
        opened.retain(|(_, by)| *by != 0);
        if !opened.is_empty() {
            self.change(Timestamp::MAX, tell, |agent| {
                (opened.into_iter()).for_each(|(at, by)| agent.recent_at(at).opened += by);
            });
        }
    }

    fn recent_at(&mut self, at: Timestamp) -> &mut Recent {
        let place = self.recent.partition_point(|recent| recent.at < at);
        if self.recent.get(place).is_none_or(|recent| recent.at != at) {
            let sums = Tally::default();
            self.recent.insert(
                place,
                Recent {
                    at,
                    opened: 0,
                    sums,
                },
            );
        }
        &mut self.recent[place]
    }

    /// Speaks of a state that is too old at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp, tell: Tell<'_>) {
        if self.next_due_at().is_some_and(|due| due <= now) {
            self.change(Timestamp::MAX, tell, |agent| agent.spoken_to = Some(now));
        }
    }

    /// When the state in force will be too old.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        let last = self.states().last()?;
        let ends_at = last.ends_at();
        let ends = ends_at < Timestamp::MAX && self.spoken_to.is_none_or(|to| to < ends_at);
        ends.then_some(ends_at)
    }

    /// Changes what is known, and tells what follows. No state before `from` changes.
    fn change(&mut self, from: Timestamp, tell: Tell<'_>, change: impl FnOnce(&mut Self)) {
        let before = self.without_sums();
        change(self);
        tell_difference(&before.moments(), &self.moments(), tell);
        for recent in self.recent.iter().filter(|recent| recent.at >= from) {
            let (was, is) = (before.place_at(recent.at), self.place_at(recent.at));
            if was != is {
                tell_groups(was, recent.at, Says::NoSums(&recent.sums), tell);
                tell_groups(is, recent.at, Says::Sums(&recent.sums), tell);
            }
        }
    }

    /// What the moments and places follow from.
    fn without_sums(&self) -> Self {
        let opened = self.recent.iter().filter(|recent| recent.opened != 0);
        let opened = opened.map(|recent| Recent {
            sums: Tally::default(),
            ..*recent
        });
        Self {
            base: self.base.clone(),
            tail: self.tail.clone(),
            places: self.places.clone(),
            recent: opened.collect(),
            ..*self
        }
    }

    /// The states that say something new, the sealed one first.
    fn states(&self) -> impl Iterator<Item = &State> {
        let mut last: Option<&State> = None;
        self.base.iter().chain(&self.tail).filter(move |state| {
            let is_new = last.is_none_or(|last| !state.repeats(last));
            if is_new {
                last = Some(state);
            }
            is_new
        })
    }

    /// What was told before, then each instant at which something changes.
    fn moments(&self) -> Vec<Moment<'_>> {
        let mut moments = vec![Moment {
            at: Timestamp::MIN,
            state: self.base.as_ref(),
            expired: false,
            open: self.open,
        }];
        let mut recent = (self.recent.iter())
            .filter(|recent| recent.opened != 0)
            .peekable();
        for (at, state, expired) in self.changes_of_state() {
            while let Some(earlier) = recent.next_if(|recent| recent.at < at) {
                push_opened(&mut moments, earlier);
            }
            let open = moments.last().map_or(0, |last| last.open);
            moments.push(Moment {
                at,
                state: Some(state),
                expired,
                open,
            });
        }
        recent.for_each(|later| push_opened(&mut moments, later));
        moments
    }

    /// Each state that says something new behind the sealed one, and each that got too old.
    fn changes_of_state(&self) -> Vec<(Timestamp, &State, bool)> {
        let mut changes = Vec::new();
        let mut states = self.states().peekable();
        while let Some(state) = states.next() {
            let is_base = self
                .base
                .as_ref()
                .is_some_and(|base| std::ptr::eq(base, state));
            if !is_base {
                changes.push((state.at, state, false));
            }
            let known_to = states.peek().map(|next| next.at).max(self.spoken_to);
            let replaced_at = states.peek().map_or(Timestamp::MAX, |next| next.at);
            let ends_at = state.ends_at();
            if known_to.is_some_and(|to| ends_at <= to) && ends_at < replaced_at {
                changes.push((ends_at, state, true));
            }
        }
        changes
    }

    /// Where the agent belonged, as far as it said so by then.
    #[must_use]
    pub fn place_at(&self, at: Timestamp) -> Option<&Place> {
        let unsealed = self.tail.iter().rev().find(|state| state.at <= at);
        let sealed = || self.places.iter().rev().find(|(since, _)| *since <= at);
        unsealed
            .map(|state| &state.place)
            .or_else(|| sealed().map(|(_, place)| place))
    }

    /// The times of the states that late ones may still join.
    pub fn said_at(&self) -> impl Iterator<Item = Timestamp> {
        self.tail.iter().map(|state| state.at)
    }

    /// Seals what is older than `horizon`: nothing comes from before it any more. True if anything was.
    pub fn seal(&mut self, horizon: Timestamp) -> bool {
        let states = self.tail.partition_point(|state| state.at < horizon);
        let facts = self.recent.partition_point(|recent| recent.at < horizon);
        if states + facts == 0 {
            return false;
        }
        let last = self.states().take_while(|state| state.at < horizon).last();
        self.base = last.cloned();
        for state in self.tail.drain(..states) {
            if self.places.last().map(|(_, place)| place) != Some(&state.place) {
                self.places.push((state.at, state.place));
            }
        }
        let forgotten = self.places.len().saturating_sub(PLACES_MAX);
        self.places.drain(..forgotten);
        let sealed = self.recent.drain(..facts);
        self.open += sealed.map(|recent| recent.opened).sum::<i64>();
        self.sealed_to = self.sealed_to.max(Some(horizon));
        true
    }

    /// Whether nothing is known that is worth keeping.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let unsaid = self.base.is_none() && self.tail.is_empty() && self.places.is_empty();
        unsaid && self.recent.is_empty() && self.open == 0
    }
}

fn push_opened(moments: &mut Vec<Moment<'_>>, recent: &Recent) {
    let Some(last) = moments.last_mut() else {
        return;
    };
    if last.at == recent.at {
        last.open += recent.opened;
    } else {
        let next = Moment {
            at: recent.at,
            open: last.open + recent.opened,
            ..last.clone()
        };
        moments.push(next);
    }
}

fn tell_groups(place: Option<&Place>, at: Timestamp, says: Says<'_>, tell: Tell<'_>) {
    for whose in groups_of(place) {
        tell(Told { whose, at, says });
    }
}
