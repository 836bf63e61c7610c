//! How the receivers are doing, for metrics and health.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use floorwalker_core::event::{Span, Timestamp};

/// Upper bounds in seconds: from a receiver that answers at once to one that was down for a day.
const BOUNDS: [f64; 13] = [
    0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0,
];

/// The state of the role in this process.
pub struct NotifyStatus {
    acts: AtomicBool,
    by_receiver: BTreeMap<String, ReceiverStatus>,
    recorder: PrometheusRecorder,
}

struct ReceiverStatus {
    delivered: AtomicU64,
    retried: AtomicU64,
    refused: AtomicU64,
    overtaken: AtomicU64,
    seconds: metrics::Histogram,
    waiting: Mutex<Waiting>,
}

/// What a receiver was not sent yet.
#[derive(Debug, Clone, Default)]
struct Waiting {
    /// When the oldest of it was decided.
    since: Option<Timestamp>,
    /// Why the last attempt failed.
    trouble: Option<String>,
}

/// How one receiver is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiverReport {
    pub name: String,
    pub delivered: u64,
    /// Attempts that failed and were made again.
    pub retried: u64,
    /// Messages that the receiver refused; they lie among the dead letters.
    pub refused: u64,
    /// Messages that were not sent, because a later transition of their alert was.
    pub overtaken: u64,
    /// How long the oldest message that was not delivered has waited.
    pub oldest_pending: Span,
    pub trouble: Option<String>,
}

/// What became of a message, or of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Delivered,
    Retried,
    Refused,
    /// A later transition of the alert was sent before.
    Overtaken,
}

impl NotifyStatus {
    pub(super) fn new<'a>(receivers: impl Iterator<Item = &'a String>) -> Self {
        const NAME: &str = "floorwalker_notification_seconds";
        let builder = PrometheusBuilder::new();
        // Fails for no bounds at all.
        let builder = match builder.set_buckets(&BOUNDS) {
            Ok(builder) => builder,
            Err(_) => PrometheusBuilder::new(),
        };
        let recorder = builder.build_recorder();
        let status = |name: &String| ReceiverStatus {
            delivered: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            overtaken: AtomicU64::new(0),
            seconds: metrics::with_local_recorder(&recorder, || {
                metrics::describe_histogram!(
                    NAME,
                    metrics::Unit::Seconds,
                    "From the decision to send a message to its delivery, by receiver"
                );
                metrics::histogram!(NAME, "receiver" => name.clone())
            }),
            waiting: Mutex::default(),
        };
        let by_receiver = receivers.map(|name| (name.clone(), status(name))).collect();
        Self {
            acts: AtomicBool::new(false),
            by_receiver,
            recorder,
        }
    }

    /// Returns whether this process is the one that calls people.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.acts.load(Ordering::Relaxed)
    }

    /// Returns a report of each receiver, by name.
    #[must_use]
    pub fn reports(&self, now: Timestamp) -> Vec<ReceiverReport> {
        let reports = self.by_receiver.iter().map(|(name, status)| {
            let waiting = status.waiting().clone();
            let since = waiting.since.map_or(Span::ZERO, |since| now - since);
            ReceiverReport {
                name: name.clone(),
                delivered: status.delivered.load(Ordering::Relaxed),
                retried: status.retried.load(Ordering::Relaxed),
                refused: status.refused.load(Ordering::Relaxed),
                overtaken: status.overtaken.load(Ordering::Relaxed),
                oldest_pending: since.max(Span::ZERO),
                trouble: waiting.trouble,
            }
        });
        reports.collect()
    }

    /// Returns sentences about receivers that are in trouble.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let reports = self.reports(now).into_iter();
        let warnings = reports.filter_map(|it| {
            let (name, trouble) = (it.name, it.trouble?);
            let waited = it.oldest_pending.as_secs();
            Some(format!(
                "receiver `{name}` has not taken a notification for {waited:.0} s: {trouble}"
            ))
        });
        warnings.collect()
    }

    /// Returns the histograms in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.recorder.handle().run_upkeep();
        self.recorder.handle().render()
    }

    pub(super) fn note_acts(&self, acts: bool) {
        self.acts.store(acts, Ordering::Relaxed);
        if !acts {
            let all = self.by_receiver.values();
            all.for_each(|status| *status.waiting() = Waiting::default());
        }
    }

    pub(super) fn count(&self, receiver: &str, counted: Counted) {
        if let Some(status) = self.by_receiver.get(receiver) {
            let counter = match counted {
                Counted::Delivered => &status.delivered,
                Counted::Retried => &status.retried,
                Counted::Refused => &status.refused,
                Counted::Overtaken => &status.overtaken,
            };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes that a message, decided at an instant, waits; and why, if an attempt failed.
    pub(super) fn note_waiting(&self, receiver: &str, since: Timestamp, trouble: Option<String>) {
        if let Some(status) = self.by_receiver.get(receiver) {
            let since = Some(since);
            *status.waiting() = Waiting { since, trouble };
        }
    }

    /// Notes that no message waits, the last one after so long.
    pub(super) fn note_served(&self, receiver: &str, took: Duration) {
        if let Some(status) = self.by_receiver.get(receiver) {
            *status.waiting() = Waiting::default();
            status.seconds.record(took.as_secs_f64());
        }
    }
}

impl ReceiverStatus {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for NotifyStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NotifyStatus")
            .finish_non_exhaustive()
    }
}
