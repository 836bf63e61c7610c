//! Event time: microseconds since 1970 in UTC, and spans of them.

use std::{
    fmt,
    ops::{Add, Sub},
};

use minicbor::{Decode, Encode};

/// An instant in microseconds since 1970-01-01T00:00:00Z. Finer digits are cut.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// A length of time in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct Span(#[n(0)] pub i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time with an offset, such as 2026-11-22T09:14:08.250Z")]
pub struct TimeError {
    pub text: String,
}

impl Timestamp {
    pub const MIN: Self = Self(i64::MIN);
    pub const MAX: Self = Self(i64::MAX);

    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// Reads RFC 3339 with an offset.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        jiff::fmt::temporal::DateTimeParser::new()
            .parse_timestamp(text)
            .map(|instant| {
                Self(i64::try_from(instant.as_nanosecond().div_euclid(1_000)).unwrap_or(i64::MAX))
            })
            .map_err(|_| TimeError {
                text: text.chars().take(64).collect(),
            })
    }

    /// The last multiple of `step` at or before this instant.
    #[must_use]
    pub const fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0) * step.0)
    }
}

impl Span {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// The span in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
    pub fn as_secs(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many digits as needed: none, three or six.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(instant) = jiff::Timestamp::from_microsecond(self.0) else {
            return formatter.write_str(if self.0 < 0 { "-∞" } else { "∞" });
        };
        let digits = match self.0.rem_euclid(1_000_000) {
            0 => 0,
            micros if micros % 1_000 == 0 => 3,
            _ => 6,
        };
        write!(formatter, "{instant:.digits$}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
