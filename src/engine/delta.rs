//! Facts on their way to agents, queues and groups: summed up by entity and second.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{Placement, TaskId, entity::Entity, frame::Delta};
use crate::{
    contact::Fact,
    event::{Span, Timestamp},
    kpi::Tally,
};

/// What a step has to tell, to its own entities and others'.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    tally_by_place: HashMap<(Entity, Timestamp), Tally, FixedState>,
}

impl Deltas {
    /// Adds a fact `sign` times to the sums of its `grain` of time.
    pub(super) fn add_fact(&mut self, fact: &Fact<'_>, sign: i64, grain: Span) {
        let second = fact.at.floor(grain);
        let mut tell = |entity| self.tally(entity, second).add(fact.what, sign);
        let audience = fact.audience;
        if let Some(agent) = audience.agent {
            tell(Entity::Agent(agent.clone()));
        }
        if audience.groups {
            if let Some(queue) = audience.queue {
                tell(Entity::Queue(queue.clone()));
            }
            tell(Entity::Channel(audience.channel));
            tell(Entity::All);
        }
    }

    pub(super) fn add(&mut self, delta: &Delta) {
        self.tally(delta.entity.clone(), delta.second)
            .merge(&delta.tally);
    }

    fn tally(&mut self, entity: Entity, second: Timestamp) -> &mut Tally {
        self.tally_by_place.entry((entity, second)).or_default()
    }

    /// Takes all, by the task that owns the entity; within a task by entity and second.
    pub(super) fn take_by_task(&mut self, placement: Placement) -> Vec<(TaskId, Delta)> {
        let mut deltas: Vec<(TaskId, Delta)> = self
            .tally_by_place
            .drain()
            .filter(|(_, tally)| !tally.is_empty())
            .map(|((entity, second), tally)| {
                let task = placement.task_of(entity.name().as_bytes());
                (
                    task,
                    Delta {
                        entity,
                        second,
                        tally,
                    },
                )
            })
            .collect();
        deltas.sort_unstable_by(|(task, a), (other, b)| {
            (task, &a.entity, a.second).cmp(&(other, &b.entity, b.second))
        });
        deltas
    }
}
