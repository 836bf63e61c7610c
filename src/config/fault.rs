//! What is wrong in a file: where, and what to do.

use std::{fmt, ops::Range};

/// Why a file is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{file}: {cause}")]
    Unreadable { file: String, cause: std::io::Error },
    /// All that were found, by their place.
    #[error("{}", lines(.0))]
    Mistakes(Vec<Mistake>),
    /// Each setting is right alone, but not together.
    #[error("{file}: {sentence}")]
    Refused { file: String, sentence: String },
    #[error(
        "{file}: there is no [[source]] to read; add one with its `topic`, or set FLOORWALKER_SOURCE__0__TOPIC"
    )]
    NoSource { file: String },
    #[error(
        "{file}: the role notify has nobody to call; add a [notify.receivers.NAME], as docs/notifications.md shows"
    )]
    NoReceiver { file: String },
}

/// What is wrong, where, and what to do. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    #[serde(skip)]
    pub file: String,
    /// `None`: it does not stand in the file.
    pub line: Option<usize>,
    pub column: Option<usize>,
    /// The variable of the environment, or the option, that gave the setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_by: Option<String>,
    pub sentence: String,
}

impl Mistake {
    /// A mistake in a setting that is given by a variable or an option.
    #[must_use]
    pub fn of(by: &str, sentence: String) -> Self {
        Self {
            file: String::new(),
            line: None,
            column: None,
            given_by: Some(by.to_owned()),
            sentence,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            given_by,
            sentence,
        } = self;
        match (given_by, line, column) {
            (Some(by), ..) => write!(formatter, "{by}: {sentence}"),
            (None, Some(line), Some(column)) => {
                write!(formatter, "{file}:{line}:{column}: {sentence}")
            }
            (None, ..) => write!(formatter, "{file}: {sentence}"),
        }
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// A mistake and the bytes that make it.
#[derive(Debug, Default)]
pub(super) struct Fault {
    pub(super) at: Range<usize>,
    pub(super) sentence: String,
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self {
            at: error.span().unwrap_or_default(),
            sentence: error.message().to_owned(),
        }
    }
}

pub(super) fn located(faults: Vec<Fault>, file: &str, text: &str) -> ConfigError {
    let mistakes = faults.into_iter().map(|fault| fault.locate(file, text));
    ConfigError::Mistakes(mistakes.collect())
}

impl Fault {
    pub(super) fn locate(self, file: &str, text: &str) -> Mistake {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(line_start..).unwrap_or_default();
        Mistake {
            file: file.to_owned(),
            line: Some(1 + before.matches('\n').count()),
            column: Some(1 + line.chars().count()),
            given_by: None,
            sentence: self.sentence,
        }
    }
}
