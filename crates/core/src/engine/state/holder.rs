//! What holds a part of the state, for whoever counts memory.

use crate::engine::{entity::Entity, state::store::Part};

/// What holds state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// By id.
    Contact(String),
    /// By keyed hash.
    Customer(String),
    /// The panes of an agent, alone and in its queues, and its states and places.
    Agent(String),
    /// A queue, team, site, channel or all: panes and gauges.
    Group(String),
    /// What rules remember.
    Rules,
    Other,
}

impl Holder {
    #[must_use]
    pub(in crate::engine) fn of(part: Part) -> Self {
        match part {
            Part::Contact(id) => Self::Contact(id.to_string()),
            Part::Customer(hash) => Self::Customer(hash.to_string()),
            Part::Agent(agent) | Part::PaneBlock(Entity::Agent(agent), _) => {
                Self::Agent(agent.to_string())
            }
            Part::AgentQueuePaneBlock(agent_queue, _) | Part::Scorecard(agent_queue) => {
                Self::Agent(agent_queue.agent.to_string())
            }
            Part::Known(Entity::Agent(agent)) => Self::Agent(agent.to_string()),
            Part::PaneBlock(entity, _) | Part::Gauges(entity) | Part::Known(entity) => {
                Self::Group(entity.name())
            }
            Part::Rules(_) => Self::Rules,
            Part::Outbox(_)
            | Part::HandleTimeBaseline(_)
            | Part::Reasons
            | Part::Directory
            | Part::Name(_)
            | Part::Overflow(_) => Self::Other,
        }
    }
}
