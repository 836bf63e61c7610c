//! Why a command failed, for the person who gave it: an error, and what to do.

use std::{fmt, io::Write as _};

use super::{escape::escaped, journal::Journal};

/// Stands below an error, as a line of its own: what to do.
#[derive(Debug)]
pub(super) struct Hint {
    error: String,
    hint: String,
}

impl Hint {
    /// Returns an error with what to do about it.
    pub(super) fn below(error: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        let (error, hint) = (error.into(), hint.into());
        Self { error, hint }.into()
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.error)
    }
}

impl std::error::Error for Hint {}

/// Writes an error to standard error, however little is logged: `error: …` with its causes, then `hint: …`.
pub fn complain(error: &anyhow::Error, journal: &Journal) {
    let sentence = escaped(&format!("{error:#}")).replace('\n', "\n       ");
    let mut text = format!("error: {sentence}\n");
    let hints = error.chain().filter_map(|cause| cause.downcast_ref());
    for Hint { hint, .. } in hints {
        text += &format!("hint: {}\n", escaped(hint));
    }
    // Nobody reads it: nothing to be done.
    journal.clone().write_all(text.as_bytes()).ok();
}

/// Writes something to know, which is no error, to standard error.
pub(super) fn warn(sentence: &str) {
    let text = format!("warning: {}\n", escaped(sentence));
    // Nobody reads it: nothing to be done.
    std::io::stderr().write_all(text.as_bytes()).ok();
}
