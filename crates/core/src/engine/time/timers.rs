//! When machines want to be called: slots of 10 ms, each with the keys of those that are due in it; for later than soon, wider ones.

use std::collections::BTreeMap;

use crate::event::{Span, Timestamp};

const SLOT: Span = Span::from_millis(10);
/// Most due times are a week away: a slot of 10 ms would be more bytes than the one key in it. Those of a wider one are given
/// their own slots when its time comes, few enough not to be noticed.
const WIDE_SLOT: Span = Span::from_secs(10);

/// Due times by slot. An entry is never removed: the machine that is called checks whether it is still due.
#[derive(Debug)]
pub(in crate::engine) struct Timers<Key> {
    due_by_slot: BTreeMap<i64, Vec<(Timestamp, Key)>>,
    due_by_wide_slot: BTreeMap<i64, Vec<(Timestamp, Key)>>,
    /// The first wide slot that was not opened yet.
    unopened: i64,
}

impl<Key> Default for Timers<Key> {
    fn default() -> Self {
        Self {
            due_by_slot: BTreeMap::new(),
            due_by_wide_slot: BTreeMap::new(),
            unopened: i64::MIN,
        }
    }
}

impl<Key> Timers<Key> {
    pub(in crate::engine) fn insert(&mut self, at: Timestamp, key: Key) {
        let wide = at.0.div_euclid(WIDE_SLOT.0);
        let slot = if wide >= self.unopened {
            self.due_by_wide_slot.entry(wide)
        } else {
            self.due_by_slot.entry(at.0.div_euclid(SLOT.0))
        };
        slot.or_default().push((at, key));
    }

    fn open_up_to(&mut self, now: Timestamp) {
        self.unopened = self.unopened.max(now.0.div_euclid(WIDE_SLOT.0) + 1);
        while let Some(wide) = self.due_by_wide_slot.first_entry()
            && *wide.key() < self.unopened
        {
            let due = wide.remove();
            due.into_iter().for_each(|(at, key)| self.insert(at, key));
        }
    }

    /// Takes those of the first slot that are due at `now`.
    pub(in crate::engine) fn pop(&mut self, now: Timestamp) -> Option<Vec<(Timestamp, Key)>> {
        self.open_up_to(now);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_due_is_called_once_and_not_before() {
        let seconds = |seconds| Timestamp::from_millis(seconds * 1_000);
        let mut timers = Timers::default();
        for at in [5, 25, 604_800, 12, 25] {
            timers.insert(seconds(at), at);
        }
        let mut called_by = |now: i64| {
            timers.insert(seconds(now + 3), now + 3);
            let due = std::iter::from_fn(|| timers.pop(seconds(now)));
            due.flatten().map(|(_, at)| at).collect::<Vec<_>>()
        };
        assert_eq!(called_by(11), [5]);
        assert_eq!(called_by(14), [12, 14]);
        assert_eq!(called_by(604_799), [17, 25, 25]);
        assert_eq!(called_by(604_802), [604_800, 604_802]);
    }
}
