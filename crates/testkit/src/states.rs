//! Agents' states to mix into any log: states, teams and sites that change at any time, whatever their contacts do.
//!
//! Two or three teams, sites and reasons on a grid of whole seconds, so that repeats and ties with contacts are common; some states last
//! longer than a day. What a network does to them is [`super::faults`], as to other events.

use std::collections::{BTreeMap, BTreeSet};

use super::random::Random;
use floorwalker_core::event::{
    AgentId, AgentState, AgentStateChanged, Body, Event, EventId, Key, SiteId, Span, TeamId, Text,
    Timestamp,
};

const DAY: Span = Span::from_secs(86_400);

/// Returns the events with states of their agents and of one agent without contacts, from `lead` before the first event to the last.
/// They are in order; ids are unique within their agent.
#[must_use]
pub fn with_states(events: &[Event], lead: Span, seed: u64) -> Vec<Event> {
    let times = || events.iter().map(|event| event.occurred_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else {
        return Vec::new();
    };
    let idle = AgentId::new("idle");
    let mut agents: BTreeSet<&AgentId> = events.iter().filter_map(|it| it.body.agent()).collect();
    agents.insert(&idle);
    let mut random = Random::new(seed);
    let mut mixed = events.to_vec();
    for agent in agents {
        let shift = Shift {
            random: &mut random,
            agent,
            events: Vec::new(),
        };
        mixed.extend(shift.play(first - lead, first, last));
    }
    mixed.sort_by(Event::cmp_in_order);
    mixed
}

/// Returns the events with the states that an ACD sends along with them: engaged at each answer, in wrap-up at each end, available when that
/// ends. A third of the events then are states. They are in order; ids are unique within their agent.
#[must_use]
pub fn with_states_of_work(events: &[Event]) -> Vec<Event> {
    let mut talking: BTreeMap<&str, &AgentId> = BTreeMap::new();
    let mut mixed = Vec::with_capacity(events.len() * 3 / 2);
    for (number, event) in events.iter().enumerate() {
        mixed.push(event.clone());
        let contact = event.key.as_str();
        let change = if let Body::AgentAnswered(answered) = &event.body {
            talking.insert(contact, &answered.agent);
            Some((&answered.agent, AgentState::Engaged))
        } else if let Body::ContactEnded(..) = event.body {
            let agent = talking.remove(contact);
            agent.map(|agent| (agent, AgentState::WrapUp))
        } else if let Body::WrapUpEnded(ended) = &event.body {
            Some((&ended.agent, AgentState::Available))
        } else {
            None
        };
        if let Some((agent, state)) = change {
            mixed.push(state_of_work(number, event.occurred_at, agent, state));
        }
    }
    mixed
}

/// Forty agents are a team, ten teams a site.
fn state_of_work(number: usize, at: Timestamp, agent: &AgentId, state: AgentState) -> Event {
    let name = agent
        .as_str()
        .trim_start_matches(|c: char| !c.is_ascii_digit());
    let place: usize = name.parse().unwrap_or_default();
    Event {
        id: EventId::new(&format!("w{number}")),
        occurred_at: at,
        sequence: None,
        key: Key::Agent(agent.clone()),
        channel: None,
        customer: None,
        body: Body::AgentStateChanged(AgentStateChanged {
            state,
            reason: None,
            team: Some(TeamId::new(&format!("team-{}", place / 40))),
            site: Some(SiteId::new(&format!("site-{}", place / 400))),
            skills: Vec::new(),
        }),
    }
}

/// One agent's states as they come.
struct Shift<'w> {
    random: &'w mut Random,
    agent: &'w AgentId,
    events: Vec<Event>,
}

impl Shift<'_> {
    fn play(mut self, begin: Timestamp, first: Timestamp, last: Timestamp) -> Vec<Event> {
        let mut state = AgentStateChanged {
            state: AgentState::Available,
            reason: None,
            team: Some(self.team()),
            site: Some(self.site()),
            skills: Vec::new(),
        };
        let mut at = begin + self.random.up_to(Span((first - begin).0 / 8));
        at = at.floor(Span::from_secs(1));
        while at <= last {
            // Before the contacts begin few states, and long ones.
            let long = at < first || self.random.chance(0.005);
            self.emit(at, &state);
            at = at + if long { self.long() } else { self.short() };
            match self.random.below(20) {
                // An equal repeat, and one that is equal but for what is not counted.
                0..4 => {}
                4 => state.skills = vec![Text::new(["es", "fr"][self.random.below(2)])],
                _ => self.change(&mut state),
            }
        }
        self.events
    }

    fn emit(&mut self, at: Timestamp, state: &AgentStateChanged) {
        self.events.push(Event {
            id: EventId::new(&format!("s{}", self.events.len())),
            occurred_at: at,
            sequence: None,
            key: Key::Agent(self.agent.clone()),
            channel: None,
            customer: None,
            body: Body::AgentStateChanged(state.clone()),
        });
    }

    fn long(&mut self) -> Span {
        match self.random.below(6) {
            0 => DAY,
            1 => DAY + Span(1) + self.random.up_to(Span::from_secs(12 * 3_600)),
            2 => Span::ZERO,
            _ => Span::from_secs(3_600 * (1 + self.random.below(10) as i64)),
        }
    }

    fn short(&mut self) -> Span {
        match self.random.below(10) {
            0 => Span::ZERO,
            1 => self.random.up_to(Span::from_secs(1)),
            2 => self.random.up_to(Span::from_secs(3_600)),
            _ => Span::from_secs(self.random.below(300) as i64),
        }
    }

    fn change(&mut self, state: &mut AgentStateChanged) {
        state.state = *self.random.pick(&AgentState::ALL);
        let with_reason = match state.state {
            AgentState::Away => 0.7,
            AgentState::Offline
            | AgentState::Available
            | AgentState::Offered
            | AgentState::Engaged
            | AgentState::WrapUp => 0.05,
        };
        state.reason = (self.random.chance(with_reason))
            .then(|| Text::new(["break", "lunch"][self.random.below(2)]));
        if self.random.chance(0.25) {
            state.team = self.random.chance(0.8).then(|| self.team());
        }
        if self.random.chance(0.2) {
            state.site = self.random.chance(0.8).then(|| self.site());
        }
    }

    fn team(&mut self) -> TeamId {
        TeamId::new(["red", "green", "blue"][self.random.below(3)])
    }

    fn site(&mut self) -> SiteId {
        SiteId::new(["north", "south"][self.random.below(2)])
    }
}
