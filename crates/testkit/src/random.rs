//! A seeded generator (splitmix64): the same seed gives the same numbers.

use floorwalker_core::event::Span;

/// A seeded stream of random numbers.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Returns the stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns 64 random bits.
    #[must_use]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 up to and without `bound`, which is above 0. Uneven by less than `bound` in 2^64.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a remainder is below `bound`"
    )]
    pub fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// Returns a number from 0 up to and without 1, in steps of 2^-53.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns true with probability `share`, from 0 to 1.
    #[must_use]
    pub fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// Returns one of `from`, which is not empty.
    #[must_use]
    pub fn pick<'a, Item>(&mut self, from: &'a [Item]) -> &'a Item {
        &from[self.below(from.len())]
    }

    /// Returns a span from zero up to and with `most`, evenly distributed over whole microseconds.
    #[must_use]
    pub fn up_to(&mut self, most: Span) -> Span {
        Span(i64::try_from(self.bits() % (most.0.unsigned_abs() + 1)).unwrap_or(most.0))
    }

    /// Returns an exponentially distributed span of whole microseconds, at most ten times the mean.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "ten means are far below 2^53 microseconds"
    )]
    pub fn exponential(&mut self, mean: Span) -> Span {
        let factor = -(1.0 - self.share()).ln();
        Span((mean.0 as f64 * factor.min(10.0)) as i64)
    }
}
