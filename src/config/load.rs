//! Reads a configuration from wherever it is given.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    check,
    effective::{self, Effective},
    environment::Environment,
    fault::ConfigError,
    given,
    layers::{Layers, Texts},
    mistakes,
    settings::Config,
};

/// Where settings are given: options before variables of the environment, these before the file, the file before the defaults.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    pub file: Option<PathBuf>,
    pub environment: Environment,
    /// `SETTING=VALUE`, as `--set` takes it.
    pub options: Vec<String>,
}

/// Settings, and where each came from.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    /// All settings that have a value, by their names; secrets are masked.
    pub effective: Vec<Effective>,
}

impl Loaded {
    /// Returns where a setting is given, as errors name it: file and line, a variable or an option; `None` if nothing but its default is.
    #[must_use]
    pub fn place_of(&self, setting: &str) -> Option<&str> {
        let mut all = self.effective.iter();
        let found = all.find(|it| it.setting == setting)?;
        // Behind a comma follows what was written there.
        let place = found.from.split(", ").next()?;
        (place != effective::BY_DEFAULT).then_some(place)
    }
}

impl Origins {
    /// Returns what errors name as the place of what is nowhere given: the file, if there is one.
    #[must_use]
    pub fn place(&self) -> String {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        file.unwrap_or_else(|| "the environment".to_owned())
    }

    /// Whether there is any setting at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let variables = given::of_variables(&self.environment);
        self.file.is_none() && self.options.is_empty() && variables.is_ok_and(|it| it.is_empty())
    }

    /// Reads all of them.
    ///
    /// # Errors
    /// When the file can't be read, or anything given is no setting or holds a mistake.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let text = match &self.file {
            Some(path) => fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable {
                file: self.place(),
                cause,
            })?,
            None => String::new(),
        };
        self.parse(&self.place(), &text)
    }

    fn parse(&self, file: &str, text: &str) -> Result<Loaded, ConfigError> {
        let variables = given::of_variables(&self.environment);
        let options = given::of_options(&self.options);
        let given: Vec<_> = match (variables, options) {
            (Ok(variables), Ok(options)) => [variables, options].into_iter().flatten().collect(),
            (variables, options) => {
                let mistakes = [variables.err(), options.err()];
                let mistakes = mistakes.into_iter().flatten().flatten();
                return Err(ConfigError::Mistakes(mistakes.collect()));
            }
        };
        let texts = Texts {
            file,
            text,
            given: &given,
        };
        let Layers { document, places } = Layers::lay(texts, &self.environment)?;
        let config = mistakes::find(document.clone(), check::config);
        let config = config.map_err(|faults| places.located(faults))?;
        let effective = effective::of(&document, &places, &config);
        Ok(Loaded { config, effective })
    }
}

impl Config {
    /// Reads one file, and nothing else.
    ///
    /// # Errors
    /// When it can't be read or holds a mistake.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let origins = Origins {
            file: Some(path.to_owned()),
            ..Origins::default()
        };
        Ok(origins.load()?.config)
    }

    /// Returns the same, if it names a source.
    ///
    /// # Errors
    /// When there is no source; the error names `place`.
    pub fn with_sources(self, place: impl Into<String>) -> Result<Self, ConfigError> {
        match self.engine.sources.is_empty() {
            true => Err(ConfigError::NoSource { file: place.into() }),
            false => Ok(self),
        }
    }

    /// Returns the same, if it names a receiver of notifications.
    ///
    /// # Errors
    /// When there is none; the error names `place`.
    pub fn with_receivers(self, place: impl Into<String>) -> Result<Self, ConfigError> {
        match self.notify.receivers.is_empty() {
            true => Err(ConfigError::NoReceiver { file: place.into() }),
            false => Ok(self),
        }
    }

    /// Reads the text of one file, which `file` names in errors.
    ///
    /// # Errors
    /// When it holds a mistake.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        Ok(Origins::default().parse(file, text)?.config)
    }
}
