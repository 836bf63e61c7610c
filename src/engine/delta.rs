//! Facts on their way to agents, queues and groups: summed up by entity and second.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{entity::Entity, frame::Delta};
use crate::{
    contact::Fact,
    event::{Span, Timestamp},
    kpi::Tally,
};

/// What a step has to tell, to its own entities and others'.
#[derive(Debug, Default)]
pub(super) struct Deltas {
    tally_by_place: HashMap<(Entity, Timestamp), Tally, FixedState>,
    /// Kept from step to step, empty between them.
    buffer: Vec<Delta>,
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

    /// Takes all, by entity, then time. Give the buffer back with [`Self::reuse`].
    pub(super) fn take(&mut self) -> Vec<Delta> {
        let mut deltas = std::mem::take(&mut self.buffer);
        let told = self.tally_by_place.drain();
        deltas.extend(told.map(|((entity, second), tally)| Delta {
            entity,
            second,
            tally,
        }));
        deltas.retain(|delta| !delta.tally.is_empty());
        deltas.sort_unstable_by(|a, b| (&a.entity, a.second).cmp(&(&b.entity, b.second)));
        deltas
    }

    pub(super) fn reuse(&mut self, mut buffer: Vec<Delta>) {
        buffer.clear();
        self.buffer = buffer;
    }
}
