//! What lasts: states and engagements, told as steps up and down at instants.
//!
//! A sum of steps is exact in any order, like that of facts; and from the steps within a window, and the height at which it
//! begins, follows the time in it: `height · (to − from) + Σ step · (to − at)`. Nothing has to be told while nothing happens.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use super::tally::{BUCKETS, Tally};
use crate::event::{Span, Timestamp};

/// Of how many agents something is so at an instant, or how many engagements there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting<'a> {
    Occupied,
    Available,
    /// For this reason.
    Away(&'a str),
    /// Each open engagement.
    Engaged,
    /// Each agent with an open engagement.
    Busy,
}

/// Each takes three codes: of the steps, and of the sums of their times in seconds and microseconds.
const CODES: u32 = 3;
const FIRST: u32 = 28;
/// Reasons have codes behind the buckets, by their hash of 30 bits: those few that share one share their time.
const AWAY: u32 = 3 * BUCKETS;
const REASONS: u32 = (u32::MAX - AWAY) / CODES;
const MICROS: i64 = 1_000_000;

/// The times of one entity in one window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Times {
    pub occupied: Span,
    pub available: Span,
    pub engaged: Span,
    pub busy: Span,
    /// By [`reason_code`].
    pub away: BTreeMap<u32, Span>,
}

/// What a reason is called in sums.
#[must_use]
pub fn reason_code(reason: &str) -> u32 {
    let hash = xxh3_64(reason.as_bytes()) % u64::from(REASONS);
    AWAY + CODES * u32::try_from(hash).unwrap_or(0)
}

impl Lasting<'_> {
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

const fn is_lasting(code: u32) -> bool {
    (FIRST <= code && code < FIRST + 4 * CODES) || code >= AWAY
}

const fn is_step(code: u32) -> bool {
    let first = if code >= AWAY { AWAY } else { FIRST };
    is_lasting(code) && (code - first).is_multiple_of(CODES)
}

impl Tally {
    /// Adds a step of `by` at `at`.
    pub fn step(&mut self, what: Lasting<'_>, at: Timestamp, by: i64) {
        let code = what.code();
        self.add_sum(code, by);
        self.add_sum(code + 1, by * at.0.div_euclid(MICROS));
        self.add_sum(code + 2, by * at.0.rem_euclid(MICROS));
    }

    /// Only what lasts.
    #[must_use]
    pub fn lasting(&self) -> Self {
        self.filtered(is_lasting)
    }

    /// Whether anything goes on behind the last step.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.sums().any(|(code, _)| is_step(code))
    }

    /// The times from `from` to `to`, of which these are the steps. `until_now` are all steps up to `to`.
    #[must_use]
    pub fn times(&self, until_now: &Self, from: Timestamp, to: Timestamp) -> Times {
        let time_in = |what: Lasting<'_>| self.time(what.code(), until_now, from, to);
        let all = self.sums().chain(until_now.sums());
        let reasons = all.map(|(code, _)| code).filter(|code| *code >= AWAY);
        let reasons = reasons.map(|code| code - (code - AWAY) % CODES);
        let away = reasons.map(|code| (code, self.time(code, until_now, from, to)));
        Times {
            occupied: time_in(Lasting::Occupied),
            available: time_in(Lasting::Available),
            engaged: time_in(Lasting::Engaged),
            busy: time_in(Lasting::Busy),
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
        let (mut before, mut within) = (Tally::default(), Tally::default());
        before.step(Lasting::Available, at(-100), 1);
        before.step(Lasting::Away("lunch"), at(-300), 1);
        before.step(Lasting::Away("lunch"), at(-100), -1);
        within.step(Lasting::Available, at(20), -1);
        within.step(Lasting::Occupied, at(20), 1);
        let mut all = before.clone();
        all.merge(&within);
        let times = within.times(&all, at(0), at(60));
        assert_eq!(times.available, Span::from_secs(20));
        assert_eq!(times.occupied, Span::from_secs(40));
        assert!(times.away.is_empty());
        let ever = all.times(&all, Timestamp::MIN, at(60));
        assert_eq!(ever.available, Span::from_secs(120));
        assert_eq!(ever.away[&reason_code("lunch")], Span::from_secs(200));
        assert!(all.goes_on() && !Tally::default().goes_on());
    }

    #[test]
    fn an_end_told_late_leaves_nothing_behind() {
        let mut told = Tally::default();
        told.step(Lasting::Busy, at(0), 1);
        told.step(Lasting::Busy, at(90), -1);
        assert!(!told.goes_on());
        assert_eq!(told.times(&told, at(0), at(100)).busy, Span::from_secs(90));
        told.step(Lasting::Busy, at(90), 1);
        told.step(Lasting::Busy, at(0), -1);
        assert!(told.is_empty());
    }
}
