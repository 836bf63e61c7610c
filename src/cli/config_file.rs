//! The options that give a configuration.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, ConfigError, Environment, Loaded, Origins};

/// The file's variable, where no option names it.
const FILE: &str = "FLOORWALKER_CONFIG";

/// What every command takes that reads a configuration.
#[derive(Debug, Clone, Args)]
pub(super) struct ConfigFile {
    /// The TOML file of settings; by default the one that FLOORWALKER_CONFIG names
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// A setting that replaces what the file and the environment have, such as kafka.brokers=localhost:9092; may be repeated
    #[arg(long, value_name = "SETTING=VALUE")]
    set: Vec<String>,
}

impl ConfigFile {
    /// All that is given: by options, by variables named FLOORWALKER_SECTION__KEY, and in the file.
    pub(super) fn origins(&self) -> Origins {
        let environment = Environment::of_process();
        let of_variable = environment.get(FILE).filter(|file| !file.is_empty());
        let of_variable = of_variable.map(PathBuf::from);
        Origins {
            file: self.config.clone().or(of_variable),
            options: self.set.clone(),
            environment,
        }
    }

    /// Returns the same with another file.
    pub(super) fn with_file(&self, file: PathBuf) -> Self {
        Self {
            config: Some(file),
            set: self.set.clone(),
        }
    }

    /// What errors name as the place of the settings.
    pub(super) fn place(&self) -> String {
        self.origins().place()
    }

    pub(super) fn load_all(&self) -> Result<Loaded, ConfigError> {
        self.origins().load()
    }

    pub(super) fn load(&self) -> anyhow::Result<Config> {
        Ok(self.load_all()?.config)
    }

    /// The same with the place of the settings, for commands that need none; `None` if nothing is given.
    pub(super) fn load_if_given(&self) -> anyhow::Result<Option<(String, Config)>> {
        let origins = self.origins();
        if origins.is_empty() {
            return Ok(None);
        }
        Ok(Some((origins.place(), origins.load()?.config)))
    }
}
