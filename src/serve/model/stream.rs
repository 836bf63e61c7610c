//! News for those who listen: each has its place in one ring; who falls a whole ring behind is let go.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use serde_json::value::RawValue;
use tokio::sync::broadcast;

use super::{Alert, Score};

/// News that a reader may be behind.
const RING: usize = 4_096;
/// Readers at a time.
const READERS_MAX: usize = 256;

#[derive(Debug)]
pub(in crate::serve) struct Changes {
    ring: broadcast::Sender<Arc<Change>>,
    dropped: AtomicU64,
}

/// A new record of an alert or of an entity's figures.
#[derive(Debug)]
pub(in crate::serve) struct Change {
    pub about: About,
    pub record: Arc<RawValue>,
}

#[derive(Debug)]
pub(in crate::serve) enum About {
    Alert {
        rule: String,
        status: String,
        queue: Option<String>,
    },
    Kpis {
        entity: String,
        window: String,
    },
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            ring: broadcast::channel(RING).0,
            dropped: AtomicU64::new(0),
        }
    }
}

impl Changes {
    /// Nothing is made when nobody listens.
    pub(super) fn tell(&self, change: impl FnOnce() -> Change) {
        if self.ring.receiver_count() > 0 {
            // An error says that the last listener has just left.
            self.ring.send(Arc::new(change())).ok();
        }
    }

    /// `None` when there are too many already.
    pub(in crate::serve) fn listen(&self) -> Option<broadcast::Receiver<Arc<Change>>> {
        (self.ring.receiver_count() < READERS_MAX).then(|| self.ring.subscribe())
    }

    pub(in crate::serve) fn readers(&self) -> usize {
        self.ring.receiver_count()
    }

    /// A reader was too slow.
    pub(in crate::serve) fn note_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::serve) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Change {
    pub(super) fn alert(alert: &Alert, record: Arc<RawValue>) -> Self {
        let about = About::Alert {
            rule: alert.told.rule.clone(),
            status: alert.told.status.clone(),
            queue: alert.told.queue.clone(),
        };
        Self { about, record }
    }

    pub(super) fn score(entity: String, score: &Score) -> Self {
        let window = score.window.clone();
        Self {
            about: About::Kpis { entity, window },
            record: Arc::clone(&score.record),
        }
    }
}
