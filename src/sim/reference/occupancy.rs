//! What agents spend their time on, by their own word: their states.

use std::collections::BTreeMap;

use super::roster::{Roster, Spell};
use crate::event::{AgentState, Span, Timestamp};

/// Time in states, within a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occupancy {
    /// Offered, engaged or in wrap-up.
    pub occupied: Span,
    pub available: Span,
    /// By reason, where there was any; `unspecified` without one.
    pub away: BTreeMap<String, Span>,
}

impl Occupancy {
    /// Absent when neither occupied nor available.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let there = (self.occupied + self.available).as_secs();
        (there > 0.0).then(|| self.occupied.as_secs() / there)
    }
}

/// The states with time that are not offline, by agent, team, site and all.
#[derive(Debug, Default)]
pub(super) struct States<'a>(BTreeMap<String, Vec<&'a Spell<'a>>>);

impl<'a> States<'a> {
    pub(super) fn of(roster: &'a Roster<'a>) -> Self {
        let mut states = Self::default();
        for (agent, spells) in &roster.spells_by_agent {
            let counts = |spell: &&Spell<'_>| {
                spell.begun_at < spell.over_at && spell.said.state != AgentState::Offline
            };
            for spell in spells.iter().filter(counts) {
                let own = [format!("agent:{agent}"), "all".to_owned()];
                for entity in spell.groups().into_iter().chain(own) {
                    states.0.entry(entity).or_default().push(spell);
                }
            }
        }
        states
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// From `from` to the clock.
    pub(super) fn occupancy(&self, entity: &str, from: Timestamp) -> Occupancy {
        let mut occupancy = Occupancy::default();
        for spell in self.0.get(entity).into_iter().flatten() {
            let begun_at = spell.begun_at.max(from);
            if begun_at < spell.over_at {
                occupancy.add(spell, spell.over_at - begun_at);
            }
        }
        occupancy
    }
}

impl Occupancy {
    fn add(&mut self, spell: &Spell<'_>, time: Span) {
        let sum = match spell.said.state {
            AgentState::Offline => return,
            AgentState::Available => &mut self.available,
            AgentState::Offered | AgentState::Engaged | AgentState::WrapUp => &mut self.occupied,
            AgentState::Away => {
                let reason = spell.said.reason.as_deref().unwrap_or("unspecified");
                self.away.entry(reason.to_owned()).or_default()
            }
        };
        *sum = *sum + time;
    }
}
