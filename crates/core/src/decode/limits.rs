//! Limits of payloads and of the texts in them.

/// Longest payload that is read.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
/// Longest id, reason or disposition: each lies in a part of the state, whose size is limited. What people write does
/// not, and may be as long as the payload.
pub const TEXT_BYTES_MAX: usize = 256;
