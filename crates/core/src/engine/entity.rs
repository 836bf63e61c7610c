//! Whose numbers: agents, queues and groups.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::{
    engine::{Kind, OVERFLOW},
    event::{AgentId, Channel, QueueId, SiteId, TeamId, Text},
};

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
    /// Contacts with a reason.
    #[n(6)]
    Reason(#[n(0)] Text),
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
            Some(("reason", name)) => Some(Self::Reason(Text::new(name))),
            Some(("channel", id)) => Channel::from_name(id).map(Self::Channel),
            _ => (name == "all").then_some(Self::All),
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

    /// Returns whether somebody waits for it: who waits is a queue's, whatever the reason.
    #[must_use]
    pub const fn has_waits(&self) -> bool {
        !matches!(self, Self::Agent(_) | Self::Reason(_))
    }

    /// Agents are written on a slower beat than queues and groups.
    #[must_use]
    pub const fn is_agent(&self) -> bool {
        matches!(self, Self::Agent(_))
    }
}

impl Entity {
    /// `None`: it needs not be admitted.
    #[must_use]
    pub(super) fn kind(&self) -> Option<Kind> {
        let (kind, name) = match self {
            Self::Agent(id) => (Kind::Agent, id.as_str()),
            Self::Queue(id) => (Kind::Queue, id.as_str()),
            Self::Team(id) => (Kind::Team, id.as_str()),
            Self::Site(id) => (Kind::Site, id.as_str()),
            Self::Reason(reason) => (Kind::ContactReason, &**reason),
            Self::Channel(_) | Self::All => return None,
        };
        (name != OVERFLOW).then_some(kind)
    }

    /// Returns the entity that counts for all names of its kind that were refused.
    #[must_use]
    pub(super) fn overflow(&self) -> Self {
        match self {
            Self::Agent(_) => Self::Agent(AgentId::new(OVERFLOW)),
            Self::Queue(_) => Self::Queue(QueueId::new(OVERFLOW)),
            Self::Team(_) => Self::Team(TeamId::new(OVERFLOW)),
            Self::Site(_) => Self::Site(SiteId::new(OVERFLOW)),
            Self::Reason(_) => Self::Reason(Text::new(OVERFLOW)),
            Self::Channel(_) | Self::All => self.clone(),
        }
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
            Self::Reason(reason) => write!(formatter, "reason:{reason}"),
            Self::All => formatter.write_str("all"),
        }
    }
}
