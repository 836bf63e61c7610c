//! One TOML file becomes validated settings, read once. Every mistake names file, line and column, and what to do.

mod check;
mod file;
mod incidents;
mod value;

use std::{fs, ops::Range, path::Path};

pub use incidents::load_incidents;

use crate::{
    engine::Settings,
    kafka::KafkaSettings,
    serve::{HttpSettings, ServeSettings},
};

/// All that a process must be told.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    pub engine: Settings,
    pub kafka: KafkaSettings,
    pub http: HttpSettings,
    pub serve: ServeSettings,
}

/// Why a file is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{file}: {cause}")]
    Unreadable { file: String, cause: std::io::Error },
    /// Lines and columns count from 1, columns in characters.
    #[error("{file}:{line}:{column}: {sentence}")]
    Mistake {
        file: String,
        line: usize,
        column: usize,
        sentence: String,
    },
    #[error("{file}: there is no [[source]] to read; add one with its `topic`")]
    NoSource { file: String },
}

/// A mistake and the bytes that make it.
#[derive(Debug, Default)]
struct Fault {
    at: Range<usize>,
    sentence: String,
}

impl Config {
    /// Reads one file.
    ///
    /// # Errors
    /// When it can't be read or holds a mistake.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(cause) => Err(ConfigError::Unreadable { file, cause }),
        }
    }

    /// The same, if it says what to read.
    ///
    /// # Errors
    /// When there is no source; the error names `path`.
    pub fn with_sources(self, path: &Path) -> Result<Self, ConfigError> {
        if self.engine.sources.is_empty() {
            let file = path.display().to_string();
            return Err(ConfigError::NoSource { file });
        }
        Ok(self)
    }

    /// Reads the text of one file, which `file` names in errors.
    ///
    /// # Errors
    /// When it holds a mistake.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text)
            .map_err(Fault::from)
            .and_then(check::config)
            .map_err(|fault| fault.locate(file, text))
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self {
            at: error.span().unwrap_or_default(),
            sentence: error.message().to_owned(),
        }
    }
}

impl Fault {
    fn locate(self, file: &str, text: &str) -> ConfigError {
        let before = text.get(..self.at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.get(line_start..).unwrap_or_default();
        ConfigError::Mistake {
            file: file.to_owned(),
            line: 1 + before.matches('\n').count(),
            column: 1 + line.chars().count(),
            sentence: self.sentence,
        }
    }
}
