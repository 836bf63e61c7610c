//! How the workers are getting on, for `/metrics`, `/readyz` and the watchdog.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use super::{
    clock, lock::lock, outage, sources::SourceProgress, statements::Statements, takeover::Report,
    timings::Timings,
};
use floorwalker_core::{
    engine::{Counters, Kind},
    event::{Span, Timestamp},
};

/// Restores that are remembered.
const RESTORES_MAX: usize = 1_024;
/// A group gives tasks to who joined in two steps: first it has others give them up. Who has none after this gets none.
const IDLE_FOR: Span = Span::from_secs(10);
/// What a source lost is named by `/readyz` for this long.
const LOSS_SHOWN_FOR: Span = Span::from_secs(3_600);

/// Shared between the workers and whoever asks.
#[derive(Debug, Default)]
pub struct Progress {
    workers: Mutex<BTreeMap<u16, WorkerProgress>>,
    restores: Mutex<Vec<Report>>,
    losses: Mutex<BTreeMap<String, Losses>>,
    pub timings: Timings,
    hindrances: Mutex<BTreeMap<String, String>>,
    warnings: Mutex<BTreeMap<String, String>>,
    /// What was read of the directory.
    pub statements: Arc<Statements>,
}

/// One worker, as of [`WorkerProgress::at`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkerProgress {
    pub at: Timestamp,
    /// When it last committed a step.
    pub advanced_at: Timestamp,
    /// The group has assigned its tasks, be it none.
    pub joined: bool,
    /// All of its tasks have run since it joined, or the group has had none for it for a while: what it takes over from then on comes
    /// beside its work.
    pub settled: bool,
    /// Since when it has joined and has no task: the group may give it some as soon as others have given them up.
    pub idle_since: Option<Timestamp>,
    /// Since when any of its tasks is being restored.
    pub restoring_since: Option<Timestamp>,
    /// How long the transaction that is under way has lasted.
    pub committing: Option<Span>,
    pub tasks: BTreeMap<u16, TaskProgress>,
    pub steps: u64,
    pub transactions: u64,
    /// Transactions that were not committed at the first attempt.
    pub aborts: u64,
    /// Steps that another owner's replaced.
    pub lost: u64,
    /// Summed over the tasks that it owns, since they were created.
    pub counters: Counters,
    /// By topic, since this process began.
    pub sources: BTreeMap<String, SourceProgress>,
    /// What this process has counted since it began, whichever tasks it owned.
    pub own: Counters,
    /// Sums in `own` that went beyond a limit, by kind.
    pub over_limit: BTreeMap<Kind, u64>,
    /// The exchange lags: sources are not read.
    pub sources_paused: bool,
}

impl WorkerProgress {
    /// Notes whether its tasks are being restored, and whether it has any.
    pub(super) fn note_restores(&mut self) {
        let mut tasks = self.tasks.values();
        let restores = tasks.any(|task| task.phase == Phase::Restoring);
        let since = |before: Option<Timestamp>| before.unwrap_or(self.at);
        let restoring_since = restores.then(|| since(self.restoring_since));
        let is_idle = self.joined && self.tasks.is_empty();
        let idle_since = is_idle.then(|| since(self.idle_since));
        let stays_idle = idle_since.is_none_or(|from| self.at - from >= IDLE_FOR);
        self.settled = self.joined && (self.settled || !restores && stays_idle);
        self.restoring_since = restoring_since;
        self.idle_since = idle_since;
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskProgress {
    pub phase: Phase,
    pub seq: u64,
    /// What `now` means to its contacts; `None` before all tasks have sent their clocks.
    pub clock: Option<Timestamp>,
    /// Its next step was written, and was not committed.
    pub stuck: Option<Stuck>,
    /// Names with figures of their own, by kind.
    pub names: BTreeMap<Kind, usize>,
    pub exchange: InputProgress,
    pub sources: Vec<InputProgress>,
}

/// A step that was not committed at its last attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stuck {
    pub seq: u64,
    /// When the first of these attempts had failed.
    pub since: Timestamp,
    pub tries: u32,
    /// The cause of the last failure.
    pub cause: String,
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
    /// Stands still, and why.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InputProgress {
    pub topic: String,
    pub partition: i32,
    /// The next offset to read; -1: from the first on.
    pub position: i64,
    /// Committed records that follow; an upper bound.
    pub lag: u64,
    /// Records behind those that an open transaction hides; an upper bound.
    pub hidden: u64,
    pub caught_up: bool,
}

/// All workers together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    pub workers: BTreeMap<u16, WorkerProgress>,
    pub restores: Vec<Report>,
    /// By source topic.
    pub losses: BTreeMap<String, Losses>,
    /// What keeps the process from its work, besides its workers and tasks.
    pub hindrances: Vec<String>,
    /// What somebody should look into while it works.
    pub warnings: Vec<String>,
    /// How long Kafka has not answered, and why if that is known; `None` while it answers.
    pub silence: Option<(Span, Option<&'static str>)>,
}

/// What one source topic lost before it was read, since the process started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Losses {
    /// Records that were removed, by retention or by hand. An upper bound: markers of transactions count.
    pub records: u64,
    /// How often a partition turned out to be of a topic that was deleted and created again.
    pub replaced: u64,
    /// When the last was noticed.
    pub at: Timestamp,
    /// The last in words.
    pub last: String,
}

/// A place in a source from which reading can't go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    partition: i32,
    /// The next offset to read.
    position: i64,
    /// Records that were removed; `None` if the topic was created again.
    removed: Option<u64>,
}

impl Loss {
    /// `records` from `position` on were removed before they were read.
    pub(super) const fn removed(partition: i32, position: i64, records: u64) -> Self {
        Self {
            partition,
            position,
            removed: Some(records),
        }
    }

    /// The topic was deleted and created again after it had been read up to `position`.
    pub(super) const fn replaced(partition: i32, position: i64) -> Self {
        Self {
            partition,
            position,
            removed: None,
        }
    }

    fn sentence(&self, topic: &str) -> String {
        let Self {
            partition,
            position,
            removed,
        } = self;
        match removed {
            Some(0) => format!(
                "source `{topic}` [{partition}] ends before offset {position}, where reading stood: goes on with its oldest record"
            ),
            Some(records) => format!(
                "source `{topic}` [{partition}] no longer holds offset {position}: {records} records were removed before they were read; goes on with the oldest there is. Let the topic keep its records for longer (`retention.ms`) than the process may stand still"
            ),
            None => format!(
                "source `{topic}` [{partition}] was deleted and created again after it had been read up to offset {position}: reads it from its first record on; what was not read of the old topic is lost"
            ),
        }
    }
}

impl Progress {
    /// Notes what keeps the process from its work, under its cause, or that it does so no more. It is not ready meanwhile.
    pub fn hinder(&self, cause: &str, sentence: Option<String>) {
        note(&self.hindrances, cause, sentence);
    }

    /// Notes what somebody should look into, under its cause, or that this is over. `/readyz` shows it and stays as it is.
    pub fn warn(&self, cause: &str, sentence: Option<String>) {
        note(&self.warnings, cause, sentence);
    }

    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            workers: lock(&self.workers).clone(),
            restores: lock(&self.restores).clone(),
            losses: lock(&self.losses).clone(),
            hindrances: lock(&self.hindrances).values().cloned().collect(),
            warnings: lock(&self.warnings).values().cloned().collect(),
            silence: outage::silence(),
        }
    }

    pub(super) fn set(&self, worker: u16, progress: WorkerProgress) {
        lock(&self.workers).insert(worker, progress);
        self.timings.upkeep();
    }

    /// Counts and logs what a source lost.
    pub(super) fn note_loss(&self, topic: &str, loss: &Loss) {
        let sentence = loss.sentence(topic);
        tracing::error!("{sentence}");
        let mut losses = lock(&self.losses);
        let losses = losses.entry(topic.to_owned()).or_default();
        losses.records += loss.removed.unwrap_or(0);
        losses.replaced += u64::from(loss.removed.is_none());
        losses.at = clock::wall();
        losses.last = sentence;
    }

    pub(super) fn restored(&self, report: Report) {
        let mut restores = lock(&self.restores);
        if restores.len() == RESTORES_MAX {
            restores.remove(0);
        }
        restores.push(report);
    }
}

fn note(noted: &Mutex<BTreeMap<String, String>>, cause: &str, sentence: Option<String>) {
    let mut noted = lock(noted);
    match sentence {
        Some(sentence) => drop(noted.insert(cause.to_owned(), sentence)),
        None => drop(noted.remove(cause)),
    }
}

impl Snapshot {
    /// What somebody should look into while the process works, in words; what a source lost for an hour.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        let recent = (self.losses.values()).filter(|losses| now - losses.at < LOSS_SHOWN_FOR);
        let lost = recent.map(|losses| losses.last.clone());
        let sources = self.workers.values().flat_map(|it| it.sources.values());
        let put_aside = sources.filter_map(|it| it.warning.clone());
        let warnings = self.warnings.iter().cloned();
        warnings.chain(lost).chain(put_aside).collect()
    }

    /// Workers that have something to read and have committed nothing for this long: they look healthy and stand still.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(second: i64, before: &WorkerProgress, tasks: &[Phase]) -> WorkerProgress {
        let tasks = tasks.iter().zip(0..).map(|(phase, id)| {
            let task = TaskProgress {
                phase: phase.clone(),
                ..TaskProgress::default()
            };
            (id, task)
        });
        let mut worker = WorkerProgress {
            at: Timestamp::from_millis(1_000 * second),
            joined: true,
            tasks: tasks.collect(),
            ..before.clone()
        };
        worker.note_restores();
        worker
    }

    #[test]
    fn a_worker_is_settled_when_all_it_was_given_has_run() {
        let at = |second: i64| Some(Timestamp::from_millis(1_000 * second));
        let joined = worker(1, &WorkerProgress::default(), &[]);
        assert_eq!((joined.settled, joined.idle_since), (false, at(1)));
        let restores = worker(3, &joined, &[Phase::Restoring, Phase::Running]);
        assert_eq!((restores.settled, restores.restoring_since), (false, at(3)));
        assert_eq!(restores.idle_since, None);
        let runs = worker(5, &restores, &[Phase::Running, Phase::Running]);
        assert_eq!((runs.settled, runs.restoring_since), (true, None));
        // More of them come from another.
        let more = worker(7, &runs, &[Phase::Running, Phase::Restoring]);
        assert_eq!((more.settled, more.restoring_since), (true, at(7)));
    }

    #[test]
    fn a_worker_for_which_the_group_has_no_task_is_settled_after_a_while() {
        let mut it = worker(1, &WorkerProgress::default(), &[]);
        it = worker(10, &it, &[]);
        assert!(!it.settled);
        it = worker(11, &it, &[]);
        assert!(it.settled);
    }
}
