//! What is no sum: which contacts wait now, since when, and which are at risk. The last value of each sending task, folded by the receiver.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use minicbor::{Decode, Encode};

use super::{Settings, entity::Entity, fact_batch::groups_of};
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
    /// Since when the contact that waits longest has waited.
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

    /// Returns all of them as one.
    #[must_use]
    pub(super) fn sum<'g>(all: impl Iterator<Item = &'g Self>) -> Gauge {
        let gauges = all.flat_map(|gauges| gauges.0.iter().map(|(_, gauge)| gauge));
        gauges.fold(Gauge::default(), |sum, gauge| Gauge {
            waiting: sum.waiting + gauge.waiting,
            at_risk: sum.at_risk + gauge.at_risk,
            oldest: sum.oldest.into_iter().chain(gauge.oldest).min(),
        })
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
#[derive(Debug)]
pub(super) struct Waiting {
    settings: Arc<Settings>,
    /// Teams and sites are those of now.
    pub now: Timestamp,
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
    #[must_use]
    pub(super) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            now: Timestamp::MIN,
            by_entity: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Moves on to `now`, by these settings. Returns whether a queue has another team or site then: all contacts are to be counted
    /// again.
    pub(super) fn advance(&mut self, settings: &Arc<Settings>, now: Timestamp) -> bool {
        let new_settings = !Arc::ptr_eq(&self.settings, settings);
        let anew = new_settings || settings.kpi.places.change_within(self.now, now);
        self.settings = Arc::clone(settings);
        self.now = self.now.max(now);
        if anew {
            let known = std::mem::take(&mut self.by_entity).into_keys();
            self.changed.extend(known);
        }
        anew
    }

    /// Counts a contact `sign` times.
    pub(super) fn count(&mut self, fold: &Fold, sign: i64) {
        let waits = (fold.episodes.last()).filter(|episode| episode.ended.is_none());
        if let Some(episode) = waits {
            self.for_each_entity(fold, [&episode.queue], |book| {
                book.count(episode.opened_at, sign);
            });
        }
        let at_risk = |obligation: &&crate::contact::Obligation| {
            obligation.at_risk && obligation.decided.is_none()
        };
        let at_risk = || fold.obligations.iter().filter(at_risk);
        if at_risk().next().is_some() {
            let queues = at_risk().filter_map(|obligation| obligation.queue.as_ref());
            self.for_each_entity(fold, queues, |book| book.at_risk += sign);
        }
    }

    /// Changes the book of each queue, of the teams and sites that answer for it, and of the channel, once.
    fn for_each_entity<'q>(
        &mut self,
        fold: &Fold,
        queues: impl IntoIterator<Item = &'q QueueId>,
        mut change: impl FnMut(&mut Book),
    ) {
        let mut entities = vec![Entity::Channel(fold.attributes.channel())];
        for queue in queues {
            entities.push(Entity::Queue(queue.clone()));
            let place = self.settings.kpi.places.of(queue, self.now);
            entities.extend(place.into_iter().flat_map(groups_of));
        }
        entities.sort_unstable();
        entities.dedup();
        for entity in entities {
            change(self.by_entity.entry(entity.clone()).or_default());
            self.changed.insert(entity);
        }
    }

    /// Takes the gauges that changed since the last call.
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
