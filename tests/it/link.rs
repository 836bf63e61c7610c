//! A link between processes and a broker that a test can cut, hold and slow down.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::Duration,
};

use crate::broker::{Broker, Extra, free_port, pause, use_here};

const POLL: Duration = Duration::from_millis(10);
/// What a slow link adds to each piece, on either way.
const SLOW: Duration = Duration::from_millis(150);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fine,
    /// Connections are closed, new ones too.
    Cut,
    /// Drops all traffic silently.
    Held,
    Slow,
}

/// Ends when the test does.
#[derive(Debug)]
pub(crate) struct Link(Arc<AtomicU8>);

impl Link {
    /// Starts a broker that is reached by a link alone: from now on it is this test's.
    pub(crate) fn to_own_broker() -> (Broker, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let near = listener.local_addr().expect("its address");
        let far = free_port();
        let broker = Broker::start_own_with(&|_| {
            Extra {
            listeners: format!(",LINKED://127.0.0.1:{far}"),
            advertised: Some(format!(",LINKED://{near}")),
            lines: vec![
                "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LINKED:PLAINTEXT"
                    .to_owned(),
            ],
            format: Vec::new(),
        }
        });
        let weather = Arc::new(AtomicU8::new(Weather::Fine as u8));
        let ours = Arc::clone(&weather);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is(&ours, Weather::Cut) {
                    continue;
                }
                let Ok(other) = TcpStream::connect(("127.0.0.1", far)) else {
                    continue;
                };
                carry(&stream, &other, &ours);
                carry(&other, &stream, &ours);
            }
        });
        use_here(&near.to_string());
        (broker, Self(weather))
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.0.store(weather as u8, Ordering::Relaxed);
    }
}

fn is(found: &AtomicU8, weather: Weather) -> bool {
    found.load(Ordering::Relaxed) == weather as u8
}

/// Carries bytes one way, on a thread of its own, until either side hangs up.
fn carry(from: &TcpStream, to: &TcpStream, weather: &Arc<AtomicU8>) {
    let (mut from, mut to) = (from.try_clone().expect("fd"), to.try_clone().expect("fd"));
    let weather = Arc::clone(weather);
    from.set_read_timeout(Some(5 * POLL)).expect("a socket");
    thread::spawn(move || {
        let mut bytes = vec![0; 64 << 10];
        loop {
            let read = match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    0
                }
                Err(_) => break,
            };
            while is(&weather, Weather::Held) {
                pause(POLL);
            }
            if is(&weather, Weather::Slow) && read > 0 {
                pause(SLOW);
            }
            if is(&weather, Weather::Cut) || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(from.shutdown(Shutdown::Both));
        drop(to.shutdown(Shutdown::Both));
    });
}
