//! Event time in a task: watermarks, how they advance, and the timers that fire by them.

pub(super) mod progress;
pub(super) mod timers;
pub(super) mod watermarks;
