//! `/metrics`: how this process is doing, from the reports of its workers.

use std::collections::BTreeMap;

use super::{http, latency, notify, own::OwnPage, page::Named};
use crate::{
    kafka::{InputProgress, Phase, Snapshot, Statements, TaskProgress, Timings, WorkerProgress},
    notify::NotifyStatus,
    serve::{ReadSide, traffic::Traffic},
};
use floorwalker_core::{
    engine::{Counters, Kind},
    event::{Span, Timestamp},
};

/// As for `/readyz`.
const STALLED_AFTER: Span = Span::from_secs(60);

/// What is reported.
pub(in crate::serve) struct Health<'a> {
    pub snapshot: Snapshot,
    pub timings: &'a Timings,
    pub statements: &'a Statements,
    pub traffic: &'a Traffic,
    pub ready: bool,
    pub read: Option<&'a ReadSide>,
    pub notify: Option<&'a NotifyStatus>,
    pub now: Timestamp,
}

pub(in crate::serve) fn health(health: &Health<'_>) -> String {
    const BUILD: Named = ("floorwalker_build_info", "1, with the version that runs");
    const READY: Named = (
        "floorwalker_ready",
        "1 while /readyz answers that the process is ready",
    );
    let mut page = OwnPage::new();
    let page_mut = &mut page;
    page_mut.gauge(BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    page_mut.gauge(READY, &[], flag(health.ready));
    for (number, worker) in &health.snapshot.workers {
        write_worker(page_mut, &number.to_string(), worker);
        for (task, progress) in &worker.tasks {
            write_task(page_mut, &task.to_string(), progress, health.now);
        }
    }
    write_watchdog(page_mut, &health.snapshot, health.now);
    write_losses(page_mut, &health.snapshot);
    write_phases(page_mut, &health.snapshot);
    write_events(page_mut, &health.snapshot);
    write_sources(page_mut, &health.snapshot);
    write_names(page_mut, &health.snapshot);
    write_restores(page_mut, &health.snapshot);
    write_directory(page_mut, health.statements);
    if let Some(read) = health.read {
        write_read_side(page_mut, read);
    }
    http::write(page_mut, health.traffic);
    latency::write(page_mut, health.timings);
    if let Some(status) = health.notify {
        notify::write(page_mut, status, health.now);
    }
    page_mut.process();
    let histograms = health.notify.map(NotifyStatus::render).unwrap_or_default();
    page.render() + &health.timings.render() + &histograms
}

fn write_worker(page: &mut OwnPage, number: &str, worker: &WorkerProgress) {
    let labels = [("worker", number)];
    let gauges: [(Named, f64); 3] = [
        (
            (
                "floorwalker_worker_seen_timestamp_seconds",
                "When a worker last reported, since 1970",
            ),
            seconds(worker.at),
        ),
        (
            (
                "floorwalker_worker_advanced_timestamp_seconds",
                "When a worker last committed a step, since 1970",
            ),
            seconds(worker.advanced_at),
        ),
        (
            (
                "floorwalker_sources_paused",
                "1 while sources wait for the exchange",
            ),
            flag(worker.sources_paused),
        ),
    ];
    for (named, value) in gauges {
        page.gauge(named, &labels, value);
    }
    let counts: [(Named, u64); 4] = [
        (
            ("floorwalker_steps_total", "Steps that were committed"),
            worker.steps,
        ),
        (
            (
                "floorwalker_transactions_total",
                "Transactions that were committed",
            ),
            worker.transactions,
        ),
        (
            (
                "floorwalker_transaction_retries_total",
                "Transactions that were not committed at the first attempt",
            ),
            worker.aborts,
        ),
        (
            (
                "floorwalker_steps_lost_total",
                "Steps that another owner's replaced",
            ),
            worker.lost,
        ),
    ];
    for (named, count) in counts {
        page.counter(named, &labels, count);
    }
}

fn write_task(page: &mut OwnPage, task: &str, progress: &TaskProgress, now: Timestamp) {
    const SEQ: Named = (
        "floorwalker_task_seq",
        "Steps that a task has taken since it was created",
    );
    const DELAY: Named = (
        "floorwalker_task_clock_delay_seconds",
        "How far the clock of a task's contacts is behind the wall clock; of a past that is loaded, its age",
    );
    page.gauge(SEQ, &[("task", task)], number(progress.seq));
    // Before anything was read there is none.
    let clock = progress.clock.filter(|clock| *clock > Timestamp::default());
    if let Some(clock) = clock {
        let delay = (now - clock).as_secs().max(0.0);
        page.gauge(DELAY, &[("task", task)], delay);
    }
    for input in progress.sources.iter().chain([&progress.exchange]) {
        write_input(page, input);
    }
}

fn write_input(page: &mut OwnPage, input: &InputProgress) {
    const LAG: Named = (
        "floorwalker_input_lag_records",
        "Records of an input that wait to be read, those of open transactions included; an upper bound",
    );
    const HIDDEN: Named = (
        "floorwalker_input_hidden_records",
        "Records of an input that an open transaction hides; an upper bound",
    );
    const CAUGHT_UP: Named = (
        "floorwalker_input_caught_up",
        "1 when an input is read to its end",
    );
    if input.topic.is_empty() {
        return;
    }
    let partition = input.partition.to_string();
    let labels = [("topic", input.topic.as_str()), ("partition", &partition)];
    page.gauge(LAG, &labels, number(input.lag + input.hidden));
    page.gauge(HIDDEN, &labels, number(input.hidden));
    page.gauge(CAUGHT_UP, &labels, flag(input.caught_up));
}

fn write_losses(page: &mut OwnPage, snapshot: &Snapshot) {
    const LOST: Named = (
        "floorwalker_source_records_lost_total",
        "Records of a source that were removed before they were read, since the process started; an upper bound",
    );
    const REPLACED: Named = (
        "floorwalker_source_topics_replaced_total",
        "Partitions of a source that were read anew because its topic was deleted and created again, since the process started",
    );
    for (topic, losses) in &snapshot.losses {
        let labels = [("topic", topic.as_str())];
        page.counter(LOST, &labels, losses.records);
        page.counter(REPLACED, &labels, losses.replaced);
    }
}

fn write_watchdog(page: &mut OwnPage, snapshot: &Snapshot, now: Timestamp) {
    const STALLED: Named = (
        "floorwalker_worker_stalled",
        "1 for a worker that has records to read and has committed nothing for a minute, or is silent",
    );
    let stalled = snapshot.stalled(now, STALLED_AFTER);
    for worker in snapshot.workers.keys() {
        let stands = stalled.contains(worker);
        page.gauge(STALLED, &[("worker", &worker.to_string())], flag(stands));
    }
}

fn write_phases(page: &mut OwnPage, snapshot: &Snapshot) {
    const TASKS: Named = ("floorwalker_tasks", "Tasks owned here, by phase");
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
        page.gauge(TASKS, &[("phase", phase)], f64::from(count));
    }
}

/// Counts of this process since it began: those of a task would jump when it moves.
fn write_events(page: &mut OwnPage, snapshot: &Snapshot) {
    const EVENTS: Named = (
        "floorwalker_events_total",
        "Events that this process has taken in, by what became of them",
    );
    let mut sum = Counters::default();
    let workers = snapshot.workers.values();
    workers.for_each(|worker| sum.add(&worker.own));
    for (outcome, count) in by_outcome(&sum) {
        page.counter(EVENTS, &[("outcome", outcome)], count);
    }
    let counts: [(Named, u64); 2] = [
        (
            (
                "floorwalker_conflicting_events_total",
                "Of the repeated: same id, other content",
            ),
            sum.conflicting,
        ),
        (
            (
                "floorwalker_repeated_frames_total",
                "Sections of frames that had been received before",
            ),
            sum.frames_repeated,
        ),
    ];
    for (named, count) in counts {
        page.counter(named, &[], count);
    }
    write_lifetime(page, snapshot);
}

/// Gauges: a task takes its counts along when it moves, and contacts are corrected.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn write_lifetime(page: &mut OwnPage, snapshot: &Snapshot) {
    const EVENTS: Named = (
        "floorwalker_lifetime_events",
        "Events that the tasks owned here have taken in since they were created, wherever they ran: for audits, not for rules",
    );
    const SKEWED: Named = (
        "floorwalker_clock_skewed_contacts",
        "Contacts of the tasks owned here whose events contradict each other in time",
    );
    let mut sum = Counters::default();
    let workers = snapshot.workers.values();
    workers.for_each(|worker| sum.add(&worker.counters));
    for (outcome, count) in by_outcome(&sum) {
        page.gauge(EVENTS, &[("outcome", outcome)], number(count));
    }
    page.gauge(SKEWED, &[], sum.clock_skew as f64);
}

const fn by_outcome(sum: &Counters) -> [(&'static str, u64); 8] {
    [
        ("read", sum.read),
        ("applied", sum.applied),
        ("repeated", sum.repeated),
        ("skipped", sum.skipped),
        ("dead_lettered", sum.dead_lettered),
        ("lost", sum.lost),
        ("forwarded", sum.forwarded),
        ("received", sum.received),
    ]
}

fn write_names(page: &mut OwnPage, snapshot: &Snapshot) {
    const NAMES: Named = (
        "floorwalker_names",
        "Names that have figures of their own in the tasks owned here, by kind",
    );
    const OVER: Named = (
        "floorwalker_over_limit_total",
        "Sums of facts of names beyond the limit of their kind: counted for (other)",
    );
    let tasks = snapshot.workers.values().flat_map(|it| it.tasks.values());
    let mut names: BTreeMap<Kind, usize> = BTreeMap::new();
    for (kind, count) in tasks.flat_map(|task| &task.names) {
        *names.entry(*kind).or_default() += count;
    }
    for kind in Kind::ALL {
        let labels = [("kind", kind.name())];
        let count = names.get(&kind).copied().unwrap_or(0);
        page.gauge(NAMES, &labels, number(count as u64));
        let over = snapshot.workers.values();
        let over = over.filter_map(|worker| worker.over_limit.get(&kind));
        page.counter(OVER, &labels, over.sum());
    }
}

fn write_sources(page: &mut OwnPage, snapshot: &Snapshot) {
    const READ: Named = (
        "floorwalker_source_records_total",
        "Records of a source topic that this process has read",
    );
    const LETTERS: Named = (
        "floorwalker_dead_letters_total",
        "Records of a source topic that this process has put aside as dead letters, by reason",
    );
    let (mut read_by_topic, mut letters) = (BTreeMap::new(), BTreeMap::new());
    for (topic, source) in snapshot.workers.values().flat_map(|it| &it.sources) {
        *read_by_topic.entry(topic.as_str()).or_default() += source.read;
        for (reason, count) in &source.dead_letters {
            *letters
                .entry((topic.as_str(), reason.as_str()))
                .or_default() += count;
        }
    }
    for (topic, count) in read_by_topic {
        page.counter(READ, &[("topic", topic)], count);
    }
    for ((topic, reason), count) in letters {
        page.counter(LETTERS, &[("topic", topic), ("reason", reason)], count);
    }
}

fn write_restores(page: &mut OwnPage, snapshot: &Snapshot) {
    const RESTORES: Named = (
        "floorwalker_restores_total",
        "Restores of tasks by this process",
    );
    const SECONDS: Named = (
        "floorwalker_restore_seconds",
        "How long the latest restore of a task took",
    );
    const BYTES: Named = (
        "floorwalker_restore_bytes",
        "What the latest restore of a task read",
    );
    page.counter(RESTORES, &[], snapshot.restores.len() as u64);
    let latest: BTreeMap<_, _> = (snapshot.restores.iter())
        .map(|restore| (restore.task, restore))
        .collect();
    for (task, restore) in latest {
        let task = task.to_string();
        page.gauge(SECONDS, &[("task", &task)], restore.took.as_secs_f64());
        page.gauge(BYTES, &[("task", &task)], number(restore.bytes));
    }
}

fn write_directory(page: &mut OwnPage, statements: &Statements) {
    const STATEMENTS: Named = (
        "floorwalker_directory_statements",
        "Statements of the directory that this process has read",
    );
    const REFUSED: Named = (
        "floorwalker_directory_refused",
        "Records of the directory that are no statement, and change nothing",
    );
    let (known, refused) = statements.counts();
    page.gauge(STATEMENTS, &[], number(known as u64));
    page.gauge(REFUSED, &[], number(refused as u64));
}

fn write_read_side(page: &mut OwnPage, read: &ReadSide) {
    const CAUGHT_UP: Named = (
        "floorwalker_read_side_caught_up",
        "1 when the read side has come to the end of its topics",
    );
    const HELD: Named = (
        "floorwalker_read_side_records",
        "What the read side holds, by what it is of",
    );
    const READERS: Named = (
        "floorwalker_stream_readers",
        "Readers of the stream of news",
    );
    const DROPPED: Named = (
        "floorwalker_stream_dropped_total",
        "Readers of the stream that were too slow",
    );
    let model = &read.model;
    page.gauge(CAUGHT_UP, &[], flag(model.is_caught_up()));
    let held = model.held();
    let counts = [
        ("entity", held.entities),
        ("firing_alert", held.firing_alerts),
        ("resolved_alert", held.resolved_alerts),
        ("acknowledgement", held.acknowledgements),
        ("silence", held.silences),
        ("contact", held.contacts),
        ("scorecard_agent", held.scorecards),
        ("recognition", held.recognitions),
    ];
    for (of, count) in counts {
        page.gauge(HELD, &[("of", of)], number(count as u64));
    }
    page.gauge(READERS, &[], number(model.changes().readers() as u64));
    page.counter(DROPPED, &[], model.changes().dropped());
}

const fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_the_workers_tell_is_rendered() {
        let task = TaskProgress {
            phase: Phase::Running,
            seq: 7,
            clock: Some(Timestamp::from_millis(60_000)),
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
            own: Counters {
                read: 9,
                applied: 8,
                skipped: 1,
                ..Counters::default()
            },
            ..WorkerProgress::default()
        };
        let timings = Timings::default();
        timings.commit.record(Duration::from_millis(40));
        let page_of = |snapshot| {
            health(&Health {
                snapshot,
                timings: &timings,
                statements: &Statements::default(),
                traffic: &Traffic::default(),
                ready: true,
                read: None,
                notify: None,
                now: Timestamp::from_millis(62_500),
            })
        };
        let text = page_of(Snapshot {
            workers: BTreeMap::from([(0, worker)]),
            ..Snapshot::default()
        });
        for line in [
            "# TYPE floorwalker_events_total counter",
            "floorwalker_events_total{outcome=\"applied\"} 8",
            "floorwalker_tasks{phase=\"running\"} 1",
            "floorwalker_tasks{phase=\"failed\"} 0",
            "floorwalker_task_seq{task=\"3\"} 7",
            "floorwalker_input_lag_records{topic=\"contact-events\",partition=\"3\"} 12",
            "floorwalker_transactions_total{worker=\"0\"} 5",
            "floorwalker_worker_seen_timestamp_seconds{worker=\"0\"} 1.5",
            "floorwalker_worker_stalled{worker=\"0\"} 1",
            "floorwalker_task_clock_delay_seconds{task=\"3\"} 2.5",
            "# TYPE floorwalker_commit_seconds histogram",
            "floorwalker_commit_seconds_bucket{le=\"0.05\"} 1",
            "floorwalker_commit_seconds_sum 0.04",
            "floorwalker_commit_seconds_count 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(text.contains("\nprocess_resident_memory_bytes "), "{text}");
        let next = page_of(Snapshot::default());
        assert!(!next.contains("task=\"3\""), "{next}");
    }
}
