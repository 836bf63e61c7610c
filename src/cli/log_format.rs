//! How the log is written: as text for people, or as a JSON object a line for what collects logs.

use clap::ValueEnum;

use super::journal::Journal;
use crate::config::{ConfigError, Environment, Mistake};

const VARIABLE: &str = "FLOORWALKER_LOG_FORMAT";

/// How the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    pub(super) fn of_environment(environment: &Environment) -> Result<Self, ConfigError> {
        match environment.get(VARIABLE) {
            None | Some("" | "text") => Ok(Self::Text),
            Some("json") => Ok(Self::Json),
            Some(other) => {
                let sentence = format!("`{other}` is unknown here; write text or json");
                Err(ConfigError::Mistakes(vec![Mistake::of(VARIABLE, sentence)]))
            }
        }
    }

    /// Begins to log to standard error.
    pub fn start(self, level: tracing_subscriber::EnvFilter, ansi: bool, journal: &Journal) {
        let lines = journal.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(level)
            .with_ansi(ansi && self == Self::Text)
            .with_writer(move || lines.clone());
        match self {
            Self::Text => log.init(),
            Self::Json => log
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .init(),
        }
    }
}
