//! What the engine costs without a broker: reading and parsing alone, then all stages, state log and outputs, in one run.
//!
//! `cargo bench --no-default-features --bench engine [-- CONTACTS]`

use std::{sync::Arc, time::Instant};

use floorwalker::{
    decode::decode,
    engine::{InputId, Placement, Settings, Source, SourceClock, SourceRecord, Task, TaskId},
    event::{Span, Timestamp},
    sim::{jsonl::jsonl, voice::VoiceWorld},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TASKS: u16 = 12;
const EVENTS_PER_STEP: usize = 2_000;
const WALL: Timestamp = Timestamp(1_893_456_000_000_000);

fn main() {
    let contacts = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(100_000);
    let world = VoiceWorld {
        seed: 7,
        contacts,
        agents: 2_000,
        queues: 20,
        customers: contacts,
        rate: 25_000.0,
        ..VoiceWorld::default()
    };
    let placement = Placement::new(TASKS);
    let mut partitions = vec![Vec::new(); usize::from(TASKS)];
    for event in world.events() {
        let task = placement.task_of(event.contact.as_str().as_bytes());
        partitions[usize::from(task.0)].push(jsonl(&event).into_bytes());
    }
    let events: usize = partitions.iter().map(Vec::len).sum();
    let bytes: usize = partitions.iter().flatten().map(Vec::len).sum();
    println!(
        "{events} events of {contacts} contacts, {} bytes each",
        bytes / events
    );

    let start = Instant::now();
    let read = partitions
        .iter()
        .flatten()
        .filter(|json| decode(json).is_ok())
        .count();
    assert_eq!(read, events);
    let parse = start.elapsed().as_secs_f64() * 1e6 / events as f64;
    println!("parse alone      {parse:.3} µs/event");
    run(&partitions, events, parse);
}

#[derive(Default)]
struct Written {
    steps: usize,
    state: usize,
    frames: usize,
    outputs: usize,
    records: usize,
}

fn run(partitions: &[Vec<Vec<u8>>], events: usize, parse: f64) {
    let settings = Arc::new(Settings {
        tasks: TASKS,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Events,
        }],
        heartbeat: Span::from_millis(500),
        ..Settings::default()
    });
    let mut tasks: Vec<Task> = (0..TASKS)
        .map(|id| Task::new(TaskId(id), &settings))
        .collect();
    let input = |task: usize| InputId {
        source: 0,
        partition: task as i32,
    };
    for (id, task) in tasks.iter_mut().enumerate() {
        task.start(0).unwrap();
        task.add_input(input(id));
    }
    let mut exchange: Vec<Vec<Vec<u8>>> = vec![Vec::new(); tasks.len()];
    let mut next = vec![0; tasks.len()];
    let mut written = Written::default();
    let start = Instant::now();
    loop {
        let mut quiet = true;
        let wall = WALL + Span((start.elapsed().as_micros()) as i64);
        for id in 0..tasks.len() {
            let task = &mut tasks[id];
            for frame in std::mem::take(&mut exchange[id]) {
                task.handle_frame(task.exchange_position(), &frame, wall)
                    .unwrap();
            }
            let records = &partitions[id][next[id]..];
            for record in records.iter().take(EVENTS_PER_STEP) {
                let record = SourceRecord {
                    input: input(id),
                    offset: next[id] as i64,
                    key: None,
                    payload: Some(record),
                    headers: &[],
                };
                task.handle_source(&record, wall);
                next[id] += 1;
            }
            if next[id] == partitions[id].len() {
                task.handle_end(input(id), wall);
            } else {
                quiet = false;
            }
            task.handle_timeout(wall);
            if let Some(step) = task.poll_output() {
                written.steps += 1;
                written.state += step.state.iter().map(Vec::len).sum::<usize>();
                written.frames += step
                    .sections
                    .iter()
                    .map(|(_, bytes)| bytes.len())
                    .sum::<usize>();
                written.records += step.outputs.len();
                written.outputs += step
                    .outputs
                    .iter()
                    .filter_map(|o| o.payload.as_ref())
                    .map(Vec::len)
                    .sum::<usize>();
                for (destination, section) in step.sections {
                    exchange[usize::from(destination.0)].push(section);
                    quiet = false;
                }
            }
        }
        if quiet {
            break;
        }
    }
    let all = start.elapsed().as_secs_f64() * 1e6 / events as f64;
    println!(
        "all stages       {all:.3} µs/event, {:.2} times parsing",
        all / parse
    );
    let per = |bytes: usize| bytes as f64 / events as f64;
    println!(
        "written          {:.1} state, {:.1} frames, {:.1} outputs (uncompressed) bytes/event; {} steps, {} output records",
        per(written.state),
        per(written.frames),
        per(written.outputs),
        written.steps,
        written.records
    );
    let (bytes, parts) = tasks
        .iter()
        .map(Task::state_size)
        .fold((0, 0), |s, (b, p)| (s.0 + b, s.1 + p));
    println!(
        "state            {:.1} MB in {parts} parts",
        bytes as f64 / 1e6
    );
}
