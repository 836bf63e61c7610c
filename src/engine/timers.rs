//! When contacts want to be called: slots of 10 ms, each with the contacts that are due in it.

use std::collections::BTreeMap;

use crate::event::{ContactId, Span, Timestamp};

const SLOT: Span = Span::from_millis(10);

/// Due times by slot. An entry is never removed: the one who is called checks whether it is still meant.
#[derive(Debug, Default)]
pub(super) struct Timers {
    contacts_by_slot: BTreeMap<i64, Vec<ContactId>>,
}

impl Timers {
    pub(super) fn insert(&mut self, at: Timestamp, contact: ContactId) {
        let slot = at.0.div_euclid(SLOT.0) + 1;
        self.contacts_by_slot.entry(slot).or_default().push(contact);
    }

    /// Takes the contacts of the first slot that is over at `now`.
    pub(super) fn pop(&mut self, now: Timestamp) -> Option<Vec<ContactId>> {
        let first = self.contacts_by_slot.first_entry()?;
        (*first.key() <= now.0.div_euclid(SLOT.0)).then(|| first.remove())
    }
}
