//! Facts on their way to agents, queues and groups: summed up by entity and second.

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    Settings,
    desk::{Desk, Room},
    desks::Grains,
    entity::Entity,
    frame::{AgentFacts, Delta, DeskFacts},
};
use crate::{
    agent::{Says, Told, Whose},
    balance,
    contact::{Audience, Fact, What},
    event::{AgentId, Span, Text, Timestamp},
    kpi::{Lasting, Place, Tally},
};

/// Live, entities are told second by second.
const LIVE: Span = Span::from_secs(1);

/// What a step has to tell, to its own entities and others'.
#[derive(Debug)]
pub(super) struct Deltas {
    settings: Arc<Settings>,
    tally_by_place: HashMap<(Entity, Timestamp), Tally, FixedState>,
    /// What contacts say of agents, of each instant: the agent's task knows whose else it is.
    facts_by_agent: HashMap<(AgentId, Timestamp), Tally, FixedState>,
    tally_by_desk: HashMap<(Desk, Timestamp), Tally, FixedState>,
    desk_grains: Grains,
    /// Reasons of being away that the sums count.
    reasons: BTreeSet<Text>,
    /// Kept from step to step, empty between them.
    buffer: Vec<Delta>,
}

impl Deltas {
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            tally_by_place: HashMap::default(),
            facts_by_agent: HashMap::default(),
            tally_by_desk: HashMap::default(),
            desk_grains: Grains::new(&settings.balance),
            reasons: BTreeSet::new(),
            buffer: Vec::new(),
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
            let place = (agent.clone(), fact.at);
            let tally = self.facts_by_agent.entry(place).or_default();
            tally.add(fact.what, sign);
        }
        if matches!(fact.what, What::EngagementBegan | What::EngagementEnded) {
            return;
        }
        if groups && self.settings.balance.enabled {
            self.add_to_desk(fact, sign, grain);
        }
        let places = &self.settings.kpi.places;
        let without_agent = queue.filter(|_| agent.is_none());
        let place = without_agent.and_then(|it| places.of(it, fact.at)).cloned();
        let second = fact.at.floor(grain);
        let mut tell = |entity| self.tally(entity, second).add(fact.what, sign);
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

    /// What was told of a wait goes from the groups that answered for its queue to those that do now.
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
                self.tally(entity, second).add(fact.what, sign);
            }
        }
    }

    /// What an agent has done in a queue is told to the desk, in coarser grains.
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
        let mut sums = Tally::default();
        if !balance::add_fact(&mut sums, fact.what, sign) {
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
        let tally = self.tally_by_desk.entry((desk, at)).or_default();
        tally.merge(&sums);
    }

    /// Takes what is told to desks, by desk, then time.
    pub(super) fn take_desk_facts(&mut self) -> Vec<DeskFacts> {
        let told = self.tally_by_desk.drain();
        let mut facts: Vec<DeskFacts> = told
            .filter(|(_, sums)| !sums.is_empty())
            .map(|((desk, at), sums)| DeskFacts { desk, at, sums })
            .collect();
        facts.sort_unstable_by(DeskFacts::cmp_place);
        facts
    }

    pub(super) fn add_desk_facts(&mut self, told: DeskFacts) {
        let place = (told.desk, told.at);
        let tally = self.tally_by_desk.entry(place).or_default();
        tally.merge(&told.sums);
    }

    /// Adds what an agent tells.
    pub(super) fn hear(&mut self, agent: &AgentId, told: &Told<'_>, grain: Span) {
        let entity = match told.whose {
            Whose::Agent => Entity::Agent(agent.clone()),
            Whose::Team(team) => Entity::Team(team.clone()),
            Whose::Site(site) => Entity::Site(site.clone()),
            Whose::All => Entity::All,
        };
        if let Says::Step(Lasting::Away(reason), _) = told.says {
            self.reasons.insert(Text::new(reason));
        }
        let tally = self.tally(entity, told.at.floor(grain));
        match told.says {
            Says::Sums(sums) => tally.merge(sums),
            Says::NoSums(sums) => tally.take_back(sums),
            Says::Step(what, by) => tally.step(what, told.at, by),
        }
    }

    /// Takes what contacts say of agents, by agent, then time.
    pub(super) fn take_agent_facts(&mut self) -> Vec<AgentFacts> {
        let told = self.facts_by_agent.drain();
        let mut facts: Vec<AgentFacts> = told
            .filter(|(_, sums)| !sums.is_empty())
            .map(|((agent, at), sums)| AgentFacts { agent, at, sums })
            .collect();
        facts.sort_unstable_by(|a, b| (&a.agent, a.at).cmp(&(&b.agent, b.at)));
        facts
    }

    /// Takes the reasons of being away that the sums count.
    pub(super) fn take_reasons(&mut self) -> BTreeSet<Text> {
        std::mem::take(&mut self.reasons)
    }

    pub(super) fn add(&mut self, delta: &Delta) {
        self.tally(delta.entity.clone(), delta.second)
            .merge(&delta.tally);
    }

    fn tally(&mut self, entity: Entity, second: Timestamp) -> &mut Tally {
        self.tally_by_place.entry((entity, second)).or_default()
    }

    /// Takes all, by entity, then time. Give the buffer back with [`Self::reuse`].
    pub(super) fn take(&mut self) -> Vec<Delta> {
        let mut deltas = std::mem::take(&mut self.buffer);
        let told = self.tally_by_place.drain();
        deltas.extend(told.map(|((entity, second), tally)| Delta {
            entity,
            second,
            tally,
        }));
        deltas.retain(|delta| !delta.tally.is_empty());
        deltas.sort_unstable_by(|a, b| (&a.entity, a.second).cmp(&(&b.entity, b.second)));
        deltas
    }

    pub(super) fn reuse(&mut self, mut buffer: Vec<Delta>) {
        buffer.clear();
        self.buffer = buffer;
    }
}

/// The team and the site.
pub(super) fn groups_of(place: &Place) -> impl Iterator<Item = Entity> {
    let team = place.team.clone().map(Entity::Team);
    team.into_iter().chain(place.site.clone().map(Entity::Site))
}
