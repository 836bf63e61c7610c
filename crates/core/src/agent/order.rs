//! Order of one agent's states at one instant, for feeds of whole seconds.

use std::cmp::Ordering;

use super::timeline::State;
use crate::event::{AgentState, Timestamp};

/// States of an agent from contact to contact.
const CYCLE: [AgentState; 4] = [
    AgentState::Available,
    AgentState::Offered,
    AgentState::Engaged,
    AgentState::WrapUp,
];

/// Sorts states within their instants, from `from` on; they must be sorted by time. At an instant the order continues from the state in force
/// before it; `base` comes before all.
pub(super) fn sort(base: Option<&State>, states: &mut [State], from: Timestamp) {
    let mut in_force = base;
    for instant in states.chunk_by_mut(|one, other| one.at == other.at) {
        if instant[0].at >= from {
            sort_instant(in_force, instant);
        }
        for state in &*instant {
            if in_force.is_none_or(|last| !state.repeats(last)) {
                in_force = Some(state);
            }
        }
    }
}

fn sort_instant(in_force: Option<&State>, instant: &mut [State]) {
    if instant.iter().all(|state| state.sequence.is_some()) {
        instant.sort_by(State::cmp_at_instant);
        return;
    }
    let at = instant[0].at;
    let held = in_force.filter(|state| at < state.ends_at());
    let first = held.and_then(|state| place_in_cycle(state.doing));
    let first = first.map_or(0, |place| place + 1);
    let turn = |state: &State| match place_in_cycle(state.doing) {
        Some(place) => (place + CYCLE.len() - first) % CYCLE.len(),
        None if state.doing == AgentState::Away => CYCLE.len(),
        None => CYCLE.len() + 1,
    };
    instant.sort_by(|one, other| {
        let by_turn = turn(one).cmp(&turn(other));
        by_turn.then_with(|| one.cmp_unsequenced(other))
    });
}

fn place_in_cycle(state: AgentState) -> Option<usize> {
    CYCLE.iter().position(|known| *known == state)
}

impl State {
    /// Whether it counts instead of the other where two contents have one id.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        let order = (self.at.cmp(&other.at)).then_with(|| self.cmp_at_instant(other));
        order == Ordering::Less
    }

    fn cmp_at_instant(&self, other: &Self) -> Ordering {
        let by_sequence = self.sequence.cmp(&other.sequence);
        by_sequence.then_with(|| self.cmp_unsequenced(other))
    }

    fn cmp_unsequenced(&self, other: &Self) -> Ordering {
        let by_id = self.id.cmp_by_value(&other.id);
        by_id.then_with(|| self.content().cmp_content(&other.content()))
    }
}
