//! `check`: is this configuration right?

use clap::Args;
use serde_json::{Value, json};

use super::{ConfigFile, say};
use crate::config::{Config, ConfigError};

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object; a mistake too
    #[arg(long)]
    json: bool,
}

pub(super) fn check(arguments: &Check) -> anyhow::Result<()> {
    let path = arguments.file.config.display().to_string();
    let found = Config::load(&arguments.file.config);
    if arguments.json {
        let line = match &found {
            Ok(config) => good(&path, config),
            Err(mistake) => bad(&path, mistake),
        };
        say(format_args!("{line}"))?;
        return Ok(found.map(drop)?);
    }
    let config = found?;
    let sources = config.engine.sources.len();
    let policies = config.engine.contact.policies.len();
    say(format_args!(
        "{path}: good; {sources} sources, {policies} policies"
    ))
}

fn good(path: &str, config: &Config) -> Value {
    let sources = config.engine.sources.iter();
    let policies = config.engine.contact.policies.iter();
    json!({
        "file": path,
        "good": true,
        "sources": sources.map(|it| it.topic.as_str()).collect::<Vec<_>>(),
        "policies": policies.map(|it| it.name.as_str()).collect::<Vec<_>>(),
        "tasks": config.engine.tasks,
        "prefix": config.kafka.prefix,
    })
}

fn bad(path: &str, mistake: &ConfigError) -> Value {
    let (place, sentence) = match mistake {
        ConfigError::Mistake {
            line,
            column,
            sentence,
            ..
        } => (Some((*line, *column)), sentence.clone()),
        ConfigError::Unreadable { cause, .. } => (None, cause.to_string()),
        ConfigError::NoSource { .. } => (None, mistake.to_string()),
    };
    json!({
        "file": path,
        "good": false,
        "line": place.map(|(line, _)| line),
        "column": place.map(|(_, column)| column),
        "sentence": sentence,
    })
}
