//! What HTTP has refused, for whoever looks into it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of this process.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) no_token: AtomicU64,
    pub(super) unknown_token: AtomicU64,
    pub(super) no_scope: AtomicU64,
    pub(super) other_site: AtomicU64,
    /// Connections that made room for others.
    pub(super) sent_away: AtomicU64,
    /// Connections that there are.
    pub(super) connections: AtomicU64,
}

pub(super) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn value(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
