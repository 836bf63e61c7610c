//! Durations as a sparse log-linear histogram: three significant decimal digits or whole milliseconds, whichever is coarser, so that
//! a percentile is within 0.5 % or half a millisecond, and a whole number of seconds below 1,000 is exact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Span;

/// Milliseconds below this have a bucket each.
const EXACT_BELOW: i64 = 1_000;
/// Buckets per decade above it: mantissas 100 to 999.
const PER_DECADE: i64 = 900;

/// Nearest-rank percentiles in seconds: the least value with at least so many percent of all at or below. `None` of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(!default)]
pub struct Percentiles {
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
}

impl Percentiles {
    /// Computes the percentiles of buckets with their counts, in ascending order.
    pub(super) fn of(buckets: &(impl Iterator<Item = (u32, i64)> + Clone)) -> Self {
        let total: i64 = buckets.clone().map(|(_, count)| count).sum();
        let at = |percent: i64| {
            let rank = (total * percent + 99) / 100;
            let mut seen = 0;
            let reached = buckets.clone().find(|(_, count)| {
                seen += count;
                seen >= rank && seen > 0
            });
            reached.map(|(bucket, _)| value_of(bucket))
        };
        Self {
            p50: at(50),
            p90: at(90),
            p99: at(99),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a bucket of 10^18 ms is below 16,000"
)]
#[expect(clippy::cast_sign_loss, reason = "durations are never negative")]
pub(super) fn bucket_of(value: Span) -> u16 {
    let millis = ((value.0 + 500) / 1_000).max(0);
    if millis < EXACT_BELOW {
        return millis as u16;
    }
    let (mut unit, mut decade) = (10, 0);
    while (millis + unit / 2) / unit >= 1_000 {
        unit *= 10;
        decade += 1;
    }
    let mantissa = (millis + unit / 2) / unit;
    (EXACT_BELOW + decade * PER_DECADE + mantissa - 100) as u16
}

/// Returns the middle of a bucket, in seconds.
#[expect(clippy::cast_precision_loss, reason = "three significant digits")]
fn value_of(bucket: u32) -> f64 {
    let bucket = i64::from(bucket);
    if bucket < EXACT_BELOW {
        return bucket as f64 / 1e3;
    }
    let (decade, mantissa) = (
        (bucket - EXACT_BELOW) / PER_DECADE,
        (bucket - EXACT_BELOW) % PER_DECADE + 100,
    );
    (mantissa * 10_i64.pow(u32::try_from(decade + 1).unwrap_or(0))) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_within_half_a_percent_and_ascend() {
        let mut last = 0;
        for millis in (0..2_000_000).step_by(7).chain([86_400_000, 604_800_000]) {
            let bucket = bucket_of(Span::from_millis(millis));
            assert!(bucket >= last, "{millis}");
            last = bucket;
            let value = Span::from_millis(millis).as_secs();
            let error = (value_of(u32::from(bucket)) - value).abs();
            assert!(error <= 0.005_01 * value, "{millis}");
        }
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let buckets = [125, 210].map(|seconds| (u32::from(bucket_of(Span::from_secs(seconds))), 1));
        let found = Percentiles::of(&buckets.into_iter());
        assert_eq!(
            (found.p50, found.p90, found.p99),
            (Some(125.0), Some(210.0), Some(210.0))
        );
        assert_eq!(Percentiles::of(&[].into_iter()), Percentiles::default());
    }
}
