//! What a task has for others and has not sent yet. Each partition more makes a transaction longer, and alerts wait for it:
//! live, sums and gauges leave together on a beat. Until then they are state like any other.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    codec,
    frame::Section,
    store::{Part, PartKey, Store},
};

/// What waits, by destination.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    sections: BTreeMap<u16, Section>,
    /// Destinations whose part in the store is not what waits now.
    changed: BTreeSet<u16>,
}

impl Outbox {
    /// Takes up what a restored store holds.
    pub(super) fn start(&mut self, store: &Store) {
        for (part, image) in store.iter() {
            if let Part::Outbox(task) = part
                && let Ok(section) = codec::from_bytes(image)
            {
                self.sections.insert(task, section);
            }
        }
    }

    /// What waits for a task, to be added to.
    pub(super) fn section(&mut self, task: u16) -> &mut Section {
        self.changed.insert(task);
        self.sections.entry(task).or_default()
    }

    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.sections.is_empty()
    }

    /// Takes what goes now: all, or what can't wait.
    pub(super) fn take(&mut self, all: bool) -> BTreeMap<u16, Section> {
        let goes = |section: &Section| all || !section.forwards.is_empty();
        let (taken, kept): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(&mut self.sections)
            .into_iter()
            .partition(|(_, section)| goes(section));
        self.sections = kept;
        self.changed.extend(taken.keys());
        taken
    }

    /// Stores what waits on.
    pub(super) fn save(&mut self, store: &mut Store) {
        for task in std::mem::take(&mut self.changed) {
            let key = PartKey::outbox(task);
            match self.sections.get_mut(&task) {
                Some(section) => {
                    section.join_deltas();
                    store.put(&key, &codec::to_bytes(section));
                }
                None => store.remove(&key),
            }
        }
    }
}
