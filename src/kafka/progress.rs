//! How the workers are getting on, for `/metrics`, `/readyz` and the watchdog.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{client::lock, directory::Statements, restore::Report};
use crate::{
    engine::Counters,
    event::{Span, Timestamp},
};

/// Restores that are remembered.
const RESTORES_MAX: usize = 1_024;

/// Shared between the workers and whoever asks.
#[derive(Debug, Default)]
pub struct Progress {
    workers: Mutex<BTreeMap<u16, WorkerProgress>>,
    restores: Mutex<Vec<Report>>,
    pub commit_latency: Latency,
    /// Of the directory.
    pub statements: Arc<Statements>,
}

/// One worker, as of [`WorkerProgress::at`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkerProgress {
    pub at: Timestamp,
    /// When it last read a record or committed a step.
    pub advanced_at: Timestamp,
    pub tasks: BTreeMap<u16, TaskProgress>,
    pub steps: u64,
    pub transactions: u64,
    /// Transactions that were not committed at the first attempt.
    pub aborts: u64,
    /// Steps that another owner's replaced.
    pub lost: u64,
    /// Summed over the tasks that it owns, since they were created.
    pub counters: Counters,
    /// The exchange lags: sources are not read.
    pub sources_paused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskProgress {
    pub phase: Phase,
    pub seq: u64,
    /// What `now` means to its contacts; `None` before it heard from all tasks.
    pub clock: Option<Timestamp>,
    pub exchange: InputProgress,
    pub sources: Vec<InputProgress>,
}

impl TaskProgress {
    /// Records that wait to be read.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let inputs = std::iter::once(&self.exchange).chain(&self.sources);
        inputs.map(|input| input.lag).sum()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Restoring,
    Running,
    /// Stands still; says why.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputProgress {
    pub topic: String,
    pub partition: i32,
    /// The next offset to read; -1: from the first on.
    pub position: i64,
    /// Records that follow; an upper bound.
    pub lag: u64,
    pub caught_up: bool,
}

/// All workers together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    pub workers: BTreeMap<u16, WorkerProgress>,
    pub restores: Vec<Report>,
}

impl Progress {
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            workers: lock(&self.workers).clone(),
            restores: lock(&self.restores).clone(),
        }
    }

    pub(super) fn set(&self, worker: u16, progress: WorkerProgress) {
        lock(&self.workers).insert(worker, progress);
    }

    pub(super) fn restored(&self, report: Report) {
        let mut restores = lock(&self.restores);
        if restores.len() == RESTORES_MAX {
            restores.remove(0);
        }
        restores.push(report);
    }
}

impl Snapshot {
    /// Every task that this process was given runs, and every worker speaks.
    #[must_use]
    pub fn is_ready(&self, now: Timestamp) -> bool {
        const SILENT_US: i64 = 5_000_000;
        !self.workers.is_empty()
            && self.workers.values().all(|worker| {
                (now - worker.at).0 < SILENT_US
                    && worker
                        .tasks
                        .values()
                        .all(|task| task.phase == Phase::Running)
            })
    }

    /// Workers that have something to read and have not got on for this long: they look healthy and stand still.
    #[must_use]
    pub fn stalled(&self, now: Timestamp, after: Span) -> Vec<u16> {
        let stands = |worker: &WorkerProgress| {
            let lags = worker.tasks.values().any(|task| task.lag() > 0);
            let silent = now - worker.at >= after;
            silent || (lags && now - worker.advanced_at >= after)
        };
        let stalled = self.workers.iter().filter(|(_, worker)| stands(worker));
        stalled.map(|(number, _)| *number).collect()
    }

    /// Tasks that this process owns.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.workers.values().map(|worker| worker.tasks.len()).sum()
    }

    /// Records that wait to be read.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let tasks = self
            .workers
            .values()
            .flat_map(|worker| worker.tasks.values());
        tasks.map(TaskProgress::lag).sum()
    }
}

/// Durations in buckets that grow by a quarter of their power of two: within 19 %.
#[derive(Debug)]
pub struct Latency {
    buckets: [AtomicU64; Self::BUCKETS],
    total_us: AtomicU64,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            total_us: AtomicU64::new(0),
        }
    }
}

impl Latency {
    /// Up to 2^25 µs: half a minute.
    const BUCKETS: usize = 100;

    pub fn record(&self, length: Duration) {
        let us = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        self.total_us.fetch_add(us, Ordering::Relaxed);
        self.buckets[Self::bucket(us)].fetch_add(1, Ordering::Relaxed);
    }

    fn bucket(us: u64) -> usize {
        (0..Self::BUCKETS - 1)
            .find(|bucket| us <= Self::bound_us(*bucket))
            .unwrap_or(Self::BUCKETS - 1)
    }

    /// The largest duration in a bucket.
    fn bound_us(bucket: usize) -> u64 {
        let (power, quarter) = (bucket / 4, bucket as u64 % 4);
        ((4 + quarter + 1) << power).div_ceil(4)
    }

    /// Bounds with the number of durations up to each, and their sum.
    #[must_use]
    pub fn cumulative(&self) -> (Vec<(Duration, u64)>, Duration) {
        let mut count = 0;
        let buckets = self.buckets.iter().enumerate().map(|(bucket, found)| {
            count += found.load(Ordering::Relaxed);
            (Duration::from_micros(Self::bound_us(bucket)), count)
        });
        let total = Duration::from_micros(self.total_us.load(Ordering::Relaxed));
        (buckets.collect(), total)
    }

    /// No less than the duration that this share (in thousandths) stays within; zero when there is none.
    #[must_use]
    pub fn quantile(&self, thousandths: u64) -> Duration {
        let (buckets, _) = self.cumulative();
        let count = buckets.last().map_or(0, |(_, count)| *count);
        let rank = (count * thousandths).div_ceil(1_000).max(1);
        buckets
            .iter()
            .find(|(_, up_to)| *up_to >= rank)
            .map_or(Duration::ZERO, |(bound, _)| *bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_a_quarter() {
        let latency = Latency::default();
        for ms in 1..=100 {
            latency.record(Duration::from_millis(ms));
        }
        let median = latency.quantile(500);
        assert!(median >= Duration::from_millis(50) && median < Duration::from_millis(63));
        let most = latency.quantile(990);
        assert!(most >= Duration::from_millis(99) && most < Duration::from_millis(125));
    }
}
