//! Whose numbers: agents, queues and groups.

use std::fmt;

use minicbor::{Decode, Encode};

use super::{Placement, TaskId};
use crate::event::{AgentId, Channel, QueueId, SiteId, TeamId};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Entity {
    #[n(0)]
    Agent(#[n(0)] AgentId),
    #[n(1)]
    Queue(#[n(0)] QueueId),
    #[n(2)]
    Channel(#[n(0)] Channel),
    /// The sum of the channels, and what all agents do.
    #[n(3)]
    All,
    #[n(4)]
    Team(#[n(0)] TeamId),
    #[n(5)]
    Site(#[n(0)] SiteId),
}

impl Entity {
    /// Returns the name in records and keys: `agent:ana`, `all`.
    #[must_use]
    pub fn name(&self) -> String {
        self.to_string()
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name.split_once(':') {
            Some(("agent", id)) => Some(Self::Agent(AgentId::new(id))),
            Some(("queue", id)) => Some(Self::Queue(QueueId::new(id))),
            Some(("team", id)) => Some(Self::Team(TeamId::new(id))),
            Some(("site", id)) => Some(Self::Site(SiteId::new(id))),
            Some(("channel", id)) => Channel::from_name(id).map(Self::Channel),
            _ => (name == "all").then_some(Self::All),
        }
    }

    /// Returns the task that owns its state. All channels lie together, so that their sum needs no message.
    #[must_use]
    pub(super) fn owner(&self, placement: Placement) -> TaskId {
        match self {
            Self::Agent(_) | Self::Queue(_) | Self::Team(_) | Self::Site(_) => {
                placement.task_of(self.name().as_bytes())
            }
            Self::Channel(_) | Self::All => placement.task_of(b"all"),
        }
    }

    /// Returns whether agents' states count for it: an agent is in no queue.
    #[must_use]
    pub const fn has_agents(&self) -> bool {
        matches!(
            self,
            Self::Agent(_) | Self::Team(_) | Self::Site(_) | Self::All
        )
    }

    /// Agents are written on a slower beat than queues and groups.
    #[must_use]
    pub const fn is_agent(&self) -> bool {
        matches!(self, Self::Agent(_))
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(formatter, "agent:{id}"),
            Self::Queue(id) => write!(formatter, "queue:{id}"),
            Self::Channel(channel) => write!(formatter, "channel:{}", channel.name()),
            Self::Team(id) => write!(formatter, "team:{id}"),
            Self::Site(id) => write!(formatter, "site:{id}"),
            Self::All => formatter.write_str("all"),
        }
    }
}
