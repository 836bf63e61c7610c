//! What agents spend their time on, by their states. An agent who shows as available while a call or chat runs is occupied.

use std::collections::BTreeMap;

use super::{
    parts::Parts,
    roster::{Roster, Spell},
};
use floorwalker_core::event::{AgentId, AgentState, Channel, Span, Timestamp};

/// Time in states within a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Occupancy {
    /// Offered, engaged or in wrap-up; available with a call or chat.
    pub occupied: Span,
    /// Available without a call or chat.
    pub available: Span,
    /// Away by reason, `unspecified` without one.
    pub away: BTreeMap<String, Span>,
}

impl Occupancy {
    /// Returns the share of occupied in occupied and available time. `None` without either.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let there = (self.occupied + self.available).as_secs();
        (there > 0.0).then(|| self.occupied.as_secs() / there)
    }
}

/// The states with time that are not offline, by agent, team, site and all.
#[derive(Debug)]
pub(super) struct States<'a> {
    spells_by_entity: BTreeMap<String, Vec<(&'a AgentId, &'a Spell<'a>)>>,
    calls_by_agent: BTreeMap<&'a AgentId, Vec<Call>>,
}

/// An engagement on a channel on which both are there at once.
#[derive(Debug)]
struct Call {
    answered_at: Timestamp,
    /// `None` while it talks on.
    talk_ended_at: Option<Timestamp>,
    over_at: Timestamp,
}

impl<'a> States<'a> {
    pub(super) fn of(all: &'a [Parts], roster: &'a Roster<'a>, clock: Timestamp) -> Self {
        let mut states = Self {
            spells_by_entity: BTreeMap::new(),
            calls_by_agent: BTreeMap::new(),
        };
        for parts in all {
            if !matches!(
                parts.channel,
                Channel::Voice | Channel::Chat | Channel::Video
            ) {
                continue;
            }
            for engagement in &parts.engagements {
                let over_at = engagement.end.map_or(clock, |end| end.at);
                let calls = states.calls_by_agent.entry(&engagement.agent).or_default();
                calls.push(Call {
                    answered_at: engagement.answered_at,
                    talk_ended_at: engagement.talk_ended_at,
                    over_at,
                });
            }
        }
        for (agent, spells) in &roster.spells_by_agent {
            let counts = |spell: &&Spell<'_>| {
                spell.begun_at < spell.over_at && spell.change.state != AgentState::Offline
            };
            for spell in spells.iter().filter(counts) {
                let own = [format!("agent:{agent}"), "all".to_owned()];
                for entity in spell.groups().into_iter().chain(own) {
                    let of_entity = states.spells_by_entity.entry(entity).or_default();
                    of_entity.push((*agent, spell));
                }
            }
        }
        states
    }

    pub(super) fn entities(&self) -> impl Iterator<Item = &str> {
        self.spells_by_entity.keys().map(String::as_str)
    }

    /// From `from` to the clock.
    pub(super) fn occupancy(&self, entity: &str, from: Timestamp) -> Occupancy {
        let mut occupancy = Occupancy::default();
        for (agent, spell) in self.spells_by_entity.get(entity).into_iter().flatten() {
            let begun_at = spell.begun_at.max(from);
            if begun_at < spell.over_at {
                let time = spell.over_at - begun_at;
                let is_available = spell.change.state == AgentState::Available;
                let on_calls = match is_available {
                    true => self.on_calls(agent, spell, begun_at),
                    false => Span::ZERO,
                };
                occupancy.add(spell, time - on_calls);
                occupancy.occupied = occupancy.occupied + on_calls;
            }
        }
        occupancy
    }

    /// How much of a spell, from `from` on, an agent had calls. A state change in a wrap-up ends that.
    fn on_calls(&self, agent: &AgentId, spell: &Spell<'_>, from: Timestamp) -> Span {
        let calls = self.calls_by_agent.get(agent).into_iter().flatten();
        let mut spans: Vec<(Timestamp, Timestamp)> = calls
            .filter(|call| call.talk_ended_at.is_none_or(|at| at > spell.begun_at))
            .map(|call| (call.answered_at.max(from), call.over_at.min(spell.over_at)))
            .filter(|(begun_at, over_at)| begun_at < over_at)
            .collect();
        spans.sort_unstable();
        let (mut sum, mut seen) = (Span::ZERO, from);
        for (begun_at, over_at) in spans {
            sum = sum + (over_at - begun_at.max(seen)).max(Span::ZERO);
            seen = seen.max(over_at);
        }
        sum
    }
}

impl Occupancy {
    fn add(&mut self, spell: &Spell<'_>, time: Span) {
        let sum = match spell.change.state {
            AgentState::Offline => return,
            AgentState::Available => &mut self.available,
            AgentState::Offered | AgentState::Engaged | AgentState::WrapUp => &mut self.occupied,
            AgentState::Away => {
                let reason = spell.change.reason.as_deref().unwrap_or("unspecified");
                self.away.entry(reason.to_owned()).or_default()
            }
        };
        *sum = *sum + time;
    }
}
