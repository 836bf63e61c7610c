//! Facts on their way to agents, queues and groups: summed up by entity and second, or coarser grain.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Settings,
    desk::{Desk, Room},
    desks::Grains,
    entity::Entity,
    names::Names,
    series::{Series, SeriesByName},
};
use crate::{
    agent::{AgentFact, FactChange, Whose, WrapUp},
    balance,
    contact::{Audience, Fact, FactKind},
    event::{AgentId, Span, Text},
    kpi::{Accumulator, Place, StateDuration},
};

/// Live, entities get facts second by second.
const LIVE: Span = Span::from_secs(1);

/// What a step has to tell, to its own entities and others'.
#[derive(Debug)]
pub(super) struct Deltas {
    settings: Arc<Settings>,
    pub entities: SeriesByName<Entity>,
    /// What contacts say of agents, of each instant: the agent's task knows whose else it is.
    pub agents: SeriesByName<AgentId>,
    /// When wrap-ups of agents begin and end.
    pub wrap_ups: SeriesByName<WrapUp>,
    pub desks: SeriesByName<Desk>,
    desk_grains: Grains,
    /// Reasons of being away that the sums count.
    reasons: BTreeSet<Text>,
    pub names: Names,
}

impl Deltas {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            entities: SeriesByName::new(),
            agents: SeriesByName::new(),
            wrap_ups: SeriesByName::new(),
            desks: SeriesByName::new(),
            desk_grains: Grains::new(&settings.balance),
            reasons: BTreeSet::new(),
            names: Names::new(settings),
        }
    }

    pub(super) fn go_by(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    /// Adds a fact `sign` times to the sums of its `grain` of time.
    pub(super) fn add_fact(&mut self, fact: &Fact<'_>, sign: i64, grain: Span) {
        let Audience {
            agent,
            groups,
            queue,
            channel,
        } = fact.audience;
        if let Some(agent) = agent.filter(|_| groups) {
            let wrap_up_begun_at = if let FactKind::WrapUpEnded { begun_at } = fact.kind {
                Some(begun_at)
            } else {
                (fact.kind == FactKind::WrapUpBegan).then_some(fact.at)
            };
            let sums = match wrap_up_begun_at {
                Some(begun_at) => self.wrap_ups.at(WrapUp::new(agent, begun_at), fact.at),
                None => self.agents.at(agent.clone(), fact.at),
            };
            sums.add(fact.kind, sign);
        }
        if fact.kind.is_for_its_agent_alone() {
            return;
        }
        if groups && self.settings.balance.enabled {
            self.add_to_desk(fact, sign, grain);
        }
        let places = &self.settings.kpi.places;
        let without_agent = queue.filter(|_| agent.is_none());
        let place = without_agent.and_then(|it| places.of(it, fact.at)).cloned();
        let second = fact.at.floor(grain);
        let mut tell = |entity| self.entities.at(entity, second).add(fact.kind, sign);
        match agent {
            Some(agent) if !groups => tell(Entity::Agent(agent.clone())),
            Some(_) => {}
            None => place.iter().flat_map(groups_of).for_each(&mut tell),
        }
        if groups {
            if let Some(queue) = queue {
                tell(Entity::Queue(queue.clone()));
            }
            tell(Entity::Channel(channel));
        }
    }

    /// What was emitted of a wait goes from the groups that answered for its queue to those that do now.
    pub(super) fn move_fact(&mut self, fact: &Fact<'_>, to: &Settings, grain: Span) {
        let Audience {
            agent: None,
            queue: Some(queue),
            ..
        } = fact.audience
        else {
            return;
        };
        let was = self.settings.kpi.places.of(queue, fact.at).cloned();
        let is = to.kpi.places.of(queue, fact.at).cloned();
        if was == is {
            return;
        }
        let second = fact.at.floor(grain);
        for (place, sign) in [(was, -1), (is, 1)] {
            for entity in place.iter().flat_map(groups_of) {
                self.entities.at(entity, second).add(fact.kind, sign);
            }
        }
    }

    /// What an agent has done in a queue goes to the desk, in coarser grains.
    fn add_to_desk(&mut self, fact: &Fact<'_>, sign: i64, grain: Span) {
        let Audience {
            agent: Some(agent),
            queue: Some(queue),
            channel,
            ..
        } = fact.audience
        else {
            return;
        };
        let mut sums = Accumulator::default();
        if !balance::add_fact(&mut sums, fact.kind, sign) {
            return;
        }
        let desk = Desk {
            room: Room {
                queue: queue.clone(),
                channel,
            },
            agent: agent.clone(),
        };
        let at = fact.at.floor(self.desk_grains.get(grain > LIVE));
        self.desks.at(desk, at).merge(&sums);
    }

    /// Adds what an agent tells.
    pub(super) fn add_agent_fact(&mut self, agent: &AgentId, fact: &AgentFact<'_>, grain: Span) {
        let entity = match fact.whose {
            Whose::Agent => Entity::Agent(agent.clone()),
            Whose::Team(team) => Entity::Team(team.clone()),
            Whose::Site(site) => Entity::Site(site.clone()),
            Whose::All => Entity::All,
        };
        let mut change = fact.change;
        if let FactChange::Step(StateDuration::Away(reason), by) = change {
            let counted = self.names.reason(reason, fact.at, by);
            self.reasons.insert(Text::new(counted));
            change = FactChange::Step(StateDuration::Away(counted), by);
        }
        let accumulator = self.entities.at(entity, fact.at.floor(grain));
        match change {
            FactChange::Add(sums) => accumulator.merge(sums),
            FactChange::Retract(sums) => accumulator.retract(sums),
            FactChange::Step(what, by) => accumulator.step(what, fact.at, by),
        }
    }

    /// Adds what another task tells.
    pub(super) fn add(
        &mut self,
        entities: BTreeMap<Entity, Series>,
        (agents, wrap_ups): (BTreeMap<AgentId, Series>, BTreeMap<WrapUp, Series>),
        desks: BTreeMap<Desk, Series>,
    ) {
        self.entities.add(entities);
        self.agents.add(agents);
        self.wrap_ups.add(wrap_ups);
        self.desks.add(desks);
    }

    /// Takes the reasons of being away that the sums count.
    pub(super) fn take_reasons(&mut self) -> BTreeSet<Text> {
        std::mem::take(&mut self.reasons)
    }
}

/// The team and the site.
pub(super) fn groups_of(place: &Place) -> impl Iterator<Item = Entity> {
    let team = place.team.clone().map(Entity::Team);
    team.into_iter().chain(place.site.clone().map(Entity::Site))
}
