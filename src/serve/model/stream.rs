//! News for those who listen, in one ring: who falls a whole ring behind is let go, and who comes back goes on where it stopped
//! as long as the ring reaches.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::value::RawValue;
use tokio::sync::broadcast;

use super::{Alert, Score};
use crate::kafka::clock;

/// News that a reader may be behind.
const RING: usize = 4_096;
/// Readers at a time.
const READERS_MAX: usize = 256;

#[derive(Debug)]
pub(in crate::serve) struct Changes {
    /// Numbers begin anew with each process: each carries its process.
    process: u64,
    live: broadcast::Sender<Arc<Change>>,
    recent: Mutex<Recent>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Recent {
    /// The id of the newest change.
    number: u64,
    changes: VecDeque<Arc<Change>>,
}

/// A new record of an alert or of an entity's figures.
#[derive(Debug)]
pub(in crate::serve) struct Change {
    pub id: ChangeId,
    pub about: About,
    pub record: Arc<RawValue>,
}

/// Which change it is, of which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct ChangeId {
    process: u64,
    pub number: u64,
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
    /// So much changed at once that each reader has to ask for all of it.
    Everything,
}

/// What somebody who listens has before it.
#[derive(Debug)]
pub(in crate::serve) struct Listening {
    /// What it missed while it was away and is still there.
    pub backlog: VecDeque<Arc<Change>>,
    /// It was away for too long: some of what it missed is gone.
    pub missed: bool,
    /// The newest change by then.
    pub from: ChangeId,
    pub news: broadcast::Receiver<Arc<Change>>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            process: clock::wall().0.cast_unsigned(),
            live: broadcast::channel(RING).0,
            recent: Mutex::default(),
            dropped: AtomicU64::new(0),
        }
    }
}

impl Changes {
    pub(super) fn publish(&self, about: About, record: Arc<RawValue>) {
        let mut recent = self.recent();
        recent.number += 1;
        let id = self.id(recent.number);
        let change = Arc::new(Change { id, about, record });
        if recent.changes.len() == RING {
            recent.changes.pop_front();
        }
        recent.changes.push_back(Arc::clone(&change));
        // An error means that nobody listens. Within the lock: who begins to listen now misses none and has none twice.
        self.live.send(change).ok();
    }

    /// Listens from now on, or from behind the change that was read last. `None` when too many listen already.
    pub(in crate::serve) fn listen(&self, last: Option<&str>) -> Option<Listening> {
        if self.live.receiver_count() >= READERS_MAX {
            return None;
        }
        let recent = self.recent();
        let last = last.map(|text| {
            let known = ChangeId::read(text).filter(|id| id.process == self.process);
            known.filter(|id| id.number <= recent.number)
        });
        let oldest = recent
            .changes
            .front()
            .map_or(recent.number + 1, |it| it.id.number);
        let after = last.map(|last| last.filter(|id| id.number + 1 >= oldest));
        let backlog = match after {
            Some(Some(id)) => {
                let later = recent.changes.iter().filter(|it| it.id.number > id.number);
                later.cloned().collect()
            }
            _ => VecDeque::new(),
        };
        Some(Listening {
            backlog,
            missed: after == Some(None),
            from: self.id(recent.number),
            news: self.live.subscribe(),
        })
    }

    /// The newest change: who listens from behind it misses nothing of what comes.
    pub(in crate::serve) fn newest(&self) -> ChangeId {
        self.id(self.recent().number)
    }

    const fn id(&self, number: u64) -> ChangeId {
        ChangeId {
            process: self.process,
            number,
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::serve) fn readers(&self) -> usize {
        self.live.receiver_count()
    }

    /// A reader was too slow.
    pub(in crate::serve) fn note_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(in crate::serve) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl ChangeId {
    fn read(text: &str) -> Option<Self> {
        let (process, number) = text.split_once('-')?;
        Some(Self {
            process: u64::from_str_radix(process, 16).ok()?,
            number: number.parse().ok()?,
        })
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}-{}", self.process, self.number)
    }
}

impl About {
    pub(super) fn alert(alert: &Alert) -> Self {
        Self::Alert {
            rule: alert.fields.rule.clone(),
            status: alert.fields.status.clone(),
            queue: alert.fields.queue.clone(),
        }
    }

    pub(super) fn score(entity: String, score: &Score) -> Self {
        let window = score.window.clone();
        Self::Kpis { entity, window }
    }
}
