//! Protobuf: the messages of `proto/`, as `build.rs` makes them, and the conversion of records from JSON and back.
//!
//! Contract: an output record is the same in both formats, field by field; an absent value is `null` in one and unset in
//! the other.
//!
//! ```
//! use floorwalker_core::proto::Record;
//! let bytes = Record::Kpi.to_protobuf(br#"{"entity":"all","window":"5m"}"#).unwrap();
//! let json = Record::Kpi.to_json(&bytes).unwrap();
//! assert!(json.starts_with(br#"{"entity":"all","window":"5m","clock":null"#));
//! ```

mod instant;
mod record;

pub use generated::*;
pub use instant::{from_timestamp, to_timestamp};
pub use record::{Record, RecordError};

#[expect(
    clippy::enum_variant_names,
    reason = "a transfer's targets are named as in JSON"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/floorwalker.v1.rs"));
}

/// An interval is a pair in JSON.
impl From<(f64, f64)> for Interval {
    fn from((low, high): (f64, f64)) -> Self {
        Self { low, high }
    }
}

impl From<Interval> for (f64, f64) {
    fn from(Interval { low, high }: Interval) -> Self {
        (low, high)
    }
}
