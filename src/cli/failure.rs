//! Why a command failed, for the person who gave it: an error, and what to do.

use std::{fmt, io::Write as _};

use serde_json::json;

use super::{
    escape::{escaped, escaped_json},
    journal::Journal,
    log_format::LogFormat,
};

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

/// An argument that only what it names can refuse, such as a configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongArgument(pub(super) String);

/// Writes an error to standard error, however little is logged: `error: …` with its causes, then `hint: …`. Where the log is JSON,
/// each is an object.
pub fn complain(error: &anyhow::Error, format: LogFormat, journal: &Journal) {
    let hints = error.chain().filter_map(|cause| cause.downcast_ref());
    let hints: Vec<&str> = hints.map(|Hint { hint, .. }| hint.as_str()).collect();
    let text = match format {
        LogFormat::Text => as_text(&format!("{error:#}"), &hints),
        LogFormat::Json => as_json(&format!("{error:#}"), &hints),
    };
    // Nobody reads it: nothing to be done.
    journal.clone().write_all(text.as_bytes()).ok();
}

fn as_text(error: &str, hints: &[&str]) -> String {
    let sentence = escaped(error).replace('\n', "\n       ");
    let hints = hints
        .iter()
        .map(|hint| format!("hint: {}\n", escaped(hint)));
    format!("error: {sentence}\n") + &hints.collect::<String>()
}

fn as_json(error: &str, hints: &[&str]) -> String {
    let line = json!({ "level": "ERROR", "message": format!("error: {error}"), "hints": hints });
    escaped_json(&line.to_string()) + "\n"
}

/// Writes something to know, which is no error, to standard error.
pub(super) fn warn(sentence: &str) {
    let text = format!("warning: {}\n", escaped(sentence));
    // Nobody reads it: nothing to be done.
    std::io::stderr().write_all(text.as_bytes()).ok();
}
