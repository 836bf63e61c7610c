//! What became of an attempt to deliver a message.

use std::time::Duration;

/// What became of one attempt to deliver a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it; holds its answer in short.
    Delivered(String),
    /// It will never take this one.
    Refused(String),
    /// It may take it later; holds how long it wants to be left alone, if that is known.
    Failed {
        why: String,
        after: Option<Duration>,
    },
}
