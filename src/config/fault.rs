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
    #[error("{file}: there is no [[source]] to read; add one with its `topic`")]
    NoSource { file: String },
}

/// What is wrong in a file, where, and what to do. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    #[serde(skip)]
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub sentence: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            sentence,
        } = self;
        write!(formatter, "{file}:{line}:{column}: {sentence}")
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
    fn locate(self, file: &str, text: &str) -> Mistake {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(line_start..).unwrap_or_default();
        Mistake {
            file: file.to_owned(),
            line: 1 + before.matches('\n').count(),
            column: 1 + line.chars().count(),
            sentence: self.sentence,
        }
    }
}
