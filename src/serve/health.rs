//! Whether a process is alive, and whether it works. "No" comes with a reason.

use std::sync::Arc;

use super::ReadSide;
use crate::{
    event::{Span, Timestamp},
    kafka::{Phase, Snapshot},
};

/// A worker tells of itself several times a second; this long without a word, it hangs.
const SILENT_AFTER: Span = Span::from_secs(60);
/// Records wait, and none has been read or committed for this long.
const STALLED_AFTER: Span = Span::from_secs(60);

/// A process that is not should be restarted.
pub(super) fn is_alive(snapshot: &Snapshot, now: Timestamp) -> Result<(), String> {
    for (number, worker) in &snapshot.workers {
        let silent = now - worker.at;
        if silent > SILENT_AFTER {
            let seconds = silent.as_secs();
            return Err(format!(
                "worker {number} has said nothing for {seconds:.0} s"
            ));
        }
    }
    Ok(())
}

/// Every task that it was given runs and gets on.
pub(super) fn is_ready(snapshot: &Snapshot, now: Timestamp) -> Result<(), String> {
    is_alive(snapshot, now)?;
    if snapshot.workers.is_empty() {
        return Err("no worker has started".to_owned());
    }
    for (number, worker) in &snapshot.workers {
        for (task, progress) in &worker.tasks {
            match &progress.phase {
                Phase::Running => {}
                Phase::Restoring => return Err(format!("task {task} is being restored")),
                Phase::Failed(cause) => return Err(format!("task {task} stands still: {cause}")),
            }
        }
        let idle = now - worker.advanced_at;
        let waiting = worker.tasks.values().flat_map(|task| &task.sources);
        if idle > STALLED_AFTER && waiting.map(|input| input.lag).sum::<u64>() > 0 {
            let seconds = idle.as_secs();
            return Err(format!(
                "records wait, but worker {number} has not advanced for {seconds:.0} s"
            ));
        }
    }
    Ok(())
}

/// The read side has seen what the topics held when it began.
pub(super) fn is_caught_up(read: &Arc<ReadSide>) -> Result<(), String> {
    match read.model.is_caught_up() {
        true => Ok(()),
        false => Err("the read side has not come to the end of its topics".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::kafka::{InputProgress, TaskProgress, WorkerProgress};

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
            tasks: BTreeMap::from([(3, task)]),
            ..WorkerProgress::default()
        };
        Snapshot {
            workers: BTreeMap::from([(0, worker)]),
            restores: Vec::new(),
        }
    }

    #[test]
    fn a_process_is_ready_when_all_its_tasks_run_and_get_on() {
        let ready = |phase, spoke, advanced, lag| {
            is_ready(&snapshot(phase, spoke, advanced, lag), NOW)
                .unwrap_or_else(|cause| panic!("{cause}"));
        };
        ready(Phase::Running, 1, 1, 100);
        ready(Phase::Running, 1, 5_000, 0);
    }

    #[test]
    fn why_a_process_is_not_ready_is_said() {
        let check = |snapshot: &Snapshot, expect: &str| {
            assert_eq!(is_ready(snapshot, NOW), Err(expect.to_owned()));
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
            "records wait, but worker 0 has not advanced for 61 s",
        );
        check(
            &snapshot(Phase::Running, 61, 1, 0),
            "worker 0 has said nothing for 61 s",
        );
    }

    #[test]
    fn a_process_that_restores_is_alive() {
        assert_eq!(
            is_alive(&snapshot(Phase::Restoring, 1, 500, 5), NOW),
            Ok(())
        );
        assert_eq!(is_alive(&Snapshot::default(), NOW), Ok(()));
    }
}
