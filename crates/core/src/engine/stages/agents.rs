//! The agent stage of a task: states of agents and facts about them become facts of their teams and sites.

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::{
    agent::{Agent, State, WrapUp},
    contact::EventOutcome,
    engine::{
        exchange::{fact_batch::FactBatch, time_series::TimeSeries},
        stages::step_end::{Effects, StepEnd},
        state::{
            codec,
            store::{PartKey, Store},
        },
        time::timers::Timers,
    },
    event::{AgentId, SiteId, Span, Timestamp},
};

#[derive(Debug, Default)]
pub(in crate::engine) struct Agents {
    /// All of the task: people are few.
    agents: HashMap<Arc<AgentId>, Agent, FixedState>,
    touched: BTreeSet<Arc<AgentId>>,
    timers: Timers<Arc<AgentId>>,
    /// Which agents have another place, and from when on, since this was last taken.
    moves: Vec<(AgentId, Timestamp)>,
}

impl Agents {
    /// Restores an agent.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        id: &AgentId,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let agent: Agent = codec::from_bytes(image)?;
        self.moves
            .extend(agent.unsealed_times().map(|at| (id.clone(), at)));
        let id = Arc::new(id.clone());
        if let Some(at) = agent.armed_at {
            self.timers.insert(at, Arc::clone(&id));
        }
        self.agents.insert(id, agent);
        Ok(())
    }

    pub(in crate::engine) fn handle_state(
        &mut self,
        id: &AgentId,
        state: State,
        grain: Span,
        batch: &mut FactBatch,
    ) -> EventOutcome {
        self.moves.push((id.clone(), state.at));
        let agent = self.touch(id);
        agent.handle_state(state, &mut |fact| batch.add_agent_fact(id, &fact, grain))
    }

    /// Returns the site of the last state up to `at`.
    #[must_use]
    pub(in crate::engine) fn site_of(&self, id: &AgentId, at: Timestamp) -> Option<&SiteId> {
        let place = self.agents.get(id)?.place_at(at)?;
        place.site.as_ref()
    }

    /// Returns when an agent next changes its place, after `now`.
    #[must_use]
    pub(in crate::engine) fn moves_at(&self, id: &AgentId, now: Timestamp) -> Option<Timestamp> {
        let said_at = self.agents.get(id)?.unsealed_times();
        said_at.filter(|at| *at > now).min()
    }

    /// Takes which agents have another place, and from when on.
    pub(in crate::engine) fn take_moves(&mut self) -> Vec<(AgentId, Timestamp)> {
        std::mem::take(&mut self.moves)
    }

    /// Takes the facts of contacts about an agent in a step.
    pub(in crate::engine) fn handle_facts(
        &mut self,
        id: &AgentId,
        facts: TimeSeries,
        grain: Span,
        batch: &mut FactBatch,
    ) {
        let agent = self.touch(id);
        agent.handle_facts(facts.into_sums(), &mut |fact| {
            batch.add_agent_fact(id, &fact, grain);
        });
    }

    /// Takes when a wrap-up begins and ends.
    pub(in crate::engine) fn handle_wrap_up(
        &mut self,
        wrap_up: &WrapUp,
        facts: TimeSeries,
        grain: Span,
        batch: &mut FactBatch,
    ) {
        let agent = self.touch(&wrap_up.agent);
        let facts = facts.into_sums();
        agent.handle_wrap_up(wrap_up.begun_at, facts, &mut |fact| {
            batch.add_agent_fact(&wrap_up.agent, &fact, grain);
        });
    }

    /// Fires the timers of agents that are due. Returns whether any fired.
    pub(in crate::engine) fn handle_timeout(
        &mut self,
        now: Timestamp,
        grain: Span,
        batch: &mut FactBatch,
    ) -> bool {
        let mut any = false;
        while let Some(due) = self.timers.pop(now) {
            any = true;
            for (_, id) in due {
                let agent = self.touch(&id);
                agent.armed_at = None;
                agent.handle_timeout(now, &mut |fact| batch.add_agent_fact(&id, &fact, grain));
            }
        }
        any
    }

    fn touch(&mut self, id: &AgentId) -> &mut Agent {
        let known = self.agents.get_key_value(id).map(|(id, _)| Arc::clone(id));
        let id = known.unwrap_or_else(|| Arc::new(id.clone()));
        if !self.touched.contains(&id) {
            self.touched.insert(Arc::clone(&id));
        }
        self.agents.entry(id).or_default()
    }

    /// Ends the step: fires what was due already, seals what is old enough, stores the agents.
    pub(in crate::engine) fn finish(
        &mut self,
        end: &StepEnd,
        store: &mut Store,
        effects: &mut Effects,
    ) {
        for id in std::mem::take(&mut self.touched) {
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            if let Some(now) = end.timers_fired_to {
                agent.handle_timeout(now, &mut |fact| {
                    effects.facts.add_agent_fact(&id, &fact, end.grain);
                });
            }
            agent.seal(end.retention_cutoff);
            if let Some(due) = agent.next_due_at()
                && agent.armed_at.is_none_or(|armed| due < armed)
            {
                agent.armed_at = Some(due);
                self.timers.insert(due, Arc::clone(&id));
            }
            let key = PartKey::agent(&id);
            if agent.is_empty() {
                self.agents.remove(&id);
                store.remove(&key);
            } else {
                store.put(&key, &codec::to_bytes(agent));
            }
        }
    }
}
