//! Memory of tasks that this process had to give up: used again if they come back unchanged.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use super::{clock::Tick, lock::lock};
use floorwalker_core::engine::{Task, TaskId};

/// A rolling restart brings tasks back within minutes; after this, memory is worth more.
const KEPT_FOR: Duration = Duration::from_secs(300);

#[derive(Default)]
pub(super) struct Parked {
    tasks: Mutex<BTreeMap<TaskId, Entry>>,
}

struct Entry {
    task: Box<Task>,
    seq: u64,
    parked_at: Tick,
}

impl Parked {
    /// Keeps a task that stands right behind its committed step `seq`.
    pub(super) fn put(&self, id: TaskId, task: Box<Task>, seq: u64) {
        let parked_at = Tick::now();
        let entry = Entry {
            task,
            seq,
            parked_at,
        };
        lock(&self.tasks).insert(id, entry);
    }

    /// The task, if nobody went on with it.
    pub(super) fn take(&self, id: TaskId, seq: u64) -> Option<Box<Task>> {
        let entry = lock(&self.tasks).remove(&id)?;
        (entry.seq == seq).then_some(entry.task)
    }

    pub(super) fn forget_old(&self) {
        let now = Tick::now();
        lock(&self.tasks).retain(|_, entry| now.since(entry.parked_at) < KEPT_FOR);
    }
}
