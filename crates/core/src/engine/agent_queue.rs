//! An agent in a queue and channel: what a scorecard is of. It is no entity: what it does is in those of the agent and the queue.

use std::fmt;

use minicbor::{Decode, Encode};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::event::{AgentId, Channel, QueueId};

/// In ids these would be taken for the name's own.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'/').add(b'%');

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct AgentQueue {
    #[n(0)]
    pub group: PeerGroup,
    #[n(1)]
    pub agent: AgentId,
}

/// A queue and channel, where agents are each other's peers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct PeerGroup {
    #[n(0)]
    pub queue: QueueId,
    #[n(1)]
    pub channel: Channel,
}

impl AgentQueue {
    /// Returns the key of its records: `agent:ana/queue:billing/channel:voice`.
    #[must_use]
    pub fn name(&self) -> String {
        self.to_string()
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut parts = name.split('/');
        let mut part = |kind| parts.next()?.strip_prefix(kind);
        let (agent, queue) = (part("agent:")?, part("queue:")?);
        let channel = Channel::from_name(part("channel:")?)?;
        let id = |text| percent_decode_str(text).decode_utf8().ok();
        let group = PeerGroup {
            queue: QueueId::new(&id(queue)?),
            channel,
        };
        let agent = AgentId::new(&id(agent)?);
        parts.next().is_none().then_some(Self { group, agent })
    }
}

impl fmt::Display for AgentQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agent = utf8_percent_encode(self.agent.as_str(), ESCAPED);
        write!(formatter, "agent:{agent}/{}", self.group)
    }
}

impl fmt::Display for PeerGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queue = utf8_percent_encode(self.queue.as_str(), ESCAPED);
        write!(formatter, "queue:{queue}/channel:{}", self.channel.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_queue_is_read_back_from_its_name_whatever_the_ids_hold() {
        for (agent, queue) in [("ana", "billing"), ("a/queue:b", "50% off/"), ("é%2F", "")] {
            let agent_queue = AgentQueue {
                group: PeerGroup {
                    queue: QueueId::new(queue),
                    channel: Channel::Voice,
                },
                agent: AgentId::new(agent),
            };
            assert_eq!(
                AgentQueue::from_name(&agent_queue.name()),
                Some(agent_queue)
            );
        }
        assert_eq!(
            AgentQueue::from_name("agent:ana/queue:q/channel:voice/more"),
            None
        );
    }
}
