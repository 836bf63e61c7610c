//! What chance decides: a seeded generator and the distributions of the field. The same seed and stream give the same numbers.

use rand::{Rng as _, SeedableRng as _};
use rand_distr::{Distribution as _, Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use floorwalker_core::event::Span;

/// No draw is longer: a tail of a distribution must not outlast the world.
const SPAN_SECONDS_MAX: f64 = 30.0 * 86_400.0;

#[derive(Debug, Clone)]
pub(super) struct Dice(Xoshiro256PlusPlus);

impl Dice {
    /// Streams of one seed are independent: what the network does changes nothing in the contact center.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut numbers = Xoshiro256PlusPlus::seed_from_u64(seed);
        (0..stream).for_each(|_| numbers.jump());
        Self(numbers)
    }

    /// From 0 up to and without 1.
    pub(super) fn share(&mut self) -> f64 {
        self.0.random()
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// From 0 up to and without `bound`, which is above 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    /// One of `from`, which is not empty.
    pub(super) fn pick<'a, Item>(&mut self, from: &'a [Item]) -> &'a Item {
        &from[self.below(from.len())]
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.share() * (high - low)
    }

    pub(super) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        let standard: f64 = StandardNormal.sample(&mut self.0);
        mean + deviation * standard
    }

    pub(super) fn exponential(&mut self, mean: Span) -> Span {
        let standard: f64 = Exp1.sample(&mut self.0);
        seconds(mean.as_secs() * standard)
    }

    /// `variation` is the standard deviation as a share of the mean.
    pub(super) fn lognormal(&mut self, mean: Span, variation: f64) -> Span {
        times(mean, self.lognormal_factor(variation))
    }

    /// Lognormal with mean 1.
    pub(super) fn lognormal_factor(&mut self, variation: f64) -> f64 {
        let variance = (variation * variation).ln_1p();
        (self.normal(-variance / 2.0, variance.sqrt())).exp()
    }

    pub(super) fn up_to(&mut self, most: Span) -> Span {
        times(most, self.share())
    }
}

pub(super) fn times(span: Span, factor: f64) -> Span {
    seconds(span.as_secs() * factor)
}

/// In whole milliseconds, as feeds have them.
#[expect(clippy::cast_possible_truncation, reason = "within a month")]
pub(super) fn seconds(seconds: f64) -> Span {
    Span::from_millis((seconds.clamp(-SPAN_SECONDS_MAX, SPAN_SECONDS_MAX) * 1e3).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lognormal_keeps_its_mean_and_variation() {
        let mut dice = Dice::new(1, 0);
        let draws: Vec<f64> = (0..100_000)
            .map(|_| dice.lognormal(Span::from_secs(300), 0.7).as_secs())
            .collect();
        let mean = draws.iter().sum::<f64>() / 1e5;
        let square = draws.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 1e5;
        assert!((mean - 300.0).abs() < 3.0, "{mean}");
        assert!((square.sqrt() / mean - 0.7).abs() < 0.03, "{square}");
    }

    #[test]
    fn streams_of_one_seed_differ_and_repeat() {
        let draw = |stream| Dice::new(7, stream).share().to_bits();
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(0), draw(1));
    }
}
