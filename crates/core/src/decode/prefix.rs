//! The prefix that a schema registry's serializers put before a payload: a byte 0, the schema's id in 4 bytes, and in protobuf the
//! path to the message. It is skipped: a source holds one schema, and the id is not about the content.

use super::{Format, Rejection, RejectionCode};

const MAGIC: u8 = 0;
const ID_BYTES: usize = 4;
/// Reads a 64-bit number in groups of seven bits.
const VARINT_BYTES_MAX: usize = 10;

/// Returns the payload without the prefix. Neither JSON nor a protobuf message begins with 0, so no content is mistaken for a prefix.
pub(super) fn strip(bytes: &[u8], format: Format) -> Result<&[u8], Rejection> {
    let Some((&MAGIC, framed)) = bytes.split_first() else {
        return Ok(bytes);
    };
    let payload = framed.get(ID_BYTES..).and_then(|behind_id| match format {
        Format::Json => Some(behind_id),
        Format::Protobuf => behind_path(behind_id),
    });
    payload.ok_or_else(|| {
        Rejection::of(
            RejectionCode::BrokenPrefix,
            "the payload begins as one with a schema id does, with a byte 0, and ends within that prefix"
                .to_owned(),
        )
    })
}

/// Skips a count and as many indexes, all varints; the count 0 is short for the file's first message.
fn behind_path(bytes: &[u8]) -> Option<&[u8]> {
    let (count, mut rest) = varint(bytes)?;
    // Zigzag, as Java writes it: even numbers are the positive ones.
    if count % 2 == 1 {
        return None;
    }
    for _ in 0..count / 2 {
        (_, rest) = varint(rest)?;
    }
    Some(rest)
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7F).wrapping_shl(7 * u32::try_from(place).ok()?);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}
