//! When a task writes records, by the wall clock.

use crate::event::{Span, Timestamp};

/// When records are written next, by the wall clock.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Number of this task.
    task: u16,
    tasks: u16,
    pub contacts_at: Timestamp,
    pub groups_at: Timestamp,
    pub agents_at: Timestamp,
    pub scorecards_at: Timestamp,
}

impl Schedule {
    pub(super) const fn new(task: u16, tasks: u16) -> Self {
        Self {
            task,
            tasks,
            contacts_at: Timestamp::MIN,
            groups_at: Timestamp::MIN,
            agents_at: Timestamp::MIN,
            scorecards_at: Timestamp::MIN,
        }
    }

    pub(super) const fn make_all_due(&mut self) {
        *self = Self::new(self.task, self.tasks);
    }

    /// Returns the next beat. Tasks take turns within one: a transaction with the records of all would take long, and alerts wait for it.
    pub(super) fn next(&self, every: Span, wall: Timestamp) -> Timestamp {
        let phase = Span(every.0 * i64::from(self.task) / i64::from(self.tasks));
        (wall - phase).floor(every) + every + phase
    }
}
