//! The statements of the directory and the acknowledgements of alerts that this process has read.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::lock::lock;

/// A statement as a partition of the topic has it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) offset: i64,
    pub(super) json: Vec<u8>,
}

/// What was read of the topic so far: grows only.
#[derive(Debug, Default)]
pub struct Statements {
    lines: Mutex<Vec<Arc<Line>>>,
    /// Ids of alerts.
    acknowledged: Mutex<Vec<Arc<str>>>,
    refused: AtomicUsize,
    /// What the topic held at the start is there.
    caught_up: AtomicBool,
}

impl Statements {
    /// Those behind the first `read`.
    pub(super) fn since(&self, read: usize) -> Vec<Arc<Line>> {
        lock(&self.lines)
            .iter()
            .skip(read)
            .map(Arc::clone)
            .collect()
    }

    /// Returns the ids of the alerts that were acknowledged behind the first `read`.
    pub(super) fn acknowledged_since(&self, read: usize) -> Vec<Arc<str>> {
        let ids = lock(&self.acknowledged);
        ids.iter().skip(read).map(Arc::clone).collect()
    }

    pub(super) fn note_acknowledged(&self, alert: &str) {
        lock(&self.acknowledged).push(alert.into());
    }

    /// How many were taken, and how many records are none.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (
            lock(&self.lines).len(),
            self.refused.load(Ordering::Relaxed),
        )
    }

    pub(super) fn add(&self, offset: i64, json: Vec<u8>) {
        lock(&self.lines).push(Arc::new(Line { offset, json }));
    }

    /// Counts a record that is no statement.
    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// What the topic held at the start has been read.
    pub(super) fn note_caught_up(&self) {
        self.caught_up.store(true, Ordering::Release);
    }

    pub(super) fn is_caught_up(&self) -> bool {
        self.caught_up.load(Ordering::Acquire)
    }
}
