//! The statements of the directory that this process has read.

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
