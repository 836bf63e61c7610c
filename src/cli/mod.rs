//! The commands.

mod input;
mod load;
mod replay;
mod report;
mod run;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};

use crate::{config::Config, kafka::topics::Topics};

/// Real-time event stream processor for contact centers.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says whether a configuration is right, or what is wrong where
    Check(ConfigFile),
    /// Works on the sources and serves what comes of them, until it is asked to stop
    Run(run::Run),
    /// Counts what files of events say, and prints a report
    Replay(replay::Replay),
    /// Writes the lines of a file to a topic
    Load(load::Load),
    /// Makes or shows the topics that belong to a deployment
    Topics {
        #[command(subcommand)]
        action: TopicsAction,
    },
}

#[derive(Debug, Subcommand)]
enum TopicsAction {
    /// Makes those that do not exist
    Create(ConfigFile),
    /// Shows them, and what is wrong with them
    Show(ConfigFile),
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The TOML file of settings
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl ConfigFile {
    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.config)?)
    }
}

/// Does what the arguments ask for.
///
/// # Errors
/// When it can't; a [`crate::config::ConfigError`] among them is the caller's mistake.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::Check(file) => check(&file),
        Command::Run(arguments) => run::run(&arguments),
        Command::Replay(arguments) => replay::replay(arguments),
        Command::Load(arguments) => load::load(arguments),
        Command::Topics { action } => match action {
            TopicsAction::Create(file) => create_topics(&file.load()?),
            TopicsAction::Show(file) => show_topics(&file.load()?),
        },
    }
}

fn check(file: &ConfigFile) -> anyhow::Result<()> {
    let config = file.load()?;
    let sources = config.engine.sources.len();
    let policies = config.engine.contact.policies.len();
    let path = file.config.display();
    say(format_args!(
        "{path}: good; {sources} sources, {policies} policies"
    ))
}

fn create_topics(config: &Config) -> anyhow::Result<()> {
    let created = Topics::new(&config.kafka, config.engine.tasks)?.create()?;
    if created.is_empty() {
        say(format_args!("all topics exist"))?;
    }
    for topic in created {
        say(format_args!("created {topic}"))?;
    }
    Ok(())
}

fn show_topics(config: &Config) -> anyhow::Result<()> {
    let topics = Topics::new(&config.kafka, config.engine.tasks)?;
    for topic in topics.show()? {
        say(format_args!("{topic}"))?;
    }
    let sources: Vec<_> = config
        .engine
        .sources
        .iter()
        .map(|it| it.topic.clone())
        .collect();
    for finding in topics.check(&sources)? {
        say(format_args!("{finding}"))?;
    }
    Ok(())
}

/// One line for whoever asked.
fn say(line: std::fmt::Arguments<'_>) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}
