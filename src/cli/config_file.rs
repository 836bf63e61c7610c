//! The option that names a configuration.

use std::path::PathBuf;

use clap::Args;

use crate::config::Config;

#[derive(Debug, Args)]
pub(super) struct ConfigFile {
    /// The TOML file of settings
    #[arg(long, value_name = "FILE")]
    pub(super) config: PathBuf,
}

impl ConfigFile {
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.config)?)
    }
}
