//! Who belongs to which team and site: queues as configured, agents by their states.

use std::collections::BTreeMap;

use super::{Move, order};
use floorwalker_core::event::{AgentId, AgentStateChanged, Body, Event, QueueId, Span, Timestamp};

/// From then on a state is offline.
const AGE_MAX: Span = Span::from_secs(86_400);

pub(super) type GroupsByQueue = BTreeMap<String, (Option<String>, Option<String>)>;

#[derive(Debug)]
pub(super) struct Roster<'a> {
    groups_by_queue: &'a GroupsByQueue,
    moves: &'a [Move],
    pub(super) spells_by_agent: BTreeMap<&'a AgentId, Vec<Spell<'a>>>,
}

/// A state until the next one, until it is too old, or until the clock. Its team and site hold until the next.
#[derive(Debug)]
pub(super) struct Spell<'a> {
    pub(super) begun_at: Timestamp,
    pub(super) over_at: Timestamp,
    pub(super) change: &'a AgentStateChanged,
}

impl<'a> Roster<'a> {
    /// Of each agent's events: by time, each once, none after the clock.
    pub(super) fn new(
        (groups_by_queue, moves): (&'a GroupsByQueue, &'a [Move]),
        events_by_agent: BTreeMap<&'a AgentId, Vec<&'a Event>>,
        clock: Timestamp,
    ) -> Self {
        let spells = |events: Vec<&'a Event>| spells(&events, clock);
        Self {
            groups_by_queue,
            moves,
            spells_by_agent: (events_by_agent.into_iter())
                .map(|(agent, events)| (agent, spells(events)))
                .collect(),
        }
    }

    /// The team and site of a queue then.
    pub(super) fn of_queue(&self, queue: &QueueId, at: Timestamp) -> Vec<String> {
        let is_its = |it: &&Move| it.queue == queue.as_str() && it.from <= at;
        if let Some(moved) = self.moves.iter().rfind(is_its) {
            return names(moved.team.as_deref(), moved.site.as_deref());
        }
        let configured = self.groups_by_queue.get(queue.as_str());
        configured.map_or_else(Vec::new, |(team, site)| {
            names(team.as_deref(), site.as_deref())
        })
    }

    /// The team and site of the last state by then, be it too old or not.
    pub(super) fn of_agent(&self, agent: &AgentId, at: Timestamp) -> Vec<String> {
        let spells = self.spells_by_agent.get(agent);
        let last = spells.and_then(|spells| spells.iter().rfind(|spell| spell.begun_at <= at));
        last.map_or_else(Vec::new, Spell::groups)
    }

    /// What of a span an agent spent in which team and site, where there was one.
    pub(super) fn within(
        &self,
        agent: &AgentId,
        (begun_at, over_at): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, Timestamp, Vec<String>)> {
        let spells = (self.spells_by_agent.get(agent)).map_or(&[][..], Vec::as_slice);
        let next = spells.iter().skip(1).map(|spell| spell.begun_at);
        (spells.iter().zip(next.chain([Timestamp::MAX])))
            .map(|(spell, next)| {
                let (from, until) = (spell.begun_at.max(begun_at), next.min(over_at));
                (from, until, spell.groups())
            })
            .filter(|(from, until, _)| from < until)
            .collect()
    }
}

fn spells<'a>(events: &[&'a Event], clock: Timestamp) -> Vec<Spell<'a>> {
    let mut spells: Vec<Spell<'a>> = Vec::new();
    for instant in events.chunk_by(|one, other| one.occurred_at == other.occurred_at) {
        let at = instant[0].occurred_at;
        let held = spells.last().filter(|last| at < last.over_at);
        for event in order::of_states(instant, held.map(|last| last.change.state)) {
            if let Body::AgentStateChanged(change) = &event.body {
                begin(&mut spells, at, change);
            }
        }
    }
    for spell in &mut spells {
        spell.over_at = spell.over_at.min(clock);
    }
    spells
}

fn begin<'a>(spells: &mut Vec<Spell<'a>>, at: Timestamp, change: &'a AgentStateChanged) {
    if let Some(last) = spells.last_mut() {
        // At the very instant at which a state becomes too old, an equal one begins anew and is no repeat.
        if at < last.over_at && counts_as_same(last.change, change) {
            return;
        }
        last.over_at = last.over_at.min(at);
    }
    spells.push(Spell {
        begun_at: at,
        over_at: at + AGE_MAX,
        change,
    });
}

/// Skills are no part of what is counted.
fn counts_as_same(one: &AgentStateChanged, other: &AgentStateChanged) -> bool {
    let key = |it: &AgentStateChanged| {
        let (team, site) = (it.team.clone(), it.site.clone());
        (it.state, it.reason.clone(), team, site)
    };
    key(one) == key(other)
}

impl Spell<'_> {
    /// The team and site that the state names.
    pub(super) fn groups(&self) -> Vec<String> {
        let team = self.change.team.as_ref().map(|team| team.as_str());
        let site = self.change.site.as_ref().map(|site| site.as_str());
        names(team, site)
    }
}

fn names(team: Option<&str>, site: Option<&str>) -> Vec<String> {
    let team = team.map(|team| format!("team:{team}"));
    let site = site.map(|site| format!("site:{site}"));
    team.into_iter().chain(site).collect()
}
