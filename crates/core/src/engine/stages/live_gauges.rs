//! Which contacts wait, and which are at risk, of each queue and group of a task: for itself, or without figures of its own for
//! the overflow entity.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    engine::{
        entity::Entity,
        exchange::{
            gauge::{Gauge, Gauges},
            names::Names,
        },
        state::{
            codec,
            store::{PartKey, Store},
        },
    },
    event::Timestamp,
    kpi::LiveState,
};

#[derive(Debug, Default)]
pub(in crate::engine) struct LiveGauges {
    own: BTreeMap<Entity, Gauges>,
    /// Of entities without figures of their own.
    over: BTreeMap<Entity, Gauges>,
    /// Entities whose gauges the store does not have yet.
    changed: BTreeSet<Entity>,
    /// Overflow entities whose gauge is not what was last emitted.
    over_changed: BTreeSet<Entity>,
}

impl LiveGauges {
    /// Restores an entity's gauges.
    ///
    /// # Errors
    /// When they can't be decoded.
    pub(in crate::engine) fn restore(
        &mut self,
        entity: &Entity,
        image: &[u8],
    ) -> Result<(), minicbor::decode::Error> {
        self.own.insert(entity.clone(), codec::from_bytes(image)?);
        Ok(())
    }

    /// Ends a restore: all gauges and all names were handed over. Returns the entities without figures of their own.
    pub(in crate::engine) fn start(&mut self, names: &Names) -> impl Iterator<Item = &Entity> {
        let all = std::mem::take(&mut self.own).into_iter();
        (self.own, self.over) = all.partition(|(entity, _)| names.has(entity));
        self.over.keys()
    }

    /// Takes the gauge of a task, for the entity itself or for the overflow entity.
    pub(in crate::engine) fn set(&mut self, entity: &Entity, sender: u16, gauge: Gauge, own: bool) {
        self.changed.insert(entity.clone());
        if !own {
            self.over_changed.insert(entity.overflow());
            let gauges = self.over.entry(entity.clone()).or_default();
            gauges.set(sender, gauge);
            return;
        }
        // It may have been admitted since.
        let known = self.over.remove(entity);
        if known.is_some() {
            self.over_changed.insert(entity.overflow());
        }
        let gauges = self.own.entry(entity.clone());
        let gauges = gauges.or_insert(known.unwrap_or_default());
        gauges.set(sender, gauge);
    }

    /// Returns all that have gauges, and whether for themselves.
    pub(in crate::engine) fn entities(&self) -> Vec<(Entity, bool)> {
        let own = self.own.keys().map(|entity| (entity.clone(), true));
        let over = self.over.keys().map(|entity| (entity.clone(), false));
        own.chain(over).collect()
    }

    /// Takes the gauges of contacts that wait where no figures are kept, by overflow entity.
    pub(in crate::engine) fn take_over_changed(&mut self) -> Vec<(Entity, Gauge)> {
        let changed = std::mem::take(&mut self.over_changed).into_iter();
        let sum = |other: Entity| {
            let of_kind = self.over.iter();
            let of_kind = of_kind.filter(|(entity, _)| entity.overflow() == other);
            let gauge = Gauges::sum(of_kind.map(|(_, gauges)| gauges));
            (other, gauge)
        };
        changed.map(sum).collect()
    }

    /// Returns whether the entity has no figures of its own.
    #[must_use]
    pub(in crate::engine) fn is_over(&self, entity: &Entity) -> bool {
        self.over.contains_key(entity)
    }

    /// Returns the gauge of a queue or group at `now`.
    #[must_use]
    pub(in crate::engine) fn of(&self, entity: &Entity, now: Timestamp) -> Option<LiveState> {
        let live = || {
            let gauges = self.own.get(entity);
            gauges.map_or_else(LiveState::default, |gauges| gauges.live(now))
        };
        (!entity.is_agent()).then(live)
    }

    /// Stores what the step has brought.
    pub(in crate::engine) fn save(&mut self, store: &mut Store) {
        for entity in std::mem::take(&mut self.changed) {
            let key = PartKey::gauges(&entity);
            let own = self.own.get(&entity);
            match own.or_else(|| self.over.get(&entity)) {
                Some(gauges) if !gauges.is_empty() => store.put(&key, &codec::to_bytes(gauges)),
                _ => {
                    self.own.remove(&entity);
                    self.over.remove(&entity);
                    store.remove(&key);
                }
            }
        }
    }
}
