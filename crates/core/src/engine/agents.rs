//! The agents of a task: their states, what contacts say of them, and what their teams and sites hear.

use std::{collections::BTreeSet, sync::Arc};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{
    codec,
    delta::Deltas,
    series::Series,
    store::{PartKey, Store},
    timers::Timers,
};
use crate::{
    agent::{Agent, State, WrapUp},
    contact::EventOutcome,
    event::{AgentId, SiteId, Span, Timestamp},
};

#[derive(Debug, Default)]
pub(super) struct Agents {
    /// All of the task: people are few.
    agents: HashMap<Arc<AgentId>, Agent, FixedState>,
    touched: BTreeSet<Arc<AgentId>>,
    timers: Timers<Arc<AgentId>>,
    /// Who has said where it is, from when on, since this was last taken.
    moves: Vec<(AgentId, Timestamp)>,
}

/// What the end of a step needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgentsEnding {
    /// Up to here states that are too old have been spoken of.
    pub now: Option<Timestamp>,
    /// Behind this no state and no engagement comes from anywhere.
    pub horizon: Timestamp,
    /// Facts within so much time are sent as one sum.
    pub grain: Span,
}

impl Agents {
    /// Takes up an agent of a restored store.
    ///
    /// # Errors
    /// When it can't be decoded.
    pub(super) fn take_up(
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

    pub(super) fn handle_state(
        &mut self,
        id: &AgentId,
        state: State,
        grain: Span,
        deltas: &mut Deltas,
    ) -> EventOutcome {
        self.moves.push((id.clone(), state.at));
        let agent = self.touch(id);
        agent.handle_state(state, &mut |fact| deltas.add_agent_fact(id, &fact, grain))
    }

    /// The site of the last state up to `at`.
    #[must_use]
    pub(super) fn site_of(&self, id: &AgentId, at: Timestamp) -> Option<&SiteId> {
        let place = self.agents.get(id)?.place_at(at)?;
        place.site.as_ref()
    }

    /// When an agent next changes its place, after `now`.
    #[must_use]
    pub(super) fn moves_at(&self, id: &AgentId, now: Timestamp) -> Option<Timestamp> {
        let said_at = self.agents.get(id)?.unsealed_times();
        said_at.filter(|at| *at > now).min()
    }

    /// Takes who has said where it is, and from when on.
    pub(super) fn take_moves(&mut self) -> Vec<(AgentId, Timestamp)> {
        std::mem::take(&mut self.moves)
    }

    /// Takes what contacts say of an agent in a step.
    pub(super) fn handle_facts(
        &mut self,
        id: &AgentId,
        facts: Series,
        grain: Span,
        deltas: &mut Deltas,
    ) {
        let agent = self.touch(id);
        agent.handle_facts(facts.into_sums(), &mut |fact| {
            deltas.add_agent_fact(id, &fact, grain);
        });
    }

    /// Takes when a wrap-up begins and ends.
    pub(super) fn handle_wrap_up(
        &mut self,
        wrap_up: &WrapUp,
        facts: Series,
        grain: Span,
        deltas: &mut Deltas,
    ) {
        let agent = self.touch(&wrap_up.agent);
        let facts = facts.into_sums();
        agent.handle_wrap_up(wrap_up.begun_at, facts, &mut |fact| {
            deltas.add_agent_fact(&wrap_up.agent, &fact, grain);
        });
    }

    /// Lets time pass for those who are due. True if anybody was.
    pub(super) fn handle_timeout(
        &mut self,
        now: Timestamp,
        grain: Span,
        deltas: &mut Deltas,
    ) -> bool {
        let mut any = false;
        while let Some(due) = self.timers.pop(now) {
            any = true;
            for (_, id) in due {
                let agent = self.touch(&id);
                agent.armed_at = None;
                agent.handle_timeout(now, &mut |fact| deltas.add_agent_fact(&id, &fact, grain));
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

    /// Ends the step: speaks of what was due already, seals what is old enough, stores the agents.
    pub(super) fn finish(&mut self, ending: AgentsEnding, store: &mut Store, deltas: &mut Deltas) {
        let AgentsEnding {
            now,
            horizon,
            grain,
        } = ending;
        for id in std::mem::take(&mut self.touched) {
            let Some(agent) = self.agents.get_mut(&id) else {
                continue;
            };
            if let Some(now) = now {
                agent.handle_timeout(now, &mut |fact| deltas.add_agent_fact(&id, &fact, grain));
            }
            agent.seal(horizon);
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
