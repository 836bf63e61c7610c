//! The names whose number is limited.

use crate::{
    engine::{AgentQueue, Entity, Kind, OVERFLOW, PeerGroup},
    event::Text,
};

/// A name that needs to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Name {
    Entity(Entity),
    PeerGroup(PeerGroup),
    AgentQueue(AgentQueue),
    Reason(Text),
}

impl Name {
    /// `None`: there are few of them, or it is the overflow entity itself.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Entity(entity) => entity.kind(),
            Self::PeerGroup(group) => (group.queue.as_str() != OVERFLOW).then_some(Kind::PeerGroup),
            Self::AgentQueue(agent_queue) => {
                (agent_queue.agent.as_str() != OVERFLOW).then_some(Kind::Scorecard)
            }
            Self::Reason(reason) => (**reason != *OVERFLOW).then_some(Kind::Reason),
        }
    }

    /// In keys of the store.
    #[must_use]
    pub(super) fn key(&self) -> String {
        match self {
            Self::Entity(entity) => format!("e{entity}"),
            Self::PeerGroup(room) => format!("q{room}"),
            Self::AgentQueue(desk) => format!("d{desk}"),
            Self::Reason(reason) => format!("r{reason}"),
        }
    }

    #[must_use]
    pub(super) fn from_key(key: &str) -> Option<Self> {
        let rest = key.get(1..)?;
        match key.as_bytes().first()? {
            b'e' => Entity::from_name(rest).map(Self::Entity),
            b'q' => {
                AgentQueue::from_name(&format!("agent:/{rest}")).map(|it| Self::PeerGroup(it.group))
            }
            b'd' => AgentQueue::from_name(rest).map(Self::AgentQueue),
            b'r' => Some(Self::Reason(Text::new(rest))),
            _ => None,
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::Entity(entity) => entity.name(),
            Self::PeerGroup(group) => group.to_string(),
            Self::AgentQueue(agent_queue) => agent_queue.name(),
            Self::Reason(reason) => reason.to_string(),
        }
    }
}
