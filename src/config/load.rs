//! Reads a configuration from its file.

use std::{fs, path::Path};

use super::{
    check,
    fault::{ConfigError, located},
    mistakes,
    settings::Config,
};

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

    /// Returns the same, if it names a source.
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
        mistakes::find(text, check::config).map_err(|faults| located(faults, file, text))
    }
}
