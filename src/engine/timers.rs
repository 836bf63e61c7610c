//! When machines want to be called: slots of 10 ms, each with the keys of those that are due in it.

use std::collections::BTreeMap;

use crate::event::{Span, Timestamp};

const SLOT: Span = Span::from_millis(10);

/// Due times by slot. An entry is never removed: the one who is called checks whether it is still meant.
#[derive(Debug)]
pub(super) struct Timers<Key> {
    due_by_slot: BTreeMap<i64, Vec<(Timestamp, Key)>>,
}

impl<Key> Default for Timers<Key> {
    fn default() -> Self {
        Self {
            due_by_slot: BTreeMap::new(),
        }
    }
}

impl<Key> Timers<Key> {
    pub(super) fn insert(&mut self, at: Timestamp, key: Key) {
        let slot = at.0.div_euclid(SLOT.0);
        self.due_by_slot.entry(slot).or_default().push((at, key));
    }

    /// Takes those of the first slot who are due at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Vec<(Timestamp, Key)>> {
        let first = self.due_by_slot.first_entry()?;
        let last_slot = now.0.div_euclid(SLOT.0);
        if *first.key() < last_slot {
            return Some(first.remove());
        }
        if *first.key() > last_slot || first.get().iter().all(|(at, _)| *at > now) {
            return None;
        }
        let (due, later) = first.remove().into_iter().partition(|(at, _)| *at <= now);
        self.due_by_slot.insert(last_slot, later);
        Some(due)
    }
}
