//! Decoding: bytes become events, or a named rejection that flows on as data. One file per format.
//!
//! Contract: an [`Event`](crate::event::Event) keeps every rule that one event alone can break; the result depends on the bytes alone; no input panics.
//! Unknown kinds are [`Decoded::Unknown`], whatever else they hold.
//!
//! ```
//! use floorwalker_core::decode::{Decoded, decode};
//! let json = br#"{"event_id":"e7","occurred_at":"2026-11-22T09:14:08.250Z","source":"acd-1",
//!     "type":"agent_answered","contact_id":"c1","agent":"ana","queue":"billing"}"#;
//! let Ok(Decoded::Event(event)) = decode(json) else { panic!() };
//! assert_eq!(event.key.as_str(), "c1");
//! assert_eq!(decode(b"{}").unwrap_err().code.name(), "missing_field");
//! ```

mod decoded;
mod field;
mod floorwalker;
mod format;
mod limits;
mod prefix;
mod protobuf;
mod rejection;

pub use decoded::Decoded;
pub use format::Format;
pub use limits::{PAYLOAD_BYTES_MAX, TEXT_BYTES_MAX};
pub use rejection::{Position, Rejection, RejectionCode};

/// Decodes one payload of flat JSON: [`Format::Json`].
///
/// # Errors
/// When it is no event or breaks a rule: which one, where, and a sentence for whoever looks at the dead letter.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Rejection> {
    Format::Json.decode(bytes)
}

impl Format {
    /// Decodes one payload, with or without a schema registry's prefix.
    ///
    /// # Errors
    /// When it is no event or breaks a rule: which one, where, and a sentence for whoever looks at the dead letter.
    pub fn decode(self, bytes: &[u8]) -> Result<Decoded, Rejection> {
        if bytes.len() > PAYLOAD_BYTES_MAX {
            return Err(Rejection::too_large(bytes.len()));
        }
        let bytes = prefix::strip(bytes, self)?;
        match self {
            Self::Json => decode_text(bytes),
            Self::Protobuf => protobuf::decode(bytes),
        }
    }
}

fn decode_text(bytes: &[u8]) -> Result<Decoded, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|fault| Rejection::not_utf8(bytes, fault))?;
    floorwalker::decode(text)
}
