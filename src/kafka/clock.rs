//! The only place that reads the clock: the engine is handed `now`, the worker measures with [`Tick`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::event::Timestamp;

/// The wall clock.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "the edge hands the wall clock in"
)]
pub fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A point of the monotonic clock, for waits and time limits of the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(Instant);

impl Tick {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "time limits of the edge")]
    pub fn now() -> Self {
        Self(Instant::now())
    }

    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0 + wait)
    }
}

/// Lets this thread rest.
#[expect(
    clippy::disallowed_methods,
    reason = "threads of the edge wait for brokers"
)]
pub(super) fn pause(length: Duration) {
    std::thread::sleep(length);
}
