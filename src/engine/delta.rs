//! Facts on their way to agents, queues and groups: summed up by entity and second.

use std::collections::BTreeMap;

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
        }
    }

    pub(super) fn add(&mut self, delta: &Delta) {
        self.tally(delta.entity.clone(), delta.second)
            .merge(&delta.tally);
    }

    fn tally(&mut self, entity: Entity, second: Timestamp) -> &mut Tally {
        self.tally_by_place.entry((entity, second)).or_default()
    }

    /// Takes all, by the task that owns the entity; within a task by entity, then time.
    pub(super) fn take_by_task(&mut self, placement: Placement) -> BTreeMap<TaskId, Vec<Delta>> {
        let mut deltas: Vec<Delta> = (self.tally_by_place.drain())
            .filter(|(_, tally)| !tally.is_empty())
            .map(|((entity, second), tally)| Delta {
                entity,
                second,
                tally,
            })
            .collect();
        deltas.sort_unstable_by(|a, b| (&a.entity, a.second).cmp(&(&b.entity, b.second)));
        let mut by_task: BTreeMap<TaskId, Vec<Delta>> = BTreeMap::new();
        let mut owner: Option<(Entity, TaskId)> = None;
        for delta in deltas {
            let task = match &owner {
                Some((entity, task)) if *entity == delta.entity => *task,
                _ => delta.entity.owner(placement),
            };
            owner = Some((delta.entity.clone(), task));
            by_task.entry(task).or_default().push(delta);
        }
        by_task
    }
}
