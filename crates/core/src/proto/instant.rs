//! Instants: `google.protobuf.Timestamp`, [`Timestamp`], and RFC 3339 in JSON.

use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

use crate::event::Timestamp;

const MICROS: i64 = 1_000_000;
const NANOS: i32 = 1_000;

/// Cuts to microseconds. Instants out of range become the nearest possible ones.
#[must_use]
pub const fn to_timestamp(instant: &prost_types::Timestamp) -> Timestamp {
    let micros = instant.seconds.saturating_mul(MICROS);
    Timestamp(micros.saturating_add(instant.nanos.div_euclid(NANOS) as i64))
}

#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the microseconds of a second"
)]
pub const fn from_timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.0.div_euclid(MICROS),
        nanos: at.0.rem_euclid(MICROS) as i32 * NANOS,
    }
}

#[expect(clippy::ref_option, reason = "serde hands fields over so")]
pub(super) fn serialize<S: Serializer>(
    instant: &Option<prost_types::Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    instant.as_ref().map(to_timestamp).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<prost_types::Timestamp>, D::Error> {
    let Some(text) = Option::<&str>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let at = Timestamp::parse(text).map_err(D::Error::custom)?;
    Ok(Some(from_timestamp(at)))
}
