//! People who look on: readers of the stream as the wallboard has it, and requests beside them, for a while at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use floorwalker::kafka::clock::wall;
use floorwalker_core::event::{Span, Timestamp};
use hdrhistogram::Histogram;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, interval, sleep, timeout_at},
};

pub(crate) const READERS: usize = 200;
pub(crate) const REQUESTS_A_SECOND: u32 = 50;
/// What the page *Floor* listens to, and what people ask for beside it.
const STREAM: &str = "/api/v1/stream?kind=group&window=30m";
const PATHS: [&str; 5] = [
    "/api/v1/floor",
    "/api/v1/alerts?status=firing&limit=50",
    "/api/v1/entities/queue:queue-3/kpis?window=30m",
    "/api/v1/entities?kind=queue",
    "/readyz",
];

/// From when until when they look on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// What they were sent, of all shifts.
#[derive(Debug)]
pub(crate) struct Looked {
    pub(crate) bytes: u64,
    /// Readers whose stream ended before their shift.
    pub(crate) lost: u64,
    pub(crate) requests: u64,
    /// Requests that were not answered by 200.
    pub(crate) failed: u64,
    /// How long answers took, in microseconds.
    pub(crate) took: Histogram<u64>,
}

/// Looks on in these shifts, on a thread of its own.
pub(crate) fn look_on(port: u16, shifts: Vec<Shift>) -> thread::JoinHandle<Looked> {
    thread::spawn(move || {
        let built = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = built.expect("a runtime");
        runtime.block_on(async {
            let mut looked = Looked {
                bytes: 0,
                lost: 0,
                requests: 0,
                failed: 0,
                took: Histogram::new(3).expect("bounds"),
            };
            for shift in shifts {
                sleep(until(shift.from)).await;
                work(port, Instant::now() + until(shift.to), &mut looked).await;
            }
            looked
        })
    })
}

fn until(at: Timestamp) -> Duration {
    let left: Span = at - wall();
    Duration::from_micros(u64::try_from(left.0).unwrap_or(0))
}

async fn work(port: u16, end: Instant, looked: &mut Looked) {
    let bytes = Arc::new(AtomicU64::new(0));
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let bytes = Arc::clone(&bytes);
        readers.spawn(timeout_at(end, read_stream(port, bytes)));
    }
    ask(port, end, looked).await;
    while let Some(ended) = readers.join_next().await {
        // In time is too early.
        looked.lost += u64::from(ended.expect("a reader").is_ok());
    }
    looked.bytes += bytes.load(Ordering::Relaxed);
}

/// Returns when the stream ends.
async fn read_stream(port: u16, bytes: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request =
        format!("GET {STREAM} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => drop(bytes.fetch_add(count as u64, Ordering::Relaxed)),
        }
    }
}

async fn ask(port: u16, end: Instant, looked: &mut Looked) {
    let mut answers = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / REQUESTS_A_SECOND);
    for path in PATHS.into_iter().cycle() {
        ticks.tick().await;
        if Instant::now() >= end {
            break;
        }
        answers.spawn(get(port, path));
    }
    while let Some(answer) = answers.join_next().await {
        looked.requests += 1;
        match answer.expect("a request") {
            Ok(took) => {
                let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                looked.took.saturating_record(micros);
            }
            Err(_) => looked.failed += 1,
        }
    }
}

/// Returns how long the whole answer took.
async fn get(port: u16, path: &str) -> std::io::Result<Duration> {
    let began_at = Instant::now();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    match answer.starts_with(b"HTTP/1.1 200 ") {
        true => Ok(began_at.elapsed()),
        false => Err(std::io::Error::other("refused")),
    }
}
