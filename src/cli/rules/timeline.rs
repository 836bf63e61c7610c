//! The course of alerts over time: one character a step.

use serde::Serialize;

use floorwalker_core::event::{Span, Timestamp};

/// Characters of a line.
const COLUMNS_MAX: i64 = 72;
const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// In seconds; longer ones are whole weeks.
const STEPS: [i64; 16] = [
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    20 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
];

/// Time in equal steps: the shortest of which a line holds all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Steps {
    /// Begin of the first.
    #[serde(rename = "begins_at")]
    pub(super) from: Timestamp,
    #[serde(rename = "step_seconds")]
    pub(super) seconds: i64,
    #[serde(rename = "steps")]
    pub(super) count: usize,
}

impl Steps {
    pub(super) fn of(from: Timestamp, until: Timestamp) -> Self {
        let weeks = (1..).map(|weeks| weeks * 7 * DAY);
        let mut all = STEPS.into_iter().chain(weeks);
        let of = |seconds| {
            let step = Span::from_secs(seconds);
            let begin = from.floor(step);
            (begin, seconds, (until - begin).0 / step.0 + 1)
        };
        // The weeks have no end, so one fits.
        let found = all.find_map(|seconds| Some(of(seconds)).filter(|it| it.2 <= COLUMNS_MAX));
        let (begin, seconds, count) = found.unwrap_or_else(|| of(DAY));
        Self {
            from: begin,
            seconds,
            count: usize::try_from(count).unwrap_or(1),
        }
    }

    /// Counts instants by step. Those outside belong to the first and the last.
    pub(super) fn count(&self, instants: impl Iterator<Item = Timestamp>) -> Vec<u64> {
        let mut counts = vec![0; self.count];
        for at in instants {
            let step = (at - self.from).0 / Span::from_secs(self.seconds).0;
            let step = usize::try_from(step).unwrap_or(0).min(self.count - 1);
            counts[step] += 1;
        }
        counts
    }
}

/// The characters of fifths.
const DENSE: [char; 5] = ['▁', '▂', '▃', '▅', '▇'];
const DENSE_ASCII: [char; 5] = ['.', ':', '+', '*', '#'];

/// How counts are drawn: each as a fifth of the most, nothing as a blank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Density {
    /// At least as many as there are characters.
    pub(super) most: u64,
    pub(super) signs: [char; 5],
}

impl Density {
    pub(super) fn of<'c>(lines: impl Iterator<Item = &'c Vec<u64>>, ascii: bool) -> Self {
        let most = lines.flatten().max().copied().unwrap_or_default();
        Self {
            most: most.max(DENSE.len() as u64),
            signs: if ascii { DENSE_ASCII } else { DENSE },
        }
    }

    pub(super) fn line(&self, counts: &[u64]) -> String {
        counts.iter().map(|count| self.sign(*count)).collect()
    }

    fn sign(&self, count: u64) -> char {
        let fifths = (count * self.signs.len() as u64).div_ceil(self.most);
        let place = fifths.checked_sub(1).map(usize::try_from);
        let sign = place.and_then(|place| self.signs.get(place.ok()?));
        sign.copied().unwrap_or(' ')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::from_secs(seconds)
    }

    #[test]
    fn a_step_is_the_shortest_that_fits_a_line() {
        let table = [
            (0, 0, 60, 1),
            (0, HOUR, 60, 61),
            (0, 71 * MINUTE, 60, 72),
            (0, 72 * MINUTE, 2 * MINUTE, 37),
            // Begins within a step.
            (59, 72 * MINUTE - 1, 60, 72),
            (8 * HOUR, 16 * HOUR, 10 * MINUTE, 49),
            (0, 3 * DAY - 1, HOUR, 72),
            (0, 7 * DAY, 3 * HOUR, 57),
            (0, 365 * DAY, 7 * DAY, 53),
            (0, 3 * 365 * DAY, 21 * DAY, 53),
        ];
        for (from, until, seconds, count) in table {
            let steps = Steps::of(at(from), at(until));
            assert_eq!((steps.seconds, steps.count), (seconds, count), "{until}");
            assert!(steps.from <= at(from));
        }
    }

    #[test]
    fn each_instant_counts_in_one_step() {
        let steps = Steps::of(at(30), at(5 * MINUTE));
        let instants = [0, 59, 60, 299, 300, 900].map(at);
        assert_eq!(steps.count(instants.into_iter()), [2, 1, 0, 0, 1, 2]);
    }

    #[test]
    fn characters_are_fifths_of_the_most() {
        let draw = |counts: &[u64], ascii| {
            let counts = counts.to_vec();
            Density::of([&counts].into_iter(), ascii).line(&counts)
        };
        assert_eq!(draw(&[0, 1, 2, 3], false), " ▁▂▃");
        assert_eq!(draw(&[0, 1, 20, 21, 41, 80, 100], false), " ▁▁▂▃▅▇");
        assert_eq!(draw(&[5, 4, 0, 3, 2, 1], true), "#* +:.");
        assert_eq!(draw(&[], false), "");
    }
}
