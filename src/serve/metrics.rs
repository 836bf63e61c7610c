//! What Prometheus reads, rendered anew each time from what the workers tell: a partition that is gone leaves no series.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, describe_gauge, gauge, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::{
    engine::Counters,
    event::Timestamp,
    kafka::{InputProgress, Latency, Phase, Snapshot, TaskProgress, WorkerProgress},
};

pub(super) fn render(snapshot: &Snapshot, commits: &Latency) -> String {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    with_local_recorder(&recorder, || {
        describe();
        gauge!("floorwalker_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        for (number, worker) in &snapshot.workers {
            tell_worker(*number, worker);
            worker
                .tasks
                .iter()
                .for_each(|(task, progress)| tell_task(*task, progress));
        }
        tell_phases(snapshot);
        tell_events(snapshot);
        tell_commits(commits);
        tell_restores(snapshot);
    });
    handle.run_upkeep();
    handle.render()
}

fn describe() {
    let texts = [
        ("floorwalker_build_info", "1, with the version that runs"),
        (
            "floorwalker_events",
            "Events that the tasks owned here have taken in since they were created, by what became of them",
        ),
        (
            "floorwalker_conflicting_events",
            "Of the repeated: same id, other content",
        ),
        (
            "floorwalker_clock_skew",
            "Contacts whose events contradict each other in time",
        ),
        (
            "floorwalker_frames_repeated",
            "Sections of frames that had been received before",
        ),
        ("floorwalker_tasks", "Tasks owned here, by phase"),
        ("floorwalker_task_seq", "Steps that a task has taken"),
        (
            "floorwalker_input_lag_records",
            "Records of an input that wait to be read, at most",
        ),
        (
            "floorwalker_input_caught_up",
            "1 when an input is read to its end",
        ),
        (
            "floorwalker_sources_paused",
            "1 while sources wait for the exchange",
        ),
        (
            "floorwalker_worker_seen_at_seconds",
            "When a worker last told of itself, since 1970",
        ),
        (
            "floorwalker_worker_advanced_at_seconds",
            "When a worker last read a record or committed a step, since 1970",
        ),
        (
            "floorwalker_commit_seconds",
            "Duration of commits since the process began",
        ),
        (
            "floorwalker_restore_seconds",
            "How long the latest restore of a task took",
        ),
        (
            "floorwalker_restore_bytes",
            "What the latest restore of a task read",
        ),
    ];
    for (name, text) in texts {
        describe_gauge!(name, text);
    }
}

fn tell_worker(number: u16, worker: &WorkerProgress) {
    let label = || number.to_string();
    gauge!("floorwalker_worker_seen_at_seconds", "worker" => label()).set(seconds(worker.at));
    gauge!("floorwalker_worker_advanced_at_seconds", "worker" => label())
        .set(seconds(worker.advanced_at));
    gauge!("floorwalker_sources_paused", "worker" => label())
        .set(f64::from(u8::from(worker.sources_paused)));
    let counts = [
        ("floorwalker_steps_total", worker.steps),
        ("floorwalker_transactions_total", worker.transactions),
        ("floorwalker_transaction_retries_total", worker.aborts),
        ("floorwalker_steps_lost_total", worker.lost),
    ];
    for (name, count) in counts {
        counter!(name, "worker" => label()).absolute(count);
    }
}

fn tell_task(task: u16, progress: &TaskProgress) {
    gauge!("floorwalker_task_seq", "task" => task.to_string()).set(number(progress.seq));
    for input in progress.sources.iter().chain([&progress.exchange]) {
        tell_input(input);
    }
}

fn tell_input(input: &InputProgress) {
    let labels = [
        ("topic", input.topic.clone()),
        ("partition", input.partition.to_string()),
    ];
    gauge!("floorwalker_input_lag_records", &labels).set(number(input.lag));
    gauge!("floorwalker_input_caught_up", &labels).set(f64::from(u8::from(input.caught_up)));
}

fn tell_phases(snapshot: &Snapshot) {
    let mut phases = BTreeMap::from([("restoring", 0), ("running", 0), ("failed", 0)]);
    let tasks = snapshot
        .workers
        .values()
        .flat_map(|worker| worker.tasks.values());
    for task in tasks {
        let phase = match task.phase {
            Phase::Restoring => "restoring",
            Phase::Running => "running",
            Phase::Failed(_) => "failed",
        };
        *phases.entry(phase).or_default() += 1;
    }
    for (phase, count) in phases {
        gauge!("floorwalker_tasks", "phase" => phase).set(f64::from(count));
    }
}

/// Gauges: a task takes its counts along when it moves.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn tell_events(snapshot: &Snapshot) {
    let mut sum = Counters::default();
    snapshot
        .workers
        .values()
        .for_each(|worker| sum.add(&worker.counters));
    let outcomes = [
        ("read", sum.read),
        ("applied", sum.applied),
        ("repeated", sum.repeated),
        ("skipped", sum.skipped),
        ("dead_lettered", sum.dead_lettered),
        ("forwarded", sum.forwarded),
        ("received", sum.received),
    ];
    for (outcome, count) in outcomes {
        gauge!("floorwalker_events", "outcome" => outcome).set(number(count));
    }
    gauge!("floorwalker_conflicting_events").set(number(sum.conflicting));
    gauge!("floorwalker_clock_skew").set(sum.clock_skew as f64);
    gauge!("floorwalker_frames_repeated").set(number(sum.frames_repeated));
}

fn tell_commits(commits: &Latency) {
    for (label, thousandths) in [("0.5", 500), ("0.9", 900), ("0.99", 990), ("0.999", 999)] {
        let quantile = commits.quantile(thousandths);
        gauge!("floorwalker_commit_seconds", "quantile" => label).set(quantile.as_secs_f64());
    }
    let (buckets, total) = commits.cumulative();
    let count = buckets.last().map_or(0, |(_, count)| *count);
    counter!("floorwalker_commits_total").absolute(count);
    gauge!("floorwalker_commit_seconds_sum").set(Duration::as_secs_f64(&total));
}

fn tell_restores(snapshot: &Snapshot) {
    let restores = snapshot.restores.len() as u64;
    counter!("floorwalker_restores_total").absolute(restores);
    for restore in &snapshot.restores {
        let task = || restore.task.to_string();
        gauge!("floorwalker_restore_seconds", "task" => task()).set(restore.took.as_secs_f64());
        gauge!("floorwalker_restore_bytes", "task" => task()).set(number(restore.bytes));
    }
}

fn seconds(at: Timestamp) -> f64 {
    (at - Timestamp::default()).as_secs()
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_workers_tell_is_rendered() {
        let task = TaskProgress {
            phase: Phase::Running,
            seq: 7,
            sources: vec![InputProgress {
                topic: "contact-events".to_owned(),
                partition: 3,
                lag: 12,
                ..InputProgress::default()
            }],
            ..TaskProgress::default()
        };
        let worker = WorkerProgress {
            at: Timestamp::from_millis(1_500),
            tasks: BTreeMap::from([(3, task)]),
            transactions: 5,
            counters: Counters {
                read: 9,
                applied: 8,
                skipped: 1,
                ..Counters::default()
            },
            ..WorkerProgress::default()
        };
        let snapshot = Snapshot {
            workers: BTreeMap::from([(0, worker)]),
            restores: Vec::new(),
        };
        let commits = Latency::default();
        commits.record(Duration::from_millis(40));
        let text = render(&snapshot, &commits);
        for line in [
            "# TYPE floorwalker_events gauge",
            "floorwalker_events{outcome=\"applied\"} 8",
            "floorwalker_tasks{phase=\"running\"} 1",
            "floorwalker_tasks{phase=\"failed\"} 0",
            "floorwalker_task_seq{task=\"3\"} 7",
            "floorwalker_input_lag_records{topic=\"contact-events\",partition=\"3\"} 12",
            "floorwalker_transactions_total{worker=\"0\"} 5",
            "floorwalker_worker_seen_at_seconds{worker=\"0\"} 1.5",
            "floorwalker_commits_total 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        let next = render(&Snapshot::default(), &commits);
        assert!(!next.contains("task=\"3\""), "{next}");
    }
}
