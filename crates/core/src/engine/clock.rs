//! What `now` means to a machine: stream time, one clock for each stage. No machine ever reads the wall clock.
//!
//! An input's clock comes from what was read of it. A task tells others the clock of its inputs and that of its contact stage;
//! stage by stage, a clock waits for all senders, so that a backlog raises no false alarm and loses no window update.

use minicbor::{Decode, Encode};

use super::SourceClock;
use crate::event::{Span, Timestamp};

/// The clock of one stage: nothing earlier will come, but for late evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Clock {
    #[n(0)]
    pub at: Timestamp,
    /// All inputs are at their end and none follows the wall: `at` is the newest event.
    #[n(1)]
    pub ended: bool,
}

impl Clock {
    #[must_use]
    pub const fn running(at: Timestamp) -> Self {
        Self { at, ended: false }
    }

    /// The clock of a stage with these inputs: the slowest of those that go on; the newest event when all have ended.
    /// `None` while one of them has not been heard from.
    #[must_use]
    pub fn combine(inputs: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut all = Self {
            at: Timestamp::MIN,
            ended: true,
        };
        for input in inputs {
            let input = input?;
            all = match (all.ended, input.ended) {
                (true, true) => Self {
                    at: all.at.max(input.at),
                    ended: true,
                },
                (true, false) => input,
                (false, true) => all,
                (false, false) => Self::running(all.at.min(input.at)),
            };
        }
        Some(all)
    }

    /// Behind by `span`, unless all is at its end: then nothing is on its way.
    #[must_use]
    pub fn behind(self, span: Span) -> Self {
        if self.ended {
            self
        } else {
            Self::running(self.at - span)
        }
    }
}

/// Moves a clock on, never back.
pub(super) fn advance(clock: &mut Option<Clock>, to: Option<Clock>) {
    if let Some(to) = to {
        let before = clock.map_or(Timestamp::MIN, |clock| clock.at);
        *clock = Some(Clock {
            at: to.at.max(before),
            ended: to.ended,
        });
    }
}

/// One wrong clock, or seven, move nothing: a source's time is its eighth-newest event.
const NEWEST: usize = 8;

/// The time of one source partition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct SourceTime {
    /// The newest event times, ascending; at most [`NEWEST`].
    #[n(0)]
    newest: Vec<Timestamp>,
    #[n(1)]
    clock: Option<Timestamp>,
}

impl SourceTime {
    pub(super) fn observe(&mut self, at: Timestamp) {
        if self.newest.len() == NEWEST && at <= self.newest[0] {
            return;
        }
        let place = self.newest.partition_point(|known| *known <= at);
        self.newest.insert(place, at);
        if self.newest.len() > NEWEST {
            self.newest.remove(0);
        }
        if self.newest.len() == NEWEST {
            self.clock = self.clock.max(Some(self.newest[0]));
        }
    }

    /// Where the clock stands for lateness; `None` before the eighth event.
    #[must_use]
    pub(super) const fn clock(&self) -> Option<Timestamp> {
        self.clock
    }

    /// The wall clock, of a partition that follows it and has been read to its end.
    pub(super) fn follow(&mut self, wall: Timestamp) {
        self.clock = self.clock.max(Some(wall));
    }

    /// The clock for the stages: `at_end` if everything has been read for now.
    #[must_use]
    pub(super) fn stage_clock(&self, kind: SourceClock, at_end: bool) -> Option<Clock> {
        match (kind, at_end) {
            (SourceClock::Events, true) => Some(Clock {
                at: self.newest.last().copied().unwrap_or(Timestamp::MIN),
                ended: true,
            }),
            _ => self.clock.map(Clock::running),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_waits_for_its_slowest_input_and_ends_at_the_newest_event() {
        let running = |at| Some(Clock::running(Timestamp(at)));
        let ended = |at| {
            Some(Clock {
                at: Timestamp(at),
                ended: true,
            })
        };
        let table: [(&[Option<Clock>], Option<Clock>); 5] = [
            (&[running(5), running(3)], running(3)),
            (&[running(5), ended(3)], running(5)),
            (&[ended(3), ended(7)], ended(7)),
            (&[running(5), None], None),
            (&[ended(9), running(5), ended(7), running(6)], running(5)),
        ];
        for (inputs, expected) in table {
            assert_eq!(
                Clock::combine(inputs.iter().copied()),
                expected,
                "{inputs:?}"
            );
        }
    }

    #[test]
    fn seven_wrong_clocks_move_nothing() {
        let mut time = SourceTime::default();
        (0..20).for_each(|at| time.observe(Timestamp(at)));
        assert_eq!(time.clock(), Some(Timestamp(12)));
        (0..7).for_each(|wrong| time.observe(Timestamp(1_000_000 + wrong)));
        assert_eq!(time.clock(), Some(Timestamp(19)));
    }
}
