//! Values of records: means, shares, and their rounding to 6 decimals.

use serde::{Serialize, Serializer};

use crate::event::Span;

/// Returns the mean in seconds of a sum in microseconds. `None` of nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "sums of durations are far below 2^53 µs"
)]
pub(crate) fn mean_secs(sum_micros: i64, n: i64) -> Option<f64> {
    (n > 0).then(|| round(Span(sum_micros).as_secs() / n as f64))
}

/// Returns a part as a share. `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "spans far below 2^53 µs")]
pub(crate) fn share(part: Span, of: Span) -> Option<f64> {
    (of > Span::ZERO).then(|| round(part.0 as f64 / of.0 as f64))
}

/// Rounds to 6 decimals.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

pub(crate) fn rounded_option<S: Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.map(round).serialize(serializer)
}

pub(crate) fn rounded_pair<S: Serializer>(
    pair: &Option<(f64, f64)>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    pair.map(|(low, high)| (round(low), round(high)))
        .serialize(serializer)
}
