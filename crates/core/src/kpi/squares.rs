//! Sums of squares, exact in any order: the basis of variances.

use super::accumulator::{Accumulator, Count, Half};
use crate::event::Span;

const HALF_BITS: u32 = 40;
/// Longest handle time; 100,000 of its squares fit.
const SQUARED_MAX: Span = Span::from_secs(100 * 86_400);

impl Accumulator {
    /// Adds the square of a handle time `sign` times. One of over 100 days counts as 100 days.
    pub fn add_square(&mut self, handle: Span, sign: i64) {
        let micros = i128::from(handle.0.clamp(0, SQUARED_MAX.0));
        let square = micros * micros;
        let low = square & ((1 << HALF_BITS) - 1);
        for (half, part) in [(Half::Low, low), (Half::High, square >> HALF_BITS)] {
            let part = i64::try_from(part).unwrap_or_default();
            self.count(Count::HandleSquares(half), sign * part);
        }
    }

    /// Returns the sum of the squares of handle times, in microseconds squared.
    #[must_use]
    pub fn squares(&self) -> i128 {
        let half = |half| i128::from(self.get(Count::HandleSquares(half)));
        (half(Half::High) << HALF_BITS) + half(Half::Low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_exact_and_retractable() {
        let spans = [0, 1, 999_999, 310_123_457, SQUARED_MAX.0].map(Span);
        let mut accumulator = Accumulator::default();
        spans
            .iter()
            .for_each(|span| accumulator.add_square(*span, 1));
        let squares = spans.iter().map(|span| i128::from(span.0).pow(2));
        assert_eq!(accumulator.squares(), squares.sum());
        spans
            .iter()
            .for_each(|span| accumulator.add_square(*span, -1));
        assert!(accumulator.is_empty());
    }
}
