//! What was written last, by key: many read it at once, one writes. The oldest goes when there are too many.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dashmap::DashMap;

use floorwalker_core::event::Timestamp;

/// A map of at most so many keys.
#[derive(Debug)]
pub(super) struct Newest<V> {
    map: DashMap<Arc<str>, Kept<V>>,
    /// When each key was written, for whoever writes.
    order: Mutex<BTreeSet<(Timestamp, Arc<str>)>>,
    most: usize,
}

#[derive(Debug)]
struct Kept<V> {
    written_at: Timestamp,
    value: Arc<V>,
}

impl<V> Newest<V> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            map: DashMap::new(),
            order: Mutex::default(),
            most,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<V>> {
        self.map.get(key).map(|kept| Arc::clone(&kept.value))
    }

    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// All values, by key.
    pub(super) fn sorted(&self) -> Vec<Arc<V>> {
        let pair = |kept: dashmap::mapref::multiple::RefMulti<'_, Arc<str>, Kept<V>>| {
            (Arc::clone(kept.key()), Arc::clone(&kept.value))
        };
        let mut pairs: Vec<_> = self.map.iter().map(pair).collect();
        pairs.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        pairs.into_iter().map(|(_, value)| value).collect()
    }

    pub(super) fn put(&self, key: &str, written_at: Timestamp, value: V) {
        let mut order = self.order();
        let key: Arc<str> = key.into();
        let value = Arc::new(value);
        let before = (self.map).insert(Arc::clone(&key), Kept { written_at, value });
        if let Some(before) = before {
            order.remove(&(before.written_at, Arc::clone(&key)));
        }
        order.insert((written_at, key));
        if order.len() > self.most
            && let Some((_, oldest)) = order.pop_first()
        {
            self.map.remove(&oldest);
        }
    }

    pub(super) fn remove(&self, key: &str) {
        let mut order = self.order();
        if let Some((key, kept)) = self.map.remove(key) {
            order.remove(&(kept.written_at, key));
        }
    }

    /// Forgets what was written before then.
    pub(super) fn forget_before(&self, then: Timestamp) {
        let mut order = self.order();
        while let Some((written_at, _)) = order.first()
            && *written_at < then
            && let Some((_, key)) = order.pop_first()
        {
            self.map.remove(&key);
        }
    }

    fn order(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, Arc<str>)>> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(newest: &Newest<&'static str>) -> String {
        let values = newest.sorted();
        values.iter().map(|value| **value).collect()
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let newest = Newest::new(3);
        for (at, name) in [(5, "a"), (1, "b"), (3, "c")] {
            newest.put(name, Timestamp(at), name);
        }
        newest.put("b", Timestamp(7), "b");
        newest.put("d", Timestamp(4), "d");
        assert_eq!(keys(&newest), "abd");
        newest.put("e", Timestamp(0), "e");
        assert_eq!(keys(&newest), "abd");
        newest.forget_before(Timestamp(5));
        assert_eq!(keys(&newest), "ab");
        newest.remove("a");
        newest.remove("a");
        assert_eq!((keys(&newest).as_str(), newest.len()), ("b", 1));
        assert!(newest.get("b").is_some() && newest.get("d").is_none());
    }
}
