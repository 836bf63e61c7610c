//! What is no sum: who waits now, since when, and who is at risk. The last value of each sending task, folded by the receiver.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

use super::entity::Entity;
use crate::{
    contact::Fold,
    event::{QueueId, Timestamp},
    kpi::Live,
};

/// What one task knows of one queue or group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Gauge {
    #[n(0)]
    pub waiting: i64,
    #[n(1)]
    pub at_risk: i64,
    /// Since when the one who waits longest has waited.
    #[n(2)]
    pub oldest: Option<Timestamp>,
}

/// What all tasks know of one queue or group, by task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub(super) struct Gauges(#[n(0)] Vec<(u16, Gauge)>);

impl Gauges {
    pub(super) fn set(&mut self, sender: u16, gauge: Gauge) {
        match self.0.binary_search_by_key(&sender, |entry| entry.0) {
            Ok(place) if gauge == Gauge::default() => {
                self.0.remove(place);
            }
            Ok(place) => self.0[place].1 = gauge,
            Err(_) if gauge == Gauge::default() => {}
            Err(place) => self.0.insert(place, (sender, gauge)),
        }
    }

    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[must_use]
    pub(super) fn live(&self, now: Timestamp) -> Live {
        let gauges = || self.0.iter().map(|(_, gauge)| gauge);
        let oldest = gauges().filter_map(|gauge| gauge.oldest).min();
        Live {
            waiting: gauges().map(|gauge| gauge.waiting).sum(),
            longest_wait: oldest.map(|since| (now - since).as_secs().max(0.0)),
            at_risk: gauges().map(|gauge| gauge.at_risk).sum(),
        }
    }
}

/// A task's own contacts as they wait. Derived from the contacts: rebuilt by a restore, never logged.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    by_entity: BTreeMap<Entity, Book>,
    changed: BTreeSet<Entity>,
}

#[derive(Debug, Default)]
struct Book {
    waiting: i64,
    at_risk: i64,
    /// How many began to wait at each instant.
    since: BTreeMap<Timestamp, i64>,
}

impl Waiting {
    /// Counts a contact `sign` times.
    pub(super) fn count(&mut self, fold: &Fold, sign: i64) {
        let waits = (fold.episodes.last()).filter(|episode| episode.ended.is_none());
        if let Some(episode) = waits {
            self.for_each_entity(fold, Some(&episode.queue), |book| {
                book.count(episode.opened_at, sign);
            });
        }
        self.count_at_risk(fold, sign);
    }

    fn count_at_risk(&mut self, fold: &Fold, sign: i64) {
        let open = |obligation: &&crate::contact::Obligation| {
            obligation.at_risk && obligation.decided.is_none()
        };
        let queues: BTreeSet<Option<&QueueId>> = (fold.obligations.iter().filter(open))
            .map(|obligation| obligation.queue.as_ref())
            .collect();
        if queues.is_empty() {
            return;
        }
        self.for_each_entity(fold, None, |book| book.at_risk += sign);
        for queue in queues.into_iter().flatten() {
            let entity = Entity::Queue(queue.clone());
            self.by_entity.entry(entity.clone()).or_default().at_risk += sign;
            self.changed.insert(entity);
        }
    }

    fn for_each_entity(
        &mut self,
        fold: &Fold,
        queue: Option<&QueueId>,
        mut change: impl FnMut(&mut Book),
    ) {
        let queue = queue.map(|queue| Entity::Queue(queue.clone()));
        let channel = Entity::Channel(fold.attributes.channel());
        for entity in queue.into_iter().chain([channel]) {
            change(self.by_entity.entry(entity.clone()).or_default());
            self.changed.insert(entity);
        }
    }

    /// The gauges that changed since the last call.
    pub(super) fn take_changed(&mut self) -> Vec<(Entity, Gauge)> {
        let changed = std::mem::take(&mut self.changed);
        let gauges = changed.into_iter().map(|entity| {
            let gauge = self
                .by_entity
                .get(&entity)
                .map_or_else(Gauge::default, Book::gauge);
            if gauge == Gauge::default() {
                self.by_entity.remove(&entity);
            }
            (entity, gauge)
        });
        gauges.collect()
    }
}

impl Book {
    fn count(&mut self, since: Timestamp, sign: i64) {
        self.waiting += sign;
        let number = self.since.entry(since).or_default();
        *number += sign;
        if *number == 0 {
            self.since.remove(&since);
        }
    }

    fn gauge(&self) -> Gauge {
        Gauge {
            waiting: self.waiting,
            at_risk: self.at_risk,
            oldest: self.since.keys().next().copied(),
        }
    }
}
