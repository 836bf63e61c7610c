//! The only place that reads the clock: the engine is handed `now`, the worker measures with [`Tick`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use floorwalker_core::event::{Span, Timestamp};

/// What the engine is handed as the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wall {
    /// The machine's.
    #[default]
    Machine,
    /// A simulator's: stood at `from` when the machine's monotonic clock stood at `began`, and goes `speed` times as fast.
    Simulated {
        from: Timestamp,
        began: Tick,
        speed: u32,
    },
}

impl Wall {
    #[must_use]
    pub fn now(self) -> Timestamp {
        match self {
            Self::Machine => wall(),
            Self::Simulated { from, began, speed } => {
                let micros = Tick::now().since(began).as_micros() * u128::from(speed);
                from + Span(i64::try_from(micros).unwrap_or(i64::MAX))
            }
        }
    }
}

/// The machine's wall clock.
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
pub fn pause(length: Duration) {
    std::thread::sleep(length);
}
