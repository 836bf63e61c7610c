//! Facts on their way to agents, queues and groups: summed up by entity and second, or coarser grain.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    agent::{AgentFact, FactChange, Whose, WrapUp},
    balance,
    contact::{Audience, Fact, FactKind, Fold},
    engine::{
        Settings,
        agent_queue::{AgentQueue, PeerGroup},
        entity::Entity,
        exchange::{
            grain::ScorecardGrains,
            names::Names,
            time_series::{SortedSeries, TimeSeriesByName},
        },
    },
    event::{AgentId, ContactId, Span, TeamId, Text, Timestamp},
    kpi::{Accumulator, Place, StateDuration},
    rules::{FeedTally, PANE, Signal, SignalBatch, Subject, add_change},
};

/// Live, entities get facts second by second.
const LIVE: Span = Span::from_secs(1);

/// The facts of a step, for its own entities and those of other tasks.
#[derive(Debug)]
pub(in crate::engine) struct FactBatch {
    settings: Arc<Settings>,
    pub entities: TimeSeriesByName<Entity>,
    /// Facts of contacts about agents, of each instant: the agent's task knows its team and site.
    pub agents: TimeSeriesByName<AgentId>,
    /// When wrap-ups of agents begin and end.
    pub wrap_ups: TimeSeriesByName<WrapUp>,
    pub agent_queues: TimeSeriesByName<AgentQueue>,
    /// What rules look at.
    pub signals: SignalBatch,
    pub feeds: FeedTally,
    scorecard_grains: ScorecardGrains,
    /// Reasons of being away that the sums count.
    reasons: BTreeSet<Text>,
    pub names: Names,
}

impl FactBatch {
    #[must_use]
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            entities: TimeSeriesByName::new(),
            agents: TimeSeriesByName::new(),
            wrap_ups: TimeSeriesByName::new(),
            agent_queues: TimeSeriesByName::new(),
            signals: SignalBatch::default(),
            feeds: FeedTally::default(),
            scorecard_grains: ScorecardGrains::new(&settings.balance),
            reasons: BTreeSet::new(),
            names: Names::new(settings),
        }
    }

    pub(in crate::engine) fn apply_settings(&mut self, settings: &Arc<Settings>) {
        self.settings = Arc::clone(settings);
    }

    /// Adds a fact `sign` times to the sums of its `grain` of time. `reason`: that of its contact, for which it counts too.
    pub(in crate::engine) fn add_fact(
        &mut self,
        (fact, reason): (&Fact<'_>, Option<&Text>),
        sign: i64,
        grain: Span,
    ) {
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
            self.add_to_agent_queue(fact, sign, grain);
        }
        let places = &self.settings.kpi.places;
        let without_agent = queue.filter(|_| agent.is_none());
        let place = without_agent.and_then(|it| places.of(it, fact.at)).cloned();
        let second = fact.at.floor(grain);
        let mut add = |entity| self.entities.at(entity, second).add(fact.kind, sign);
        match agent {
            Some(agent) if !groups => add(Entity::Agent(agent.clone())),
            Some(_) => {}
            None => place.iter().flat_map(groups_of).for_each(&mut add),
        }
        if groups {
            if let Some(queue) = queue {
                add(Entity::Queue(queue.clone()));
            }
            add(Entity::Channel(channel));
            // What customers make of a contact is not known by its reason.
            if let Some(reason) = reason.filter(|_| fact.kind != FactKind::NoCustomer) {
                add(Entity::Reason(reason.clone()));
            }
        }
    }

    /// Moves what was emitted of a wait from the groups that answered for its queue to those that do now.
    pub(in crate::engine) fn move_fact(&mut self, fact: &Fact<'_>, to: &Settings, grain: Span) {
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

    /// Adds what an agent has done in a queue to the facts of scorecards, in coarser grains.
    fn add_to_agent_queue(&mut self, fact: &Fact<'_>, sign: i64, grain: Span) {
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
        let agent_queue = AgentQueue {
            group: PeerGroup {
                queue: queue.clone(),
                channel,
            },
            agent: agent.clone(),
        };
        let at = fact.at.floor(self.scorecard_grains.get(grain > LIVE));
        self.agent_queues.at(agent_queue, at).merge(&sums);
    }

    /// Adds the signals by which a contact has changed.
    pub(in crate::engine) fn add_signals(&mut self, id: &ContactId, before: &Fold, after: &Fold) {
        if self.settings.rules.any() {
            add_change(id, before, after, &mut self.signals);
        }
    }

    /// Adds steps of what an agent does to the signals.
    fn add_steps(&mut self, agent: &AgentId, at: Timestamp, steps: &[(StateDuration<'_>, i64)]) {
        let (present, logged_on) = staff_steps(steps);
        // An agent who takes a contact is there as before.
        if (present, logged_on) == (0, 0) {
            return;
        }
        let left = (at.floor(PANE) + PANE - at).0 / 1_000;
        let signals = self.signals.at(Subject::Agent(agent.clone()), at);
        signals.add(Signal::LoggedOnStep, logged_on);
        signals.add(Signal::PresentStep, present);
        signals.add(Signal::PresentMillis, present * left);
    }

    /// Adds steps of whether an agent is there as one of a team to the signals.
    fn add_member(
        &mut self,
        (team, agent): (&TeamId, &AgentId),
        at: Timestamp,
        steps: &[(StateDuration<'_>, i64)],
    ) {
        let (_, logged_on) = staff_steps(steps);
        if logged_on != 0 {
            let subject = Subject::Team(team.clone(), agent.clone());
            (self.signals.at(subject, at)).add(Signal::LoggedOnStep, logged_on);
        }
    }

    /// Adds a fact that an agent emits.
    pub(in crate::engine) fn add_agent_fact(
        &mut self,
        agent: &AgentId,
        fact: &AgentFact<'_>,
        grain: Span,
    ) {
        let entity = match fact.whose {
            Whose::Agent => Entity::Agent(agent.clone()),
            Whose::Team(team) => Entity::Team(team.clone()),
            Whose::Site(site) => Entity::Site(site.clone()),
            Whose::All => Entity::All,
        };
        if let FactChange::Steps(steps) = fact.change
            && self.settings.rules.any()
        {
            match fact.whose {
                Whose::Agent => self.add_steps(agent, fact.at, steps),
                Whose::Team(team) => self.add_member((team, agent), fact.at, steps),
                Whose::Site(_) | Whose::All => {}
            }
        }
        let accumulator = self.entities.at(entity, fact.at.floor(grain));
        match fact.change {
            FactChange::Add(sums) => accumulator.merge(sums),
            FactChange::Retract(sums) => accumulator.retract(sums),
            FactChange::Steps(steps) => {
                for (what, by) in steps {
                    let mut what = *what;
                    if let StateDuration::Away(reason) = what {
                        let counted = self.names.reason(reason, fact.at, *by);
                        self.reasons.insert(Text::new(counted));
                        what = StateDuration::Away(counted);
                    }
                    accumulator.step(what, fact.at, *by);
                }
            }
        }
    }

    /// Adds the facts that another task sent.
    pub(in crate::engine) fn add(
        &mut self,
        entities: SortedSeries<Entity>,
        (agents, wrap_ups): (SortedSeries<AgentId>, SortedSeries<WrapUp>),
        agent_queues: SortedSeries<AgentQueue>,
    ) {
        self.entities.add(entities);
        self.agents.add(agents);
        self.wrap_ups.add(wrap_ups);
        self.agent_queues.add(agent_queues);
    }

    /// Takes the reasons of being away that the sums count.
    pub(in crate::engine) fn take_reasons(&mut self) -> BTreeSet<Text> {
        std::mem::take(&mut self.reasons)
    }
}

/// Returns by how much steps change whether an agent is there, and whether they are logged on.
fn staff_steps(steps: &[(StateDuration<'_>, i64)]) -> (i64, i64) {
    let (mut present, mut logged_on) = (0, 0);
    for (what, by) in steps {
        match what {
            StateDuration::Away(_) => logged_on += by,
            StateDuration::Available | StateDuration::Occupied => {
                logged_on += by;
                present += by;
            }
            StateDuration::Engaged | StateDuration::Busy => {}
        }
    }
    (present, logged_on)
}

/// Returns the team and the site.
pub(in crate::engine) fn groups_of(place: &Place) -> impl Iterator<Item = Entity> {
    let team = place.team.clone().map(Entity::Team);
    team.into_iter().chain(place.site.clone().map(Entity::Site))
}
