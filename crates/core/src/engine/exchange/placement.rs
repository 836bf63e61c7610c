//! Which task owns a key.

use murmur2::{KAFKA_SEED, murmur2};

use crate::{
    engine::{Entity, PeerGroup, TaskId},
    event::{AgentId, Key},
};

/// Kafka's default partitioner: a producer that keys by contact and P partitions puts each event where it is applied.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    tasks: u16,
}

impl Placement {
    #[must_use]
    pub const fn new(tasks: u16) -> Self {
        Self { tasks }
    }

    /// Returns the task that owns this key: its contact's, agent's or alert's.
    #[must_use]
    pub fn owner_of(self, key: &Key) -> TaskId {
        match key {
            Key::Contact(contact) => self.task_of(contact.as_str().as_bytes()),
            Key::Agent(agent) => self.owner_of_agent(agent),
            Key::Alert(alert) => self.owner_of_subject(alert.subject().unwrap_or_default()),
        }
    }

    #[must_use]
    pub(in crate::engine) fn owner_of_agent(self, agent: &AgentId) -> TaskId {
        self.owner_of_entity(&Entity::Agent(agent.clone()))
    }

    /// Returns the task that owns an entity. All channels lie together, so that their sum needs no message.
    #[must_use]
    pub(in crate::engine) fn owner_of_entity(self, entity: &Entity) -> TaskId {
        match entity {
            Entity::Agent(_)
            | Entity::Queue(_)
            | Entity::Team(_)
            | Entity::Site(_)
            | Entity::Reason(_) => self.task_of(entity.name().as_bytes()),
            Entity::Channel(_) | Entity::All => self.task_of(b"all"),
        }
    }

    /// Returns the task that owns all agents of a group: they lie together, so that a place among peers needs no message.
    #[must_use]
    pub(in crate::engine) fn owner_of_group(self, group: &PeerGroup) -> TaskId {
        self.task_of(group.to_string().as_bytes())
    }

    /// Returns the task of an alert's subject: of `contact:c1` the contact's, of `queue:billing` the entity's.
    fn owner_of_subject(self, subject: &str) -> TaskId {
        let contact = subject.strip_prefix("contact:");
        match (contact, Entity::from_name(subject)) {
            (Some(contact), _) => self.task_of(contact.as_bytes()),
            (None, Some(entity)) => self.owner_of_entity(&entity),
            (None, None) => self.task_of(subject.as_bytes()),
        }
    }

    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "below the number of tasks")]
    pub fn task_of(self, key: &[u8]) -> TaskId {
        let positive = murmur2(key, KAFKA_SEED) & 0x7fff_ffff;
        TaskId((positive % u32::from(self.tasks)) as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AlertId, ContactId};

    #[test]
    fn an_alert_lies_with_its_subject() {
        let placement = Placement::new(97);
        let alert = |id: &str| placement.owner_of(&Key::Alert(AlertId::new(id)));
        let contact = placement.owner_of(&Key::Contact(ContactId::new("c/1")));
        assert_eq!(alert("contact:c/1/0a"), contact);
        let agent = placement.owner_of(&Key::Agent(AgentId::new("ana")));
        assert_eq!(alert("agent:ana/0a"), agent);
        assert_eq!(
            alert("channel:voice/0a"),
            placement.owner_of_entity(&Entity::All)
        );
        assert_eq!(alert("queue:q/0a"), placement.task_of(b"queue:q"));
    }
}
