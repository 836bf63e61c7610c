//! The contacts of a task that wait, counted by queue and group.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    contact::Fold,
    engine::{
        Entity, Settings,
        exchange::{fact_batch::groups_of, gauge::Gauge},
    },
    event::{QueueId, Timestamp},
};

/// A task's own contacts as they wait. Derived from the contacts: rebuilt by a restore, never logged.
#[derive(Debug)]
pub(in crate::engine) struct Waiting {
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
    pub(in crate::engine) fn new(settings: &Arc<Settings>) -> Self {
        Self {
            settings: Arc::clone(settings),
            now: Timestamp::MIN,
            by_entity: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Moves on to `now`, by these settings. Returns whether a queue has another team or site then: all contacts are to be counted
    /// again.
    pub(in crate::engine) fn advance(&mut self, settings: &Arc<Settings>, now: Timestamp) -> bool {
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
    pub(in crate::engine) fn count(&mut self, fold: &Fold, sign: i64) {
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
    pub(in crate::engine) fn take_changed(&mut self) -> Vec<(Entity, Gauge)> {
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
