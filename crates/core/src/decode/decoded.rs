//! Result of decoding a payload.

use crate::event::{Event, Text};

/// Content of a readable payload.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all payloads are events, and each is moved once: a box would cost an allocation an event"
)]
pub enum Decoded {
    Event(Event),
    /// An event of an unknown kind, to be counted and skipped; its name, at most 64 characters.
    Unknown(Text),
}
