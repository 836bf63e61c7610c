//! Of what a part of the state is, for whoever counts memory.

use super::{entity::Entity, store::Part};

/// Who holds state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// By id.
    Contact(String),
    /// By keyed hash.
    Customer(String),
    /// The panes of an agent and its desks, and its states and places.
    Agent(String),
    /// A queue, team, site, channel or all: panes and who waits.
    Group(String),
    Other,
}

impl Holder {
    #[must_use]
    pub(super) fn of(part: Part) -> Self {
        match part {
            Part::Contact(id) => Self::Contact(id.to_string()),
            Part::Customer(hash) => Self::Customer(hash.to_string()),
            Part::Agent(agent) | Part::Leaf(Entity::Agent(agent), _) => {
                Self::Agent(agent.to_string())
            }
            Part::DeskLeaf(desk, _) | Part::Scorecard(desk) => Self::Agent(desk.agent.to_string()),
            Part::Known(Entity::Agent(agent)) => Self::Agent(agent.to_string()),
            Part::Leaf(entity, _) | Part::Gauges(entity) | Part::Known(entity) => {
                Self::Group(entity.name())
            }
            Part::Outbox(_)
            | Part::Usual(_)
            | Part::Reasons
            | Part::Directory
            | Part::Name(_)
            | Part::Overflow(_) => Self::Other,
        }
    }
}
