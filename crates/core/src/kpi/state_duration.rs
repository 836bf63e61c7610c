//! State durations: how long agents were in a state and engagements were open, as step functions of time.
//!
//! A sum of steps is exact in any order, like a sum of facts. The time within a window follows from the steps in it and the height
//! at its beginning: `height · (to − from) + Σ step · (to − at)`. Nothing is emitted while nothing happens.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::accumulator::{Accumulator, BUCKETS};
use crate::event::{Span, Timestamp};

/// A step function of time: how many agents are in a state, or how many engagements are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateDuration<'a> {
    Occupied,
    Available,
    /// Away for this reason.
    Away(&'a str),
    /// Counts each open engagement.
    Engaged,
    /// Counts each agent with an open engagement.
    Busy,
}

/// Each takes three codes: the steps, and the sums of their times in seconds and in microseconds.
const CODES: u32 = 3;
const FIRST: u32 = 28;
/// Codes of reasons follow the buckets. They are hashes of 30 bits: the few reasons that share one share their time.
const AWAY: u32 = 3 * BUCKETS;
const REASONS: u32 = (u32::MAX - AWAY) / CODES;
const MICROS: i64 = 1_000_000;

/// Times of one entity in one window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    pub occupied: Span,
    pub available: Span,
    pub engaged: Span,
    pub busy: Span,
    /// By [`reason_code`].
    pub away: BTreeMap<u32, Span>,
}

/// Returns the code under which the steps of a reason are summed.
#[must_use]
pub fn reason_code(reason: &str) -> u32 {
    let hash = xxh3_64(reason.as_bytes()) % u64::from(REASONS);
    AWAY + CODES * u32::try_from(hash).unwrap_or(0)
}

impl StateDuration<'_> {
    fn code(self) -> u32 {
        match self {
            Self::Occupied => FIRST,
            Self::Available => FIRST + CODES,
            Self::Engaged => FIRST + 2 * CODES,
            Self::Busy => FIRST + 3 * CODES,
            Self::Away(reason) => reason_code(reason),
        }
    }
}

const fn is_state_duration(code: u32) -> bool {
    (FIRST <= code && code < FIRST + 4 * CODES) || code >= AWAY
}

const fn is_step(code: u32) -> bool {
    let first = if code >= AWAY { AWAY } else { FIRST };
    is_state_duration(code) && (code - first).is_multiple_of(CODES)
}

impl Accumulator {
    /// Adds a step of `by` at `at`.
    pub fn step(&mut self, of: StateDuration<'_>, at: Timestamp, by: i64) {
        let code = of.code();
        let (seconds, micros) = (at.0.div_euclid(MICROS), at.0.rem_euclid(MICROS));
        self.add_row(code, [by, by * seconds, by * micros]);
    }

    /// Returns the sums of state durations alone.
    #[must_use]
    pub fn state_durations(&self) -> Self {
        self.filtered(is_state_duration)
    }

    /// Whether any state goes on after the last step.
    #[must_use]
    pub fn has_open_state(&self) -> bool {
        self.sums().any(|(code, _)| is_step(code))
    }

    /// Returns the times from `from` to `to`. `self` has the steps within them, `until_now` all steps up to `to`.
    #[must_use]
    pub fn times(&self, until_now: &Self, from: Timestamp, to: Timestamp) -> Times {
        let time_in = |of: StateDuration<'_>| self.time(of.code(), until_now, from, to);
        let all = self.sums().chain(until_now.sums());
        let reasons = all.map(|(code, _)| code).filter(|code| *code >= AWAY);
        let reasons = reasons.map(|code| code - (code - AWAY) % CODES);
        let away = reasons.map(|code| (code, self.time(code, until_now, from, to)));
        Times {
            occupied: time_in(StateDuration::Occupied),
            available: time_in(StateDuration::Available),
            engaged: time_in(StateDuration::Engaged),
            busy: time_in(StateDuration::Busy),
            away: away.filter(|(_, time)| *time != Span::ZERO).collect(),
        }
    }

    fn time(&self, code: u32, until_now: &Self, from: Timestamp, to: Timestamp) -> Span {
        let wide = |sum| i128::from(self.sum_of(sum));
        let height = i128::from(until_now.sum_of(code)) - wide(code);
        let steps_at = wide(code + 1) * i128::from(MICROS) + wide(code + 2);
        let within = wide(code) * i128::from(to.0) - steps_at;
        let before = if height == 0 {
            0
        } else {
            height * i128::from((to - from).0)
        };
        Span(i64::try_from(within + before).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + seconds * 1_000)
    }

    #[test]
    fn time_is_cut_at_the_beginning_of_the_window_and_at_the_clock() {
        let (mut before, mut within) = (Accumulator::default(), Accumulator::default());
        before.step(StateDuration::Available, at(-100), 1);
        before.step(StateDuration::Away("lunch"), at(-300), 1);
        before.step(StateDuration::Away("lunch"), at(-100), -1);
        within.step(StateDuration::Available, at(20), -1);
        within.step(StateDuration::Occupied, at(20), 1);
        let mut all = before.clone();
        all.merge(&within);
        let times = within.times(&all, at(0), at(60));
        assert_eq!(times.available, Span::from_secs(20));
        assert_eq!(times.occupied, Span::from_secs(40));
        assert!(times.away.is_empty());
        let ever = all.times(&all, Timestamp::MIN, at(60));
        assert_eq!(ever.available, Span::from_secs(120));
        assert_eq!(ever.away[&reason_code("lunch")], Span::from_secs(200));
        assert!(all.has_open_state() && !Accumulator::default().has_open_state());
    }

    #[test]
    fn an_end_that_comes_late_leaves_nothing_behind() {
        let mut sums = Accumulator::default();
        sums.step(StateDuration::Busy, at(0), 1);
        sums.step(StateDuration::Busy, at(90), -1);
        assert!(!sums.has_open_state());
        assert_eq!(sums.times(&sums, at(0), at(100)).busy, Span::from_secs(90));
        sums.step(StateDuration::Busy, at(90), 1);
        sums.step(StateDuration::Busy, at(0), -1);
        assert!(sums.is_empty());
    }
}
