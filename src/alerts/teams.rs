//! Which team answers for a queue: as the configuration has it, or the directory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use floorwalker_core::{
    contact::ContactSettings,
    directory::Directory,
    event::{QueueId, Timestamp},
    kpi::Places,
};

#[derive(Debug)]
pub(crate) struct Teams {
    configured: Places,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    directory: Directory,
    /// Of statements, so that the later one counts.
    next: i64,
    places: Places,
}

impl Teams {
    pub(crate) fn new(configured: Places) -> Self {
        Self {
            known: Mutex::new(Known {
                directory: Directory::default(),
                next: 0,
                places: configured.clone(),
            }),
            configured,
        }
    }

    /// Takes a statement of the directory in. Returns whether a team may have changed.
    pub(crate) fn take(&self, subject: &str, statement: &[u8]) -> bool {
        if !subject.starts_with("queue:") {
            return false;
        }
        let mut known = self.known();
        let offset = known.next;
        known.next += 1;
        // What can't be taken changes nothing; the workers log it.
        let settings = ContactSettings::default();
        let applied = known.directory.apply(offset, statement, &settings);
        if applied.is_ok() {
            known.places = known.directory.places(&self.configured);
        }
        applied.is_ok()
    }

    pub(crate) fn of(&self, queue: &str, now: Timestamp) -> Option<String> {
        let known = self.known();
        let place = known.places.of(&QueueId::new(queue), now)?;
        place.team.as_ref().map(|team| team.as_str().to_owned())
    }

    /// Whether any queue changed its team by itself after `from`, up to `to`.
    pub(crate) fn change_within(&self, from: Timestamp, to: Timestamp) -> bool {
        self.known().places.change_within(from, to)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
