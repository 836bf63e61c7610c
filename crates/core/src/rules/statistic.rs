//! The tests behind the rules, all as standard normal deviates: how many standard deviations from the usual.

/// Returns how far a count lies from its Poisson mean, by the variance-stabilising root of Anscombe (1948, Biometrika 35, 246). The mean
/// itself is known from a stretch of the past: `share` is the length of the count's window divided by that of the past.
#[must_use]
pub(super) fn count_z(count: f64, mean: f64, share: f64) -> f64 {
    let root = |x: f64| 2.0 * (x + 0.375).sqrt();
    (root(count) - root(mean)) / (1.0 + share).sqrt()
}

/// Returns how far `part` of `all` lies from the share `usual`, by the arcsine root (Anscombe 1948); `past` is the number that the usual
/// share was seen in; infinite for one that is known.
#[must_use]
pub(super) fn share_z(part: f64, all: f64, usual: f64, past: f64) -> f64 {
    if all <= 0.0 {
        return 0.0;
    }
    let angle = |p: f64| p.clamp(0.0, 1.0).sqrt().asin();
    let observed = (part + 0.375) / (all + 0.75);
    let spread = (1.0 / (all + 0.5) + 1.0 / (past + 0.5)).sqrt();
    2.0 * (angle(observed) - angle(usual)) / spread
}

/// Returns the log likelihood ratio of `part` of `all` under `odds` times the usual odds against the usual ones.
#[must_use]
pub(super) fn odds_gain(part: f64, all: f64, usual: f64, odds: f64) -> f64 {
    let p = usual.clamp(0.005, 0.95);
    let raised = p * odds / (1.0 - p + p * odds);
    part * (raised / p).ln() + (all - part) * ((1.0 - raised) / (1.0 - p)).ln()
}

/// Returns the log likelihood ratio of `n` values of mean `mean` under a shift by `delta` against none, in standard deviations.
#[must_use]
pub(super) fn shift_gain(mean: f64, n: f64, delta: f64) -> f64 {
    n * delta * (mean - delta / 2.0)
}

/// Returns a count to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts of days")]
pub(super) fn float(count: i64) -> f64 {
    count as f64
}

/// Returns a count as a whole number.
#[expect(clippy::cast_possible_truncation, reason = "counts")]
pub(super) fn whole(count: f64) -> i64 {
    count.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviates_are_near_zero_at_the_usual_and_grow_with_the_evidence() {
        assert!(count_z(20.0, 20.0, 0.1).abs() < 0.05);
        assert!(count_z(40.0, 20.0, 0.1) > 3.0);
        assert!(count_z(5.0, 20.0, 0.1) < -3.0);
        assert!(share_z(2.0, 10.0, 0.2, 1e9).abs() < 0.2);
        assert!(share_z(20.0, 40.0, 0.2, 1e9) > share_z(5.0, 10.0, 0.2, 1e9));
    }

    #[test]
    fn gains_are_for_what_was_seen() {
        assert!(odds_gain(3.0, 5.0, 0.1, 3.0) > 0.0);
        assert!(odds_gain(0.0, 5.0, 0.1, 3.0) < 0.0);
        assert!(shift_gain(0.75, 8.0, 0.75) > 0.0);
        assert!(shift_gain(0.0, 8.0, 0.75) < 0.0);
        assert!(shift_gain(-0.9, 8.0, -0.9) > 0.0);
    }
}
