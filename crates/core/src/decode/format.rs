//! Formats of a source's events and of the records that are written.

use minicbor::{Decode, Encode};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(index_only)]
pub enum Format {
    /// Flat, the kind in `type`.
    #[default]
    #[n(0)]
    Json,
    /// `floorwalker.v1` of `proto/`.
    #[n(1)]
    Protobuf,
}
