//! What it takes to restore a state of many customers from its log: seconds, and memory beside that of the process that wrote it.
//!
//! `cargo bench -p floorwalker-core --bench restart [-- CUSTOMERS]`

#![expect(clippy::print_stdout, reason = "a bench prints what it measures")]
#![expect(clippy::unwrap_used, reason = "what a bench does not expect may panic")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::{
    collections::VecDeque,
    fs,
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::Path,
    process::Command,
    sync::Arc,
    time::Instant,
};

use floorwalker_core::{
    engine::{InputId, Settings, Source, SourceClock, SourceRecord, Task, TaskId},
    event::{Span, Timestamp},
};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CUSTOMERS: u64 = 1_000_000;
const INPUT: InputId = InputId {
    source: 0,
    partition: 0,
};
/// Events in a step.
const STEP: u64 = 2_000;
/// One contact begins each 20 ms: a day of a center with a million customers.
const BETWEEN: Span = Span::from_millis(20);
const START: Timestamp = Timestamp(1_795_334_400_000_000);
const TAIL_EVENTS: u64 = 64;

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(place) = words.iter().position(|word| word == "--read") {
        return restore(Path::new(&words[place + 1]));
    }
    let customers = words.iter().find_map(|word| word.parse().ok());
    let customers = customers.unwrap_or(CUSTOMERS);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("state.log");
    let resident = write(customers, &log);
    println!(
        "{:.2} GB of memory in the process that wrote it",
        resident / 1e9
    );
    let mut again = Command::new(std::env::current_exe().unwrap());
    assert!(again.arg("--read").arg(&log).status().unwrap().success());
}

fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        tasks: 1,
        sources: vec![Source {
            topic: "events".to_owned(),
            clock: SourceClock::Events,
            format: floorwalker_core::decode::Format::Json,
            lateness: None,
        }],
        ..Settings::default()
    })
}

/// The records that a restore reads, first the number of the last step.
fn write(customers: u64, path: &Path) -> f64 {
    let mut task = Task::new(TaskId(0), &settings());
    task.add_input(INPUT);
    let mut log: VecDeque<Vec<u8>> = VecDeque::new();
    let (mut first, mut events) = (0_i64, 0);
    for contact in 0..customers + TAIL_EVENTS {
        for line in contact_lines(contact) {
            feed(&mut task, events, &line);
            events += 1;
        }
        if events % STEP < 4 {
            cut(&mut task, &mut log, &mut first);
        }
    }
    cut(&mut task, &mut log, &mut first);
    let resident = memory("VmRSS:") - log.iter().map(Vec::len).sum::<usize>() as f64;
    let (bytes, parts) = task.state_size();
    println!(
        "{customers} customers, {events} events: {parts} parts, {:.0} MB of state, a log of {:.0} MB in {} records",
        bytes as f64 / 1e6,
        log.iter().map(Vec::len).sum::<usize>() as f64 / 1e6,
        log.len()
    );
    let mut file = BufWriter::new(fs::File::create(path).unwrap());
    file.write_all(&task.seq().to_le_bytes()).unwrap();
    for record in &log {
        let length = u64::try_from(record.len()).unwrap();
        file.write_all(&length.to_le_bytes()).unwrap();
        file.write_all(record).unwrap();
    }
    file.flush().unwrap();
    resident
}

fn contact_lines(contact: u64) -> [String; 4] {
    let at = Timestamp(START.0 + i64::try_from(contact).unwrap() * BETWEEN.0);
    let agent = contact % 500;
    let queue = agent % 12;
    let line = |number: i64, body: &str| {
        let at = at + Span::from_secs(number * 60);
        format!(
            r#"{{"event_id":"{contact}-{number}","occurred_at":"{at}","source":"acd","contact_id":"c{contact}",{body}}}"#
        )
    };
    [
        line(
            0,
            &format!(
                r#""type":"contact_queued","channel":"voice","direction":"inbound","queue":"q{queue}","customer_id":"k{contact}""#
            ),
        ),
        line(
            1,
            &format!(r#""type":"agent_answered","agent":"a{agent}","queue":"q{queue}""#),
        ),
        line(4, r#""type":"contact_ended","by":"customer""#),
        line(
            5,
            &format!(r#""type":"wrap_up_ended","agent":"a{agent}","resolved":true"#),
        ),
    ]
}

fn feed(task: &mut Task, offset: u64, line: &str) {
    let record = SourceRecord {
        input: INPUT,
        offset: i64::try_from(offset).unwrap(),
        key: None,
        payload: Some(line.as_bytes()),
        headers: &[],
    };
    task.handle_source(&record, wall(offset));
}

/// Hours behind the events.
fn wall(offset: u64) -> Timestamp {
    START + Span::from_secs(86_400) + Span::from_millis(i64::try_from(offset).unwrap())
}

fn cut(task: &mut Task, log: &mut VecDeque<Vec<u8>>, first: &mut i64) {
    task.handle_timeout(wall(0));
    let Some(step) = task.poll_output() else {
        return;
    };
    let offset = *first + i64::try_from(log.len()).unwrap();
    log.extend(step.state);
    task.handle_committed(step.seq, offset);
    let keep_from = step.restore_from.unwrap_or(0);
    while *first < keep_from {
        log.pop_front();
        *first += 1;
    }
}

fn restore(path: &Path) {
    let mut file = BufReader::with_capacity(1 << 20, fs::File::open(path).unwrap());
    let mut number = [0; 8];
    file.read_exact(&mut number).unwrap();
    let seq = u64::from_le_bytes(number);
    let settings = settings();
    let mut task = Task::new(TaskId(0), &settings);
    let (began_at, mut offset) = (now(), 0);
    let mut record = Vec::new();
    while file.read_exact(&mut number).is_ok() {
        record.resize(usize::try_from(u64::from_le_bytes(number)).unwrap(), 0);
        file.read_exact(&mut record).unwrap();
        task.restore(offset, &record).unwrap();
        offset += 1;
    }
    let read_at = now();
    task.start(seq).unwrap();
    let seconds = |from: Instant, to: Instant| to.duration_since(from).as_secs_f64();
    println!(
        "restored in {:.2} s: {:.2} s to read the log, {:.2} s to take up the parts; {:.2} GB of memory, at most {:.2} GB",
        seconds(began_at, now()),
        seconds(began_at, read_at),
        seconds(read_at, now()),
        memory("VmRSS:") / 1e9,
        memory("VmHWM:") / 1e9
    );
}

#[expect(clippy::disallowed_methods, reason = "a bench measures")]
fn now() -> Instant {
    Instant::now()
}

/// Of this process, in bytes.
fn memory(field: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = line.unwrap().trim().trim_end_matches(" kB").trim();
    kilobytes.parse::<f64>().unwrap() * 1_024.0
}
