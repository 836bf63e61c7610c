//! Ten thousand connections that send half a request, or take nothing of their answers: health is answered all the while.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use floorwalker::serve::{HttpSettings, Scope};
use rlimit::Resource;

use crate::{
    binary::now,
    broker::pause,
    serving::{Serving, local, token},
};

const CONNECTIONS: usize = 10_000;
const THREADS: usize = 4;
/// What a probe may take at the most, on a machine that is busy with other tests.
const PROBE_MAX: Duration = Duration::from_secs(3);

/// How many connections this process may open.
fn allowed() -> usize {
    let (_, hard) = Resource::NOFILE.get().unwrap();
    Resource::NOFILE.set(hard, hard).unwrap();
    let for_others = 3_000;
    usize::try_from(hard)
        .unwrap_or(usize::MAX)
        .saturating_sub(for_others)
        .min(CONNECTIONS)
}

/// Returns how long a question about health takes, or why it is not answered.
fn probe(address: SocketAddr) -> Result<Duration, String> {
    let began_at = now();
    let read = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PROBE_MAX)?;
        stream.set_read_timeout(Some(PROBE_MAX))?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    match read() {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => Ok(now().duration_since(began_at)),
        other => Err(format!(
            "{other:?} after {:?}",
            now().duration_since(began_at)
        )),
    }
}

fn summary(took: &[Duration]) -> String {
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    format!(
        "{} probes, median {median:?}, the longest {longest:?}",
        took.len()
    )
}

/// Opens connections as `open` has it and keeps all of them, while health is asked for. Returns how long the answers took.
fn probed_under(
    serving: &Serving,
    connections: usize,
    open: impl Fn(usize) -> Option<TcpStream> + Sync,
) -> Vec<Duration> {
    let (is_over, opened) = (AtomicBool::new(false), AtomicUsize::new(0));
    let address = serving.server.address;
    thread::scope(|scope| {
        for part in 0..THREADS {
            let (is_over, opened, open) = (&is_over, &opened, &open);
            scope.spawn(move || {
                let mut held = Vec::new();
                for number in (part..connections).step_by(THREADS) {
                    held.extend(open(number));
                    opened.fetch_add(1, Ordering::Relaxed);
                }
                while !is_over.load(Ordering::Relaxed) {
                    pause(Duration::from_millis(20));
                }
            });
        }
        let mut took = Vec::new();
        // While they come, and for a while when all are there.
        let mut further = 0;
        while further < 50 {
            further += usize::from(opened.load(Ordering::Relaxed) >= connections);
            let answered = probe(address);
            if answered.is_err() {
                is_over.store(true, Ordering::Relaxed);
            }
            took.push(answered.unwrap_or_else(|why| {
                panic!("at {} connections: {why}", opened.load(Ordering::Relaxed))
            }));
            pause(Duration::from_millis(20));
        }
        is_over.store(true, Ordering::Relaxed);
        took.sort_unstable();
        took
    })
}

#[test]
fn ten_thousand_half_open_connections_do_not_touch_health() {
    let serving = Serving::start(&local());
    let connections = allowed();
    assert!(
        connections >= 1_000,
        "{connections} connections are too few to show anything: raise the limit of open files"
    );
    let took = probed_under(&serving, connections, |number| {
        let mut stream = TcpStream::connect(serving.server.address).ok()?;
        // Some send nothing at all.
        let sent: &[u8] = match number % 3 {
            0 => b"",
            1 => b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            _ => b"POST /api/v1/silences HTTP/1.1\r\nHost: localhost\r\n",
        };
        // It may have been sent away already.
        stream.write_all(sent).ok();
        Some(stream)
    });
    eprintln!("{connections} connections: {}", summary(&took));
    assert!(took.len() >= 50);
    // And everybody else is answered as ever.
    assert_eq!(serving.get("/api/v1/alerts").status, 200);
}

/// Who is not signed in can send a form that never ends; that holds up nobody who is.
#[test]
fn forms_of_strangers_that_never_end_leave_room_for_who_has_a_token() {
    let (token, secret) = token("ana", &[Scope::Read]);
    let http = HttpSettings {
        tokens: vec![token],
        ..local()
    };
    let serving = Serving::start(&http);
    let head = "POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\ntoken=";
    let slow: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut stream = TcpStream::connect(serving.server.address).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    let began_at = now();
    let header = format!("Bearer {secret}");
    for _ in 0..20 {
        let answer = serving.ask("GET", "/api/v1/alerts", &[("authorization", &header)], "");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert!(now().duration_since(began_at) < PROBE_MAX);
    let mut first = slow.into_iter().next().unwrap();
    first
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}

#[test]
fn slow_bodies_and_readers_who_take_nothing_leave_room_for_health() {
    let serving = Serving::start(&local());
    allowed();
    let took = probed_under(&serving, 900, |number| {
        let mut stream = TcpStream::connect(serving.server.address).ok()?;
        let sent: &[u8] = match number % 2 {
            0 => b"POST /api/v1/silences HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{",
            _ => b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n",
        };
        stream.write_all(sent).ok();
        Some(stream)
    });
    eprintln!("900 connections: {}", summary(&took));
    assert!(took.len() >= 50);
}
