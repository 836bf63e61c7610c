//! How fast the work goes: events a second, what waits, how far the figures are behind.

use std::time::Duration;

use crate::kafka::{Snapshot, clock::Tick};
use floorwalker_core::{
    engine::Counters,
    event::{Span, Timestamp},
};

/// The work at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Pulse {
    pub(super) counters: Counters,
    pub(super) events_a_second: f64,
    /// Records that wait to be read.
    pub(super) lag: u64,
    /// The time from the clock of the newest figures to the wall clock.
    pub(super) behind: Option<Span>,
}

/// Rates are of the last few seconds: this long at least.
const RATE_OVER: Duration = Duration::from_secs(3);

/// Compares the counters with those of a moment ago.
#[derive(Debug, Clone, Copy)]
pub(super) struct PulseMeter {
    before: (Tick, u64),
    rate: f64,
}

impl PulseMeter {
    pub(super) fn new() -> Self {
        Self {
            before: (Tick::now(), 0),
            rate: 0.0,
        }
    }

    pub(super) fn measure(
        &mut self,
        snapshot: &Snapshot,
        clock: Option<Timestamp>,
        wall: Timestamp,
    ) -> Pulse {
        let mut counters = Counters::default();
        for worker in snapshot.workers.values() {
            counters.add(&worker.counters);
        }
        self.note(Tick::now(), counters.read);
        Pulse {
            counters,
            events_a_second: self.rate,
            lag: snapshot.lag(),
            behind: clock.map(|clock| wall - clock),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    fn note(&mut self, now: Tick, read: u64) {
        let (then, before) = self.before;
        let length = now.since(then);
        if length >= RATE_OVER {
            self.rate = read.saturating_sub(before) as f64 / length.as_secs_f64();
            self.before = (now, read);
        }
    }
}
