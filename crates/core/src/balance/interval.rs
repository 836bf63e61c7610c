//! Intervals of shares and means, and of the difference of two.

use puruspe::invbetai;

/// Lower and upper bound.
pub type Interval = (f64, f64);

/// Confidence level of an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Probability outside, on both sides together.
    outside: f64,
    /// Quantile of the standard normal distribution.
    z: f64,
}

impl Level {
    /// Level of what is shown.
    pub const P95: Self = Self {
        outside: 0.05,
        z: 1.959_964,
    };
    /// Level of a change that needs attention.
    pub const P99: Self = Self {
        outside: 0.01,
        z: 2.575_829,
    };
    pub const P999: Self = Self {
        outside: 0.001,
        z: 3.290_527,
    };

    /// Returns the quantile of Student's t with so many degrees of freedom, by inverting the probability outside, `I(x; df/2, 1/2)` with
    /// `x = df / (df + t²)` (Abramowitz and Stegun 26.7.1).
    fn student(self, freedom: f64) -> f64 {
        let half = freedom / 2.0;
        let x = invbetai(self.outside, half, 0.5);
        (freedom * (1.0 - x) / x).sqrt()
    }
}

/// Returns the score interval of a share `p` of `n` (Wilson 1927, Journal of the American Statistical Association 22, 209). It also holds for the
/// mean of anything from 0 to 1, which varies no more than a share of the same mean does (Bhatia and Davis 2000, American Mathematical
/// Monthly 107, 353): the interval is wide enough, and never empty.
#[must_use]
pub(crate) fn wilson(p: f64, n: f64, level: Level) -> Interval {
    let z2 = level.z * level.z;
    let middle = p + z2 / (2.0 * n);
    let spread = (z2 * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0)).sqrt();
    let scale = 1.0 + z2 / n;
    let bound = |value: f64| (value / scale).clamp(0.0, 1.0);
    (bound(middle - spread), bound(middle + spread))
}

/// Returns the interval of the difference of two shares, `p1 − p2`, from the interval of each: the hybrid score interval (Newcombe 1998,
/// Statistics in Medicine 17, 873, method 10).
#[must_use]
pub(super) fn newcombe((p1, of1): (f64, Interval), (p2, of2): (f64, Interval)) -> Interval {
    let difference = p1 - p2;
    let below = (p1 - of1.0).hypot(of2.1 - p2);
    let above = (of1.1 - p1).hypot(p2 - of2.0);
    (difference - below, difference + above)
}

/// Mean and variance of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mean {
    pub n: f64,
    pub mean: f64,
    pub variance: f64,
}

impl Mean {
    /// Returns the interval of the mean.
    fn variance_of_mean(&self) -> f64 {
        self.variance / self.n
    }

    /// Returns Student's interval (Student 1908, Biometrika 6, 1). `None` for fewer than two.
    #[must_use]
    pub(super) fn interval(&self, level: Level) -> Option<Interval> {
        (self.n >= 2.0).then(|| {
            let reach = level.student(self.n - 1.0) * self.variance_of_mean().sqrt();
            (self.mean - reach, self.mean + reach)
        })
    }

    /// Returns the interval of the difference from another mean, whose variance may differ (Welch 1947, Biometrika 34, 28).
    #[must_use]
    pub(super) fn difference(&self, other: &Self, level: Level) -> Option<Interval> {
        if self.n < 2.0 || other.n < 2.0 {
            return None;
        }
        let (a, b) = (self.variance_of_mean(), other.variance_of_mean());
        let difference = self.mean - other.mean;
        if a + b <= 0.0 {
            return Some((difference, difference));
        }
        let freedom = (a + b).powi(2) / (a * a / (self.n - 1.0) + b * b / (other.n - 1.0));
        let reach = level.student(freedom) * (a + b).sqrt();
        Some((difference - reach, difference + reach))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpi::Ratio;

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        let table = [
            (1.0, 12.706_205, 63.656_741),
            (2.0, 4.302_653, 9.924_843),
            (4.5, 2.658_912, 4.272_824),
            (9.0, 2.262_157, 3.249_836),
            (30.0, 2.042_272, 2.749_996),
            (1_000.0, 1.962_339, 2.580_755),
            (1e6, 1.959_966, 2.575_834),
        ];
        for (freedom, p95, p99) in table {
            for (level, expected) in [(Level::P95, p95), (Level::P99, p99)] {
                let found = level.student(freedom);
                assert!((found - expected).abs() < 2e-6, "{freedom}: {found}");
            }
        }
    }

    #[test]
    fn a_share_has_the_interval_of_the_kpis() {
        for (num, n) in [(0, 1), (1, 3), (19, 20), (7, 700)] {
            let (low, high) = Ratio::new(num, n).interval.unwrap();
            let (num, n) = (num as f64, n as f64);
            let found = wilson(num / n, n, Level::P95);
            assert!((found.0 - low).abs() < 1e-12 && (found.1 - high).abs() < 1e-12);
        }
    }

    /// Newcombe 1998, table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 6/7 − 2/7, 10/10 − 0/20.
    #[test]
    fn differences_of_shares_are_the_published_ones() {
        let table = [
            ((56, 70), (48, 80), "0.0524 0.3339"),
            ((9, 10), (3, 10), "0.1705 0.8090"),
            ((6, 7), (2, 7), "0.0582 0.8062"),
            ((10, 10), (0, 20), "0.6791 1.0000"),
        ];
        for (one, other, expected) in table {
            let of = |(num, n): (i32, i32)| {
                let (p, n) = (f64::from(num) / f64::from(n), f64::from(n));
                (p, wilson(p, n, Level::P95))
            };
            let (low, high) = newcombe(of(one), of(other));
            assert_eq!(format!("{low:.4} {high:.4}"), expected);
        }
    }
}
