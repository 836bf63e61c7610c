//! Whether the process is alive, and whether it does its work. "No" comes with reasons.
//!
//! Alive is a matter of the process alone: that Kafka is down is no reason to restart it. Ready is a matter of its work: the
//! worst a stream processor can do is to look healthy and stand still.

use serde::Serialize;

use super::ReadSide;
use crate::{
    kafka::{Phase, Snapshot, Stuck, WorkerProgress},
    notify::NotifyStatus,
};
use floorwalker_core::event::{Span, Timestamp};

/// A worker reports several times a second, also while it waits for Kafka; this long without a word, it hangs.
const SILENT_AFTER: Span = Span::from_secs(60);
/// Records wait, and no step has been committed for this long.
const STALLED_AFTER: Span = Span::from_secs(60);
/// No broker has answered for this long.
const KAFKA_SILENT_AFTER: Span = Span::from_secs(10);
/// Tasks that a process takes over beside its own are back within moments; this long, and it is a question whether they come.
const TAKEOVER_AFTER: Span = Span::from_secs(30);
/// A commit takes milliseconds; this long, and it is a question whether it comes.
const COMMIT_AFTER: Span = Span::from_secs(15);
/// A step that was not committed at this many attempts, for this long. A rebalance makes one fail, too.
const TRIES_MAX: u32 = 3;
const STUCK_AFTER: Span = Span::from_secs(3);

/// What `/healthz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Liveness {
    pub alive: bool,
    pub reasons: Vec<String>,
}

/// What `/readyz` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Readiness {
    pub ready: bool,
    pub reasons: Vec<String>,
    /// What somebody should look into, although the process works.
    pub warnings: Vec<String>,
}

impl Liveness {
    /// A process that is not should be restarted.
    pub(super) fn of(snapshot: &Snapshot, now: Timestamp) -> Self {
        let reasons = silent_workers(snapshot, now);
        let alive = reasons.is_empty();
        Self { alive, reasons }
    }
}

impl Readiness {
    pub(super) fn of(
        snapshot: &Snapshot,
        works: bool,
        (read, notify): (Option<&ReadSide>, Option<&NotifyStatus>),
        now: Timestamp,
    ) -> Self {
        let mut reasons = snapshot.hindrances.clone();
        reasons.extend(silence(snapshot));
        if works && reasons.is_empty() && snapshot.workers.is_empty() {
            reasons.push("no worker has started".to_owned());
        }
        if works {
            reasons.extend(silent_workers(snapshot, now));
            for (number, worker) in &snapshot.workers {
                faults_of_worker(*number, worker, now, &mut reasons);
            }
        }
        if read.is_some_and(|read| !read.model.is_caught_up()) {
            reasons.push("the read side has not come to the end of its topics".to_owned());
        }
        let mut warnings = snapshot.warnings(now);
        if works {
            let workers = snapshot.workers.values();
            let taken_over = workers.filter(|worker| takes_over(worker, now));
            warnings.extend(taken_over.filter_map(restores));
        }
        // A receiver that is down is no fault of this process.
        warnings.extend(notify.into_iter().flat_map(|it| it.warnings(now)));
        Self {
            ready: reasons.is_empty(),
            reasons,
            warnings,
        }
    }
}

fn silence(snapshot: &Snapshot) -> Option<String> {
    let (silent, why) = snapshot
        .silence
        .filter(|(silent, _)| *silent >= KAFKA_SILENT_AFTER)?;
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    Some(format!(
        "Kafka has not answered for {:.0} s{why}",
        silent.as_secs()
    ))
}

fn silent_workers(snapshot: &Snapshot, now: Timestamp) -> Vec<String> {
    let silent = (snapshot.workers.iter()).map(|(number, worker)| (number, now - worker.at));
    let silent = silent.filter(|(_, silent)| *silent > SILENT_AFTER);
    silent
        .map(|(number, silent)| {
            format!(
                "worker {number} has not reported for {:.0} s",
                silent.as_secs()
            )
        })
        .collect()
}

fn faults_of_worker(
    number: u16,
    worker: &WorkerProgress,
    now: Timestamp,
    reasons: &mut Vec<String>,
) {
    let may_get_some = worker.tasks.is_empty() && !worker.settled;
    if !worker.joined || may_get_some {
        reasons.push(format!(
            "worker {number} has no tasks assigned by the group"
        ));
    }
    if !takes_over(worker, now) {
        reasons.extend(restores(worker));
    }
    for (id, task) in &worker.tasks {
        if let Phase::Failed(cause) = &task.phase {
            reasons.push(format!("task {id} stands still: {cause}"));
        }
        if let Some(stuck) = task.stuck.as_ref().filter(|stuck| is_stuck(stuck, now)) {
            let Stuck {
                seq,
                since,
                tries,
                cause,
            } = stuck;
            let seconds = (now - *since).as_secs();
            reasons.push(format!(
                "task {id} can't commit step {seq}: {tries} attempts in {seconds:.0} s, the last one: {cause}"
            ));
        }
    }
    if let Some(length) = worker.committing.filter(|length| *length > COMMIT_AFTER) {
        let seconds = length.as_secs();
        reasons.push(format!(
            "worker {number} has waited for a commit for {seconds:.0} s"
        ));
    }
    let idle = now - worker.advanced_at;
    let lag: u64 = worker
        .tasks
        .values()
        .flat_map(|task| &task.sources)
        .map(|it| it.lag)
        .sum();
    if idle > STALLED_AFTER && lag > 0 {
        let seconds = idle.as_secs();
        reasons.push(format!(
            "records wait, but worker {number} has committed nothing for {seconds:.0} s"
        ));
    }
}

fn restores(worker: &WorkerProgress) -> Option<String> {
    let restoring: Vec<String> = (worker.tasks.iter())
        .filter(|(_, task)| task.phase == Phase::Restoring)
        .map(|(id, _)| id.to_string())
        .collect();
    match restoring.as_slice() {
        [] => None,
        [one] => Some(format!("task {one} is being restored")),
        all => Some(format!("tasks {} are being restored", all.join(", "))),
    }
}

/// Whether what is being restored is work of others, which a worker has just taken over beside its own.
fn takes_over(worker: &WorkerProgress, now: Timestamp) -> bool {
    let since = worker.restoring_since.unwrap_or(now);
    worker.settled && now - since <= TAKEOVER_AFTER
}

fn is_stuck(stuck: &Stuck, now: Timestamp) -> bool {
    stuck.tries >= TRIES_MAX && now - stuck.since >= STUCK_AFTER
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kafka::{InputProgress, TaskProgress};

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    /// One worker with one task in `phase`, that spoke and advanced so many seconds ago.
    fn snapshot(phase: Phase, spoke: i64, advanced: i64, lag: u64) -> Snapshot {
        let task = TaskProgress {
            phase,
            sources: vec![InputProgress {
                lag,
                ..InputProgress::default()
            }],
            ..TaskProgress::default()
        };
        let worker = WorkerProgress {
            at: NOW - Span::from_secs(spoke),
            advanced_at: NOW - Span::from_secs(advanced),
            joined: true,
            tasks: BTreeMap::from([(3, task)]),
            ..WorkerProgress::default()
        };
        Snapshot {
            workers: BTreeMap::from([(0, worker)]),
            ..Snapshot::default()
        }
    }

    fn good() -> Snapshot {
        snapshot(Phase::Running, 1, 1, 100)
    }

    /// Returns the snapshot of one worker after a change of it.
    fn with(change: impl FnOnce(&mut WorkerProgress)) -> Snapshot {
        let mut snapshot = good();
        change(snapshot.workers.get_mut(&0).unwrap());
        snapshot
    }

    fn stuck(tries: u32, seconds: i64) -> Snapshot {
        with(|worker| {
            let stuck = Stuck {
                seq: 17,
                since: NOW - Span::from_secs(seconds),
                tries,
                cause: "too large".to_owned(),
            };
            worker
                .tasks
                .values_mut()
                .for_each(|it| it.stuck = Some(stuck.clone()));
        })
    }

    #[test]
    fn a_process_is_ready_when_all_its_tasks_run_and_get_on() {
        let ready = |snapshot: &Snapshot| {
            let answer = Readiness::of(snapshot, true, (None, None), NOW);
            assert!(answer.ready, "{answer:?}");
        };
        ready(&good());
        ready(&snapshot(Phase::Running, 1, 5_000, 0));
        ready(&stuck(1, 5));
        ready(&stuck(5, 1));
        ready(&with(|worker| {
            worker.tasks.clear();
            worker.settled = true;
        }));
        ready(&with(|worker| {
            worker.committing = Some(Span::from_secs(14))
        }));
        ready(&Snapshot {
            silence: Some((Span::from_secs(9), None)),
            ..good()
        });
    }

    #[test]
    fn why_a_process_is_not_ready_is_said() {
        let check = |snapshot: &Snapshot, expect: &str| {
            let answer = Readiness::of(snapshot, true, (None, None), NOW);
            assert_eq!(answer.reasons, [expect]);
            assert!(!answer.ready);
        };
        check(&Snapshot::default(), "no worker has started");
        check(
            &snapshot(Phase::Restoring, 1, 1, 0),
            "task 3 is being restored",
        );
        check(
            &snapshot(Phase::Failed("a frame is lost".to_owned()), 1, 1, 0),
            "task 3 stands still: a frame is lost",
        );
        check(
            &snapshot(Phase::Running, 1, 61, 5),
            "records wait, but worker 0 has committed nothing for 61 s",
        );
        check(
            &snapshot(Phase::Running, 61, 1, 0),
            "worker 0 has not reported for 61 s",
        );
        check(
            &with(|worker| worker.joined = false),
            "worker 0 has no tasks assigned by the group",
        );
        check(
            &with(|worker| worker.tasks.clear()),
            "worker 0 has no tasks assigned by the group",
        );
        check(
            &stuck(4, 12),
            "task 3 can't commit step 17: 4 attempts in 12 s, the last one: too large",
        );
        check(
            &with(|worker| worker.committing = Some(Span::from_secs(16))),
            "worker 0 has waited for a commit for 16 s",
        );
        check(
            &Snapshot {
                silence: Some((Span::from_secs(60), Some("connection refused"))),
                ..good()
            },
            "Kafka has not answered for 60 s: connection refused",
        );
        check(
            &Snapshot {
                hindrances: vec!["waiting for Kafka".to_owned()],
                ..Snapshot::default()
            },
            "waiting for Kafka",
        );
    }

    #[test]
    fn a_warning_leaves_a_process_ready() {
        let warned = Snapshot {
            warnings: vec!["records were lost".to_owned()],
            ..good()
        };
        let answer = Readiness::of(&warned, true, (None, None), NOW);
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(
            text,
            r#"{"ready":true,"reasons":[],"warnings":["records were lost"]}"#
        );
    }

    #[test]
    fn a_process_that_takes_over_a_task_of_another_stays_ready_for_half_a_minute() {
        let taking_over = |settled, seconds| Snapshot {
            workers: snapshot(Phase::Restoring, 1, 1, 0)
                .workers
                .into_iter()
                .map(|(number, worker)| {
                    let restoring_since = Some(NOW - Span::from_secs(seconds));
                    let worker = WorkerProgress {
                        settled,
                        restoring_since,
                        ..worker
                    };
                    (number, worker)
                })
                .collect(),
            ..Snapshot::default()
        };
        let sentence = ["task 3 is being restored"];
        for (settled, seconds, ready) in [(true, 30, true), (true, 31, false), (false, 1, false)] {
            let answer = Readiness::of(&taking_over(settled, seconds), true, (None, None), NOW);
            assert_eq!(answer.ready, ready, "{settled} {seconds}");
            let (named, other) = match ready {
                true => (answer.warnings, answer.reasons),
                false => (answer.reasons, answer.warnings),
            };
            assert_eq!(
                (named, other.len()),
                (sentence.map(str::to_owned).into(), 0)
            );
        }
    }

    #[test]
    fn a_process_that_waits_for_kafka_is_alive() {
        let waiting = Snapshot {
            silence: Some((Span::from_secs(600), None)),
            hindrances: vec!["waiting for Kafka".to_owned()],
            ..snapshot(Phase::Restoring, 1, 500, 5)
        };
        for snapshot in [waiting, Snapshot::default()] {
            assert!(Liveness::of(&snapshot, NOW).alive, "{snapshot:?}");
        }
        assert!(!Liveness::of(&snapshot(Phase::Running, 61, 61, 0), NOW).alive);
    }
}
