//! When the records of entities will change by time alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::{engine::entity::Entity, event::Timestamp};

/// The earliest change of each, by entity and by time.
#[derive(Debug, Default)]
pub(in crate::engine) struct Expected {
    at_by_entity: BTreeMap<Entity, Timestamp>,
    in_order: BTreeSet<(Timestamp, Entity)>,
}

impl Expected {
    /// Expects a change at `at`, unless an earlier one is.
    pub(in crate::engine) fn expect(&mut self, entity: &Entity, at: Option<Timestamp>) {
        let Some(at) = at else { return };
        match self.at_by_entity.get(entity) {
            Some(known) if *known <= at => return,
            Some(known) => {
                self.in_order.remove(&(*known, entity.clone()));
            }
            None => {}
        }
        self.at_by_entity.insert(entity.clone(), at);
        self.in_order.insert((at, entity.clone()));
    }

    /// Takes one whose change has come.
    pub(in crate::engine) fn pop(&mut self, now: Timestamp) -> Option<Entity> {
        let (at, _) = self.in_order.first()?;
        if *at > now {
            return None;
        }
        let (_, entity) = self.in_order.pop_first()?;
        self.at_by_entity.remove(&entity);
        Some(entity)
    }

    /// Returns the entities with figures that will leave a window.
    pub(in crate::engine) fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.at_by_entity.keys()
    }

    /// Returns whether any change of it is expected: it has figures that will leave a window.
    #[must_use]
    pub(in crate::engine) fn has(&self, entity: &Entity) -> bool {
        self.at_by_entity.contains_key(entity)
    }
}
