//! What the engine costs without a broker: parsing alone, then all stages, state log and outputs, with rules and without, in one run.
//!
//! `cargo bench -p floorwalker-core --bench engine [-- CONTACTS [AGENTS]] [without-scorecards]`

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![expect(clippy::unwrap_used, reason = "what a bench does not expect may panic")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "small numbers"
)]

use std::sync::Arc;

use floorwalker_core::{
    balance::BalanceSettings,
    decode::decode,
    engine::{InputId, Placement, Settings, Source, SourceClock, SourceRecord, Step, Task, TaskId},
    event::{Span, Timestamp},
    rules::RulesSettings,
};
use floorwalker_simulator::jsonl::jsonl;
use floorwalker_testkit::{states::with_states_of_work, voice::VoiceWorld};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TASKS: u16 = 12;
/// Of one task: as many as a step holds in catching up.
const EVENTS_PER_STEP: usize = 2_000;
const CONTACTS: usize = 100_000;
const AGENTS: usize = 2_000;
/// Later than any event of the world.
const WALL: Timestamp = Timestamp(1_893_456_000_000_000);
/// So often with and without rules: the best of each counts.
const ROUNDS: usize = 2;
/// By how much the wall clock advances from one round to the next.
const ROUND: Span = Span::from_millis(400);

fn main() {
    let mut numbers = std::env::args().filter_map(|word| word.parse().ok());
    let contacts = numbers.next().unwrap_or(CONTACTS);
    let agents = numbers.next().unwrap_or(AGENTS);
    let partitions = partitions(contacts, agents);
    let events: usize = partitions.iter().map(Vec::len).sum();
    let bytes: usize = partitions.iter().flatten().map(Vec::len).sum();
    println!(
        "{events} events of {contacts} contacts and {agents} agents, {} bytes each",
        bytes / events
    );

    let begun = cpu_micros();
    let read = partitions
        .iter()
        .flatten()
        .filter(|json| decode(json).is_ok());
    assert_eq!(read.count(), events);
    let parse = (cpu_micros() - begun) / events as f64;
    println!("parse alone  {parse:.3} µs/event");

    let (mut all, mut without) = (f64::MAX, f64::MAX);
    let mut sizes = [0, 0];
    for round in 0..ROUNDS {
        let (cpu_without, of_others) = work_off(&partitions, false, events);
        (without, sizes[0]) = (without.min(cpu_without), of_others.state_size().0);
        let (cpu, deployment) = work_off(&partitions, true, events);
        (all, sizes[1]) = (all.min(cpu), deployment.state_size().0);
        if round + 1 == ROUNDS {
            println!(
                "all stages   {all:.3} µs/event, {:.1} times parsing",
                all / parse
            );
            deployment.print(events);
        }
    }
    let growth = |larger: f64, smaller: f64| 100.0 * (larger / smaller - 1.0);
    println!(
        "rules        {:+.1} % of CPU, {:+.1} % of state: {without:.3} µs/event without them",
        growth(all, without),
        growth(sizes[1] as f64, sizes[0] as f64),
    );
}

/// Returns the CPU time of an event in µs, and the deployment when all is read.
fn work_off(partitions: &[Vec<Vec<u8>>], rules: bool, events: usize) -> (f64, Deployment<'_>) {
    let mut deployment = Deployment::new(partitions, rules);
    let started = cpu_micros();
    while deployment.advance() {}
    ((cpu_micros() - started) / events as f64, deployment)
}

/// CPU time of this thread so far: what a busy neighbour takes does not count.
fn cpu_micros() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split_whitespace()
        .next()
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1e3
}

fn partitions(contacts: usize, agents: usize) -> Vec<Vec<Vec<u8>>> {
    let world = VoiceWorld {
        seed: 7,
        contacts,
        agents,
        queues: (agents / 100).max(1),
        customers: contacts,
        rate: 12.5 * agents as f64,
        ..VoiceWorld::default()
    };
    let placement = Placement::new(TASKS);
    let mut partitions = vec![Vec::new(); usize::from(TASKS)];
    let calls = world.events();
    for event in with_states_of_work(&calls) {
        let task = placement.owner_of(&event.key);
        partitions[usize::from(task.0)].push(jsonl(&event).into_bytes());
    }
    partitions
}

struct Deployment<'p> {
    partitions: &'p [Vec<Vec<u8>>],
    next: Vec<usize>,
    tasks: Vec<Task>,
    exchange: Vec<Vec<Vec<u8>>>,
    wall: Timestamp,
    written: Written,
}

#[derive(Default)]
struct Written {
    steps: usize,
    state_bytes: usize,
    frame_bytes: usize,
    output_bytes: usize,
    outputs: usize,
    /// Every tenth step's state records: enough to see how well they compress.
    samples: Vec<Vec<u8>>,
}

impl<'p> Deployment<'p> {
    fn new(partitions: &'p [Vec<Vec<u8>>], rules: bool) -> Self {
        let source = Source {
            topic: "events".to_owned(),
            clock: SourceClock::Events,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        };
        let settings = Arc::new(Settings {
            tasks: TASKS,
            sources: vec![source],
            balance: BalanceSettings {
                enabled: !std::env::args().any(|word| word == "without-scorecards"),
                ..BalanceSettings::default()
            },
            rules: rules_that_are(rules),
            ..Settings::default()
        });
        let mut tasks: Vec<Task> = (0..TASKS)
            .map(|id| Task::new(TaskId(id), &settings))
            .collect();
        for (id, task) in tasks.iter_mut().enumerate() {
            task.start(0).unwrap();
            task.add_input(input(id));
        }
        Self {
            partitions,
            next: vec![0; tasks.len()],
            exchange: vec![Vec::new(); tasks.len()],
            tasks,
            wall: WALL,
            written: Written::default(),
        }
    }

    /// Runs one step of each task. Returns false when all input is read and all output emitted.
    fn advance(&mut self) -> bool {
        self.wall = self.wall + ROUND;
        let mut busy = false;
        for id in 0..self.tasks.len() {
            self.take_in(id);
            busy |= self.next[id] < self.partitions[id].len() || !self.exchange[id].is_empty();
            if let Some(step) = self.tasks[id].poll_output() {
                busy |= step.outputs.len() > 1;
                self.commit(step);
            }
        }
        busy
    }

    fn take_in(&mut self, id: usize) {
        let (task, wall) = (&mut self.tasks[id], self.wall);
        for frame in std::mem::take(&mut self.exchange[id]) {
            task.handle_frame(task.exchange_position(), &frame, wall)
                .unwrap();
        }
        for payload in self.partitions[id][self.next[id]..]
            .iter()
            .take(EVENTS_PER_STEP)
        {
            let record = SourceRecord {
                input: input(id),
                offset: self.next[id] as i64,
                key: None,
                payload: Some(payload),
                headers: &[],
            };
            task.handle_source(&record, wall);
            self.next[id] += 1;
        }
        if self.next[id] == self.partitions[id].len() {
            task.handle_end(input(id), wall);
        }
        task.handle_timeout(wall);
    }

    fn commit(&mut self, step: Step) {
        let payloads = step
            .outputs
            .iter()
            .filter_map(|output| output.payload.as_ref());
        self.written.steps += 1;
        self.written.state_bytes += step.state.iter().map(Vec::len).sum::<usize>();
        self.written.frame_bytes += step
            .sections
            .iter()
            .map(|(_, bytes)| bytes.len())
            .sum::<usize>();
        self.written.output_bytes += payloads.map(Vec::len).sum::<usize>();
        self.written.outputs += step.outputs.len();
        if self.written.steps.is_multiple_of(10) {
            self.written.samples.extend(step.state);
        }
        for (destination, section) in step.sections {
            self.exchange[usize::from(destination.0)].push(section);
        }
    }

    /// Returns the bytes of state, and in how many parts.
    fn state_size(&self) -> (usize, usize) {
        let sizes = self.tasks.iter().map(Task::state_size);
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }

    fn print(&self, events: usize) {
        let written = &self.written;
        let each = |bytes: usize| bytes as f64 / events as f64;
        let sampled: usize = written.samples.iter().map(Vec::len).sum();
        let packed = written
            .samples
            .iter()
            .map(|record| lz4_flex::compress(record).len());
        let left = packed.sum::<usize>() as f64 / sampled.max(1) as f64;
        println!("state        lz4 leaves {:.0} %", 100.0 * left);
        println!(
            "written      {:.1} state, {:.1} frames, {:.1} outputs (not compressed) bytes/event; {} steps, {} outputs",
            each(written.state_bytes),
            each(written.frame_bytes),
            each(written.output_bytes),
            written.steps,
            written.outputs,
        );
        let (bytes, parts) = self.state_size();
        println!("state        {:.1} MB in {parts} parts", bytes as f64 / 1e6);
    }
}

fn rules_that_are(on: bool) -> RulesSettings {
    let mut rules = RulesSettings::default();
    rules
        .by_kind
        .values_mut()
        .for_each(|rule| rule.enabled = on);
    (rules.recognition.values_mut()).for_each(|rule| rule.enabled = on);
    rules
}

fn input(task: usize) -> InputId {
    InputId {
        source: 0,
        partition: task as i32,
    }
}
