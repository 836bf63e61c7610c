//! How parts, frames and records become bytes: CBOR (RFC 8949) by field number, so that a newer binary reads older state
//! of the same format.

use minicbor::{Decode, Encode};

/// Writing into memory can't fail, and the types that are written always encode.
pub(in crate::engine) fn to_bytes<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    write(value, &mut bytes);
    bytes
}

#[expect(clippy::expect_used, reason = "writing into a Vec is infallible")]
pub(in crate::engine) fn write<T: Encode<()>>(value: &T, bytes: &mut Vec<u8>) {
    minicbor::encode(value, bytes).expect("writing into memory");
}

pub(in crate::engine) fn from_bytes<'b, T: Decode<'b, ()>>(
    bytes: &'b [u8],
) -> Result<T, minicbor::decode::Error> {
    minicbor::decode(bytes)
}
