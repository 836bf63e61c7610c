//! What was put aside and why: reading the dead letters, and sending them once more.

mod letter;
mod original;
mod reader;
mod retry;

pub use letter::{Cut, Letter, LetterPlace, RetriedOf, RetriedTo};
pub use reader::DeadLetters;
pub use retry::{Retried, retry, retry_each};
