//! Durations as a sparse log-linear histogram: three significant decimal digits, so that a percentile is within 0.5 %, and
//! a whole number of seconds below 1,000 is exact.

use minicbor::{Decode, Encode};

use crate::event::Span;

/// Counts by bucket, ascending. A sum of signed contributions: counts may be below zero while a retraction is
/// ahead of what it retracts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Distribution(#[n(0)] Vec<(u16, i64)>);

/// Milliseconds below this have a bucket each.
const EXACT_BELOW: i64 = 1_000;
/// Buckets per decade above it: mantissas 100 to 999.
const PER_DECADE: i64 = 900;

impl Distribution {
    pub fn add(&mut self, value: Span, count: i64) {
        add_sparse(&mut self.0, bucket_of(value), count);
    }

    pub fn merge(&mut self, other: &Self) {
        for &(bucket, count) in &other.0 {
            add_sparse(&mut self.0, bucket, count);
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The nearest-rank percentile in seconds: the least value with at least `percent` of all at or below. `None`
    /// when empty.
    #[must_use]
    pub fn percentile(&self, percent: i64) -> Option<f64> {
        let total: i64 = self.0.iter().map(|(_, count)| count).sum();
        let rank = (total * percent + 99) / 100;
        let mut seen = 0;
        let reached = self.0.iter().find(|(_, count)| {
            seen += count;
            seen >= rank && seen > 0
        });
        reached.map(|&(bucket, _)| value_of(bucket))
    }
}

/// Adds to the entry of `key` in a list ordered by key; an entry of zero is removed.
pub(super) fn add_sparse<K: Ord + Copy>(entries: &mut Vec<(K, i64)>, key: K, amount: i64) {
    if amount == 0 {
        return;
    }
    match entries.binary_search_by_key(&key, |entry| entry.0) {
        Ok(place) if entries[place].1 + amount == 0 => {
            entries.remove(place);
        }
        Ok(place) => entries[place].1 += amount,
        Err(place) => entries.insert(place, (key, amount)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a bucket of 10^18 ms is below 16,000"
)]
#[expect(clippy::cast_sign_loss, reason = "durations are never negative")]
fn bucket_of(value: Span) -> u16 {
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

/// The middle of a bucket, in seconds.
#[expect(clippy::cast_precision_loss, reason = "three significant digits")]
fn value_of(bucket: u16) -> f64 {
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
            let error = (value_of(bucket) - Span::from_millis(millis).as_secs()).abs();
            assert!(
                error <= 0.005_01 * Span::from_millis(millis).as_secs(),
                "{millis}"
            );
        }
    }

    #[test]
    fn percentiles_are_nearest_rank() {
        let mut distribution = Distribution::default();
        for seconds in [125, 210] {
            distribution.add(Span::from_secs(seconds), 1);
        }
        let at = |percent| distribution.percentile(percent);
        assert_eq!(
            (at(50), at(90), at(99)),
            (Some(125.0), Some(210.0), Some(210.0))
        );
        assert_eq!(Distribution::default().percentile(50), None);
    }
}
