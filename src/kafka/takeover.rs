//! A task that a worker takes over, and what the restore took.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use floorwalker_core::engine::TaskId;

/// One task that this worker was given.
#[derive(Debug, Clone)]
pub(super) struct Takeover {
    pub(super) task: TaskId,
    /// Set when the task is taken away again before it runs.
    pub(super) cancelled: Arc<AtomicBool>,
}

/// What taking a task over cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub task: u16,
    /// The committed step at which it goes on.
    pub seq: u64,
    pub records: u64,
    pub bytes: u64,
    pub took: Duration,
    /// Its memory was still here.
    pub parked: bool,
}

impl Report {
    pub(super) const fn new(task: TaskId, seq: u64) -> Self {
        Self {
            task: task.0,
            seq,
            records: 0,
            bytes: 0,
            took: Duration::ZERO,
            parked: false,
        }
    }
}
