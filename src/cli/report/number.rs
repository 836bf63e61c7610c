//! Numbers for people.

use super::scale::Scale;
use floorwalker_core::kpi::{Percentiles, Ratio};

const ABSENT: &str = "-";

/// `22,162`.
pub(in crate::cli) fn thousands(number: impl TryInto<i128>) -> String {
    let number = number.try_into().unwrap_or_default();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Returns a number with what is counted, such as `1 letter` or `2,000 letters`.
pub(in crate::cli) fn counted(
    number: impl TryInto<i128>,
    one: &'static str,
    many: &'static str,
) -> String {
    let number = number.try_into().unwrap_or_default();
    let what = if number == 1 { one } else { many };
    format!("{} {what}", thousands(number))
}

pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || ABSENT.to_owned(),
        |share| format!("{:.1} %", share * 100.0),
    )
}

/// `77.8 % [68.0, 85.2], 70 of 90`.
pub(super) fn share(ratio: &Ratio) -> String {
    let counts = format!("{} of {}", thousands(ratio.num), thousands(ratio.den));
    match ratio.interval {
        Some((low, high)) => format!(
            "{} [{:.1}, {:.1}], {counts}",
            percent(ratio.value),
            low * 100.0,
            high * 100.0
        ),
        None => ABSENT.to_owned(),
    }
}

pub(super) fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |seconds| format!("{seconds:.1}"))
}

/// `67.3 s (p50 67.0, p90 114.0, p99 124.0; n 523)`.
pub(super) fn mean(n: i64, mean: Option<f64>, of: &Percentiles) -> String {
    if mean.is_none() {
        return ABSENT.to_owned();
    }
    format!(
        "{} s (p50 {}, p90 {}, p99 {}; n {})",
        seconds(mean),
        seconds(of.p50),
        seconds(of.p90),
        seconds(of.p99),
        thousands(n),
    )
}

/// On the surveys' scale if they share one, else normalised.
pub(super) fn score(normalised: Option<f64>, scale: Option<Scale>) -> String {
    match (normalised, scale) {
        (None, _) => ABSENT.to_owned(),
        (Some(mean), Some(scale)) => format!("{:.2}", scale.score(mean)),
        (Some(mean), None) => format!("{mean:.4}"),
    }
}
