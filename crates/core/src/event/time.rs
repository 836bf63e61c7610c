//! Event time: microseconds since 1970 in UTC, and spans of them.

use std::{
    borrow::Cow,
    fmt,
    ops::{Add, Sub},
};

use minicbor::{Decode, Encode};

/// An instant in microseconds since 1970-01-01T00:00:00Z. Finer digits are cut off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// A duration in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Encode, Decode)]
#[cbor(transparent)]
pub struct Span(#[n(0)] pub i64);

/// Longest span given in seconds: its microseconds are exact.
const SECS_MAX: f64 = 1e9;

/// Reason why a text is no instant.
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

    /// Parses RFC 3339 with an offset.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        match parse_utc(text.as_bytes()) {
            Some(instant) => Ok(instant),
            None => Self::parse_any(text),
        }
    }

    fn parse_any(text: &str) -> Result<Self, TimeError> {
        jiff::fmt::temporal::DateTimeParser::new()
            .parse_timestamp(text)
            .map(|instant| {
                Self(i64::try_from(instant.as_nanosecond().div_euclid(1_000)).unwrap_or(i64::MAX))
            })
            .map_err(|_| TimeError {
                text: text.chars().take(64).collect(),
            })
    }

    /// Returns the last multiple of `step` at or before this instant.
    #[must_use]
    pub const fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0).saturating_mul(step.0))
    }
}

/// Parses the usual spelling, `2026-11-22T09:14:08[.250]Z`, in a tenth of the general parser's time. `None`: use that one.
fn parse_utc(text: &[u8]) -> Option<Timestamp> {
    let (stamp, rest) = text.split_first_chunk::<19>()?;
    let [
        y,
        e,
        a,
        r,
        b'-',
        m,
        o,
        b'-',
        d,
        t,
        b'T',
        h,
        u,
        b':',
        n,
        i,
        b':',
        s,
        c,
    ] = stamp
    else {
        return None;
    };
    let micros = match rest {
        b"Z" => 0,
        [b'.', fraction @ .., b'Z'] => micros_of(fraction)?,
        _ => return None,
    };
    let days = epoch_days(
        digits(&[*y, *e, *a, *r])?,
        digits(&[*m, *o])?,
        digits(&[*d, *t])?,
    )?;
    let hours = digits(&[*h, *u]).filter(|hours| *hours < 24)?;
    let minutes = digits(&[*n, *i]).filter(|minutes| *minutes < 60)?;
    let seconds = digits(&[*s, *c]).filter(|seconds| *seconds < 60)?;
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    Some(Timestamp(seconds * 1_000_000 + micros))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + i64::from(byte - b'0'))
    })
}

/// Parses up to nine digits of a second; those after the sixth are cut off.
fn micros_of(fraction: &[u8]) -> Option<i64> {
    const SCALE: [i64; 10] = [0, 100_000, 10_000, 1_000, 100, 10, 1, 10, 100, 1_000];
    let scale = *SCALE.get(fraction.len()).filter(|scale| **scale > 0)?;
    let number = digits(fraction)?;
    Some(if fraction.len() <= 6 {
        number * scale
    } else {
        number / scale
    })
}

/// Returns the days since 1970-01-01, for the years 1600 to 9998, in which the formula and the general parser agree.
fn epoch_days(year: i64, month: i64, day: i64) -> Option<i64> {
    const BEFORE_MONTH: [i64; 12] = [306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let before_month = *BEFORE_MONTH.get(usize::try_from(month - 1).ok()?)?;
    if !(1600..=9998).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    // The year starts in March, so that the leap day is its last; 719,469 days lie before 1970-01-01.
    let year = year - i64::from(month <= 2);
    Some(year * 365 + year / 4 - year / 100 + year / 400 + before_month + day - 719_469)
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

    /// Rounds to the nearest microsecond; `None` over 31 years.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the limit, whole and below 2^53"
    )]
    pub fn from_secs_f64(seconds: f64) -> Option<Self> {
        (seconds.abs() <= SECS_MAX).then(|| Self((seconds * 1e6).round() as i64))
    }

    /// Returns the span in seconds.
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
    /// Writes RFC 3339 in UTC with as many digits as needed: none, three or six.
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

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}
