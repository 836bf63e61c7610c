//! Wires a process together: its workers, each with a committing thread and two that restore, and the upkeep.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{bounded, unbounded};

use super::{
    batch::Names,
    clock,
    commit::Committer,
    connect, directory,
    limits::Refusals,
    member::Member,
    outage,
    progress::{Progress, WorkerProgress},
    restore::Restorer,
    settings::KafkaSettings,
    sources::Sources,
    stop::Stop,
    takeover::Takeover,
    topics::Topics,
    upkeep::{SourceTopics, Upkeep},
    worker::{Links, Shared, Worker, new_fetch},
};
use floorwalker_core::engine::Settings;

/// Two threads read state logs at 340 to 460 MB/s, as one does; the second reads while the first waits.
const RESTORERS: u16 = 2;
const STOP_POLL: Duration = Duration::from_millis(100);

/// Works until it is asked to stop.
///
/// # Errors
/// When Kafka refuses the login, a topic is not as it must be at the start, another process has this instance's place, or a
/// worker panics. While Kafka can't be reached it waits.
pub fn run(
    kafka: &KafkaSettings,
    settings: &Arc<Settings>,
    stop: &Stop,
    progress: &Arc<Progress>,
) -> anyhow::Result<()> {
    let sources: Vec<String> = settings
        .sources
        .iter()
        .map(|source| source.topic.clone())
        .collect();
    if !connect::wait_for(kafka, stop, progress)? {
        return Ok(());
    }
    check_topics(kafka, settings.tasks, &sources)?;
    let (trims, trim_line) = unbounded();
    let shared = Arc::new(Shared {
        kafka: kafka.clone(),
        settings: Arc::clone(settings),
        names: Arc::new(Names::new(&kafka.prefix, settings)),
        topics: Arc::new(SourceTopics::new(sources.len())),
        statements: Arc::clone(&progress.statements),
        parked: Arc::default(),
        progress: Arc::clone(progress),
        trims,
        owned: AtomicUsize::new(0),
        stop: Arc::clone(&stop.0),
    });
    let upkeep = upkeep(&shared, sources);
    if let Err(error) = upkeep.look() {
        outage::warn("topics", format_args!("topics: {error:#}"));
    }
    thread::scope(|scope| {
        let upkeep = scope.spawn(move || upkeep.run(&trim_line));
        let followed = &shared;
        let directory = scope.spawn(move || {
            let _stop = StopOnDrop(&followed.stop);
            let (tasks, configured) = (followed.settings.tasks, &followed.settings.contact);
            let statements = &followed.statements;
            directory::follow_into(statements, &followed.kafka, tasks, configured, stop)
        });
        directory::wait_for(&shared.statements, stop);
        let workers: Vec<_> = (0..kafka.workers)
            .map(|number| {
                let shared = Arc::clone(&shared);
                scope.spawn(move || {
                    let _stop = StopOnDrop(&shared.stop);
                    run_worker(&shared, number)
                })
            })
            .collect();
        let results: Vec<_> = workers.into_iter().map(join).collect();
        stop.request();
        let directory = join(directory);
        results.into_iter().collect::<anyhow::Result<()>>()?;
        join(upkeep).and(directory)
    })
}

/// Sees to it that a process that only reads the topics finds them, and stays until it is asked to stop.
///
/// # Errors
/// When Kafka refuses the login, or a topic is not as it must be.
pub fn look_on(
    kafka: &KafkaSettings,
    tasks: u16,
    stop: &Stop,
    progress: &Progress,
) -> anyhow::Result<()> {
    if connect::wait_for(kafka, stop, progress)? {
        check_topics(kafka, tasks, &[])?;
    }
    while !stop.is_requested() {
        clock::pause(STOP_POLL);
    }
    Ok(())
}

/// Refuses topics of ours that are not as they must be; warns of what may be mended while the process runs.
///
/// # Errors
/// When Kafka can't be reached, or a topic is not as it must be.
pub(super) fn check_topics(
    kafka: &KafkaSettings,
    tasks: u16,
    sources: &[String],
) -> anyhow::Result<()> {
    let findings = Topics::new(kafka, tasks)?.check(sources)?;
    for warning in findings.iter().filter(|it| !it.refuses()) {
        tracing::warn!("{warning}");
    }
    super::finding::refuse(&findings)
}

fn upkeep(shared: &Shared, sources: Vec<String>) -> Upkeep {
    Upkeep {
        kafka: shared.kafka.clone(),
        names: Arc::clone(&shared.names),
        sources,
        topics: Arc::clone(&shared.topics),
        parked: Arc::clone(&shared.parked),
        progress: Arc::clone(&shared.progress),
        stop: Arc::clone(&shared.stop),
    }
}

fn join(thread: thread::ScopedJoinHandle<'_, anyhow::Result<()>>) -> anyhow::Result<()> {
    thread.join().unwrap_or_else(|panic| {
        let cause = panic.downcast_ref::<String>().map(String::as_str);
        let cause = cause.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(anyhow::anyhow!(
            "a thread panicked: {}",
            cause.unwrap_or("no message")
        ))
    })
}

fn run_worker(shared: &Arc<Shared>, number: u16) -> anyhow::Result<()> {
    let fetch = new_fetch(shared, number)?;
    let (wake_tx, wake_rx) = bounded(1);
    let (jobs, job_line) = bounded(1);
    let (outcome_sender, outcomes) = bounded(1);
    let (takeovers, takeover_line) = unbounded();
    let (restored_sender, restored) = unbounded();
    thread::scope(|scope| {
        let mut helpers: Vec<_> = (0..RESTORERS)
            .map(|restorer| {
                let (line, done) = (takeover_line.clone(), restored_sender.clone());
                let (again, wake) = (takeovers.clone(), wake_tx.clone());
                scope.spawn(move || {
                    let _stop = StopOnDrop(&shared.stop);
                    let number = number * RESTORERS + restorer;
                    restorer_of(shared, again).run(number, &line, &done, &wake)
                })
            })
            .collect();
        let (reader, wake) = (Arc::clone(&fetch), wake_tx.clone());
        helpers.push(scope.spawn(move || {
            let _stop = StopOnDrop(&shared.stop);
            match committer_of(shared, number, reader)? {
                Some(committer) => committer.run(&job_line, &outcome_sender, &wake),
                None => Ok(()),
            }
        }));
        let links = Links {
            jobs,
            outcomes,
            takeovers,
            restored,
            wake_rx,
            wake_tx,
        };
        let stop = StopOnDrop(&shared.stop);
        let result = worker(shared, number, fetch, links).and_then(Worker::run);
        drop(stop);
        // What ended a helper is the cause of what ended the worker.
        let results: Vec<_> = helpers.into_iter().map(join).collect();
        results
            .into_iter()
            .collect::<anyhow::Result<()>>()
            .and(result)
    })
}

/// One thread gone, however it went, all go: its tasks need a process that works.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn committer_of(
    shared: &Shared,
    worker: u16,
    reader: super::reading::Fetch,
) -> anyhow::Result<Option<Committer>> {
    let names = Arc::clone(&shared.names);
    Committer::new(
        &shared.kafka,
        worker,
        names,
        reader,
        Arc::clone(&shared.stop),
    )
}

fn restorer_of(shared: &Shared, again: crossbeam_channel::Sender<Takeover>) -> Restorer {
    Restorer {
        kafka: shared.kafka.clone(),
        settings: Arc::clone(&shared.settings),
        names: Arc::clone(&shared.names),
        parked: Arc::clone(&shared.parked),
        again,
        own_writers: (0..shared.kafka.workers)
            .map(|worker| shared.kafka.writer(worker))
            .collect(),
        stop: Arc::clone(&shared.stop),
    }
}

fn worker(
    shared: &Arc<Shared>,
    number: u16,
    fetch: super::reading::Fetch,
    links: Links,
) -> anyhow::Result<Worker> {
    Ok(Worker {
        shared: Arc::clone(shared),
        number,
        member: Member::new(&shared.kafka, number)?,
        fetch,
        links,
        slots: std::collections::BTreeMap::new(),
        committing: None,
        progress: WorkerProgress::default(),
        refusals: Refusals::default(),
        partitions: Vec::new(),
        topic_ids: Vec::new(),
        ends_at: None,
        sources: Sources::default(),
    })
}
