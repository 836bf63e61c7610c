//! The agent stage of a task: states of agents and facts about them become facts of their teams and sites.

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    codec,
    fact_batch::FactBatch,
    store::{PartKey, Store},
    time_series::TimeSeries,
    timers::Timers,
};
use crate::{
    agent::{Agent, State, WrapUp},
    contact::Outcome,
    event::{AgentId, SiteId, Span, Timestamp},
};

#[derive(Debug, Default)]
pub(super) struct Agents {
    /// All of the task: people are few.
    agents: HashMap<Arc<AgentId>, Agent, FixedState>,
    touched: BTreeSet<Arc<AgentId>>,
    timers: Timers<Arc<AgentId>>,
    /// Which agents have another place, and from when on, since this was last taken.
    moves: Vec<(AgentId, Timestamp)>,
}

/// What the end of a step needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgentsEnding {
    /// Up to here states that are too old have ended.
    pub now: Option<Timestamp>,
    /// Behind this no state and no engagement comes from anywhere.
    pub late_cutoff: Timestamp,
    /// Facts within so much time are sent as one sum.
    pub grain: Span,
}

impl Agents {
    /// Restores an agent.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn restore(
        &mut self,
        id: &AgentId,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        let agent: Agent = codec::from_bytes(image)?;
        self.moves
            .extend(agent.said_at().map(|at| (id.clone(), at)));
        let id = Arc::new(id.clone());
        if let Some(at) = agent.armed_at {
            self.timers.insert(at, Arc::clone(&id));
        }
        self.agents.insert(id, agent);
        Ok(())
    }

    pub(super) fn handle_state(
        &mut self,
        id: &AgentId,
        state: State,
        grain: Span,
        batch: &mut FactBatch,
    ) -> Outcome {
        self.moves.push((id.clone(), state.at));
        let agent = self.touch(id);
        agent.handle_state(state, &mut |fact| batch.add_agent_fact(id, &fact, grain))
    }

    /// Returns the site of the last state up to `at`.
    #[must_use]
    pub(super) fn site_of(&self, id: &AgentId, at: Timestamp) -> Option<&SiteId> {
        let place = self.agents.get(id)?.place_at(at)?;
        place.site.as_ref()
    }

    /// Returns when an agent next changes its place, after `now`.
    #[must_use]
    pub(super) fn moves_at(&self, id: &AgentId, now: Timestamp) -> Option<Timestamp> {
        let said_at = self.agents.get(id)?.said_at();
        said_at.filter(|at| *at > now).min()
    }

    /// Takes which agents have another place, and from when on.
    pub(super) fn take_moves(&mut self) -> Vec<(AgentId, Timestamp)> {
        std::mem::take(&mut self.moves)
    }

    /// Takes the facts of contacts about an agent in a step.
    pub(super) fn handle_facts(
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
    pub(super) fn handle_wrap_up(
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
    pub(super) fn handle_timeout(
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
    pub(super) fn finish(
        &mut self,
        ending: AgentsEnding,
        store: &mut Store,
        batch: &mut FactBatch,
    ) {
        let AgentsEnding {
            now,
            late_cutoff,
            grain,
        } = ending;
        for id in std::mem::take(&mut self.touched) {
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            if let Some(now) = now {
                agent.handle_timeout(now, &mut |fact| batch.add_agent_fact(&id, &fact, grain));
            }
            agent.seal(late_cutoff);
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
