//! State machine of one agent: its states, its open engagements, and its teams and sites.

use minicbor::{Decode, Encode};

use super::order;
use super::timeline::{
    AgentFact, Emit, FactChange, Segment, State, Step, Timeline, Whose, emit_difference, groups_of,
};
use crate::{
    contact::EventOutcome,
    event::{AgentId, Timestamp},
    kpi::{Accumulator, Count, Place},
};

/// Limit of remembered changes of team or site; what happened before the first of them has no team. An agent who changes the team with each
/// call does so a hundred times a day, and dispositions are corrected days later.
const PLACES_MAX: usize = 512;

/// State of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Agent {
    /// State in force before the unsealed ones.
    #[n(0)]
    base: Option<State>,
    /// States that late ones may still join, in order.
    #[n(1)]
    tail: Vec<State>,
    /// Teams and sites up to the tail: oldest first, each from an instant on.
    #[n(2)]
    places: Vec<(Timestamp, Place)>,
    /// Engagements open before the recent facts.
    #[n(3)]
    open: i64,
    /// Facts whose team or site may still change, oldest first.
    #[n(4)]
    recent: Vec<Recent>,
    /// States before this are too late.
    #[n(5)]
    sealed_to: Option<Timestamp>,
    /// Timers have fired up to here: a state that had expired by then has ended.
    #[n(6)]
    timers_fired_to: Option<Timestamp>,
    /// Next call of the task's timers; nothing is due earlier.
    #[n(7)]
    pub armed_at: Option<Timestamp>,
    /// Talks on live channels that were open before the recent facts.
    #[cbor(n(8), default)]
    talks: i64,
    /// Begins and ends of wrap-ups on live channels, by when each began.
    #[cbor(n(9), default)]
    wrap_ups: Vec<WrapUpStep>,
}

/// One wrap-up of an agent: those that begin at one instant are emitted as one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct WrapUp {
    #[n(0)]
    pub agent: AgentId,
    #[n(1)]
    pub begun_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
struct WrapUpStep {
    #[n(0)]
    begun_at: Timestamp,
    #[n(1)]
    at: Timestamp,
    /// Wrap-ups begun, less those that ended.
    #[n(2)]
    by: i64,
}

/// Facts of contacts at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Recent {
    #[n(0)]
    at: Timestamp,
    /// Engagements begun, less those that ended.
    #[n(1)]
    opened: i64,
    #[n(2)]
    sums: Accumulator,
    /// Talks begun on live channels, less those that ended.
    #[cbor(n(3), default)]
    talks: i64,
}

impl Agent {
    /// Applies a state in any order.
    pub fn handle_state(&mut self, state: State, emit: Emit<'_>) -> EventOutcome {
        if self.sealed_to.is_some_and(|limit| state.at < limit) {
            return EventOutcome::TooLate;
        }
        let Some(known) = self.tail.iter().position(|known| known.id == state.id) else {
            self.change(state.at, emit, |agent| agent.insert(state));
            return EventOutcome::Applied;
        };
        if self.tail[known] == state {
            return EventOutcome::Repeated;
        }
        if state.precedes(&self.tail[known]) {
            self.change(state.at, emit, |agent| {
                agent.tail.remove(known);
                agent.insert(state);
            });
        }
        EventOutcome::Conflicting
    }

    fn insert(&mut self, state: State) {
        let at = state.at;
        let place = self.tail.partition_point(|known| known.at <= at);
        self.tail.insert(place, state);
        order::sort(self.base.as_ref(), &mut self.tail, at);
    }

    /// Applies facts of contacts about the agent, asserted or retracted, summed up by instant.
    pub fn handle_facts(&mut self, facts: Vec<(Timestamp, Accumulator)>, emit: Emit<'_>) {
        let mut opened = Vec::new();
        for (at, mut sums) in facts {
            let sealed = self.sealed_to.filter(|limit| at < *limit);
            let (engagements, talks) = (sums.take(Count::Opened), sums.take(Count::Present));
            opened.push((sealed.unwrap_or(at), engagements, talks));
            if sums.is_empty() {
                continue;
            }
            let change = FactChange::Add(&sums);
            let whose = Whose::Agent;
            emit(AgentFact { whose, at, change });
            emit_for_groups(self.place_at(at), at, change, emit);
            if sealed.is_none() {
                self.recent_at(at).sums.merge(&sums);
            }
        }
        opened.retain(|(_, engagements, talks)| (*engagements, *talks) != (0, 0));
        if !opened.is_empty() {
            self.change(Timestamp::MAX, emit, |agent| {
                for (at, engagements, talks) in opened {
                    let recent = agent.recent_at(at);
                    recent.opened += engagements;
                    recent.talks += talks;
                }
            });
        }
    }

    /// Applies the begins and ends of the wrap-ups that began at `begun_at`, asserted or retracted.
    pub fn handle_wrap_up(
        &mut self,
        begun_at: Timestamp,
        facts: Vec<(Timestamp, Accumulator)>,
        emit: Emit<'_>,
    ) {
        self.change(Timestamp::MAX, emit, |agent| {
            for (at, sums) in facts {
                let at = agent.sealed_to.map_or(at, |limit| limit.max(at));
                agent.step_wrap_up(begun_at, at, sums.get(Count::Present));
            }
        });
    }

    fn step_wrap_up(&mut self, begun_at: Timestamp, at: Timestamp, by: i64) {
        let steps = &mut self.wrap_ups;
        let place = steps.partition_point(|step| (step.begun_at, step.at) < (begun_at, at));
        match steps.get_mut(place) {
            Some(known) if (known.begun_at, known.at) == (begun_at, at) => known.by += by,
            _ => steps.insert(place, WrapUpStep { begun_at, at, by }),
        }
        steps.retain(|step| step.by != 0);
    }

    fn recent_at(&mut self, at: Timestamp) -> &mut Recent {
        let place = self.recent.partition_point(|recent| recent.at < at);
        if self.recent.get(place).is_none_or(|recent| recent.at != at) {
            let sums = Accumulator::default();
            self.recent.insert(
                place,
                Recent {
                    at,
                    opened: 0,
                    sums,
                    talks: 0,
                },
            );
        }
        &mut self.recent[place]
    }

    /// Lets time pass up to `now`: the state in force may expire.
    pub fn handle_timeout(&mut self, now: Timestamp, emit: Emit<'_>) {
        if self.next_due_at().is_some_and(|due| due <= now) {
            self.change(Timestamp::MAX, emit, |agent| {
                agent.timers_fired_to = Some(now)
            });
        }
    }

    /// Returns when the state in force expires.
    #[must_use]
    pub fn next_due_at(&self) -> Option<Timestamp> {
        let last = self.states().last()?;
        let ends_at = last.ends_at();
        let ends = ends_at < Timestamp::MAX && self.timers_fired_to.is_none_or(|to| to < ends_at);
        ends.then_some(ends_at)
    }

    /// Applies a change, and emits what follows. No state before `from` changes.
    fn change(&mut self, from: Timestamp, emit: Emit<'_>, change: impl FnOnce(&mut Self)) {
        let before = self.without_sums();
        change(self);
        emit_difference(&before.segments(), &self.segments(), emit);
        for recent in self.recent.iter().filter(|recent| recent.at >= from) {
            let (was, is) = (before.place_at(recent.at), self.place_at(recent.at));
            if was != is {
                emit_for_groups(was, recent.at, FactChange::Retract(&recent.sums), emit);
                emit_for_groups(is, recent.at, FactChange::Add(&recent.sums), emit);
            }
        }
    }

    /// Returns a copy with all that segments and places depend on.
    fn without_sums(&self) -> Self {
        let opened = (self.recent.iter()).filter(|recent| (recent.opened, recent.talks) != (0, 0));
        let opened = opened.map(|recent| Recent {
            sums: Accumulator::default(),
            ..*recent
        });
        Self {
            base: self.base.clone(),
            tail: self.tail.clone(),
            places: self.places.clone(),
            recent: opened.collect(),
            wrap_ups: self.wrap_ups.clone(),
            ..*self
        }
    }

    /// Returns the states that change something, the sealed one first.
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

    /// Returns the sealed segment, then one from each instant at which something changes.
    fn segments(&self) -> Vec<Segment<'_>> {
        let mut segments = Timeline::new(self.first_segment(), self.talks);
        let mut steps = self.steps().into_iter().peekable();
        for (at, state, expired) in self.changes_of_state() {
            while let Some(earlier) = steps.next_if(|step| step.at < at) {
                segments.step(&earlier);
            }
            segments.change_state(at, state, expired);
        }
        steps.for_each(|later| segments.step(&later));
        segments.all
    }

    /// Returns the segment at the seal. Wrap-ups in which a state came do not count.
    fn first_segment(&self) -> Segment<'_> {
        let last_state_at = self.base.as_ref().map_or(Timestamp::MIN, |state| state.at);
        let sealed = |step: &&WrapUpStep| self.sealed_to.is_some_and(|limit| step.at < limit);
        let wrap_ups = (self.wrap_ups.iter().filter(sealed))
            .filter(|step| step.begun_at > last_state_at)
            .map(|step| step.by);
        Segment {
            at: Timestamp::MIN,
            state: self.base.as_ref(),
            expired: false,
            open: self.open,
            live: self.talks + wrap_ups.sum::<i64>(),
        }
    }

    /// Returns the facts of contacts since the seal, oldest first.
    fn steps(&self) -> Vec<Step> {
        let of_talks = self.recent.iter().map(|recent| Step {
            at: recent.at,
            opened: recent.opened,
            talks: recent.talks,
            wrap_ups: None,
        });
        let recent = |step: &&WrapUpStep| self.sealed_to.is_none_or(|limit| step.at >= limit);
        let of_wrap_ups = self.wrap_ups.iter().filter(recent).map(|step| Step {
            at: step.at,
            opened: 0,
            talks: 0,
            wrap_ups: Some((step.begun_at, step.by)),
        });
        let mut steps: Vec<Step> = (of_talks.filter(|step| (step.opened, step.talks) != (0, 0)))
            .chain(of_wrap_ups)
            .collect();
        steps.sort_by_key(|step| step.at);
        steps
    }

    /// Returns each state that changes something behind the sealed one, and each expiry.
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
            let known_to = states.peek().map(|next| next.at).max(self.timers_fired_to);
            let replaced_at = states.peek().map_or(Timestamp::MAX, |next| next.at);
            let ends_at = state.ends_at();
            if known_to.is_some_and(|to| ends_at <= to) && ends_at < replaced_at {
                changes.push((ends_at, state, true));
            }
        }
        changes
    }

    /// Returns the agent's team and site, as known for that instant.
    #[must_use]
    pub fn place_at(&self, at: Timestamp) -> Option<&Place> {
        let unsealed = self.tail.iter().rev().find(|state| state.at <= at);
        let sealed = || self.places.iter().rev().find(|(since, _)| *since <= at);
        unsealed
            .map(|state| &state.place)
            .or_else(|| sealed().map(|(_, place)| place))
    }

    /// Returns the times of the states that late ones may still join.
    pub fn unsealed_times(&self) -> impl Iterator<Item = Timestamp> {
        self.tail.iter().map(|state| state.at)
    }

    /// Seals what is older than `late_cutoff`. True if anything was.
    pub fn seal(&mut self, late_cutoff: Timestamp) -> bool {
        // Not behind an expired state whose end is not emitted yet: the engagements open by then would be lost.
        let late_cutoff = self
            .next_due_at()
            .map_or(late_cutoff, |due| due.min(late_cutoff));
        let wrap_ups = std::mem::take(&mut self.wrap_ups);
        let is_over = |steps: &&[WrapUpStep]| {
            let over = steps.iter().map(|step| step.by).sum::<i64>() == 0;
            over && steps.iter().all(|step| step.at < late_cutoff)
        };
        self.wrap_ups = (wrap_ups.chunk_by(|one, next| one.begun_at == next.begun_at))
            .filter(|steps| !is_over(steps))
            .flatten()
            .copied()
            .collect();
        let states = self.tail.partition_point(|state| state.at < late_cutoff);
        let facts = self
            .recent
            .partition_point(|recent| recent.at < late_cutoff);
        if states + facts == 0 {
            return false;
        }
        let last = self
            .states()
            .take_while(|state| state.at < late_cutoff)
            .last();
        self.base = last.cloned();
        for state in self.tail.drain(..states) {
            if self.places.last().map(|(_, place)| place) != Some(&state.place) {
                self.places.push((state.at, state.place));
            }
        }
        let forgotten = self.places.len().saturating_sub(PLACES_MAX);
        self.places.drain(..forgotten);
        for recent in self.recent.drain(..facts) {
            self.open += recent.opened;
            self.talks += recent.talks;
        }
        self.sealed_to = self.sealed_to.max(Some(late_cutoff));
        true
    }

    /// Whether there is nothing worth keeping.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let stateless = self.base.is_none() && self.tail.is_empty() && self.places.is_empty();
        let nothing_open = (self.open, self.talks) == (0, 0) && self.wrap_ups.is_empty();
        stateless && self.recent.is_empty() && nothing_open
    }
}

impl WrapUp {
    #[must_use]
    pub fn new(agent: &AgentId, begun_at: Timestamp) -> Self {
        Self {
            agent: agent.clone(),
            begun_at,
        }
    }
}

fn emit_for_groups(place: Option<&Place>, at: Timestamp, change: FactChange<'_>, emit: Emit<'_>) {
    for whose in groups_of(place) {
        emit(AgentFact { whose, at, change });
    }
}
