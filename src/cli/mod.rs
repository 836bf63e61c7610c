//! The commands.

mod accept_loss;
mod check;
mod config_file;
mod contacts;
mod dead_letters;
mod demo;
mod directory;
mod escape;
mod evaluate;
mod failure;
mod input;
mod journal;
mod late;
mod load;
mod log_format;
mod notify;
mod print;
mod progress;
mod recorded;
mod replay;
mod report;
mod rules;
mod run;
mod schema;
mod shell;
mod simulate;
mod sizing;
mod stop;
mod token;
mod topics;

use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{ConfigError, Environment};

pub use failure::{WrongArgument, complain};
pub use journal::Journal;
pub use log_format::LogFormat;

/// Real-time event stream processor for contact centers.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Arguments {
    /// How the log is written; by default as FLOORWALKER_LOG_FORMAT has it, or as text
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks a configuration, and names all that is wrong and where
    Check(check::Check),
    /// Works on the sources and serves what comes of them, until it is asked to stop
    Run(run::Run),
    /// Shows a living contact center: broker, simulator and all roles in this process
    Demo(demo::Demo),
    /// Counts the figures of files of events, and prints a report
    Replay(replay::Replay),
    /// Writes the lines of a file to a topic
    Load(load::Load),
    /// Makes the events of a contact center with everything that happens in one
    Simulate(Box<simulate::Simulate>),
    /// Plays days with incidents, and measures how many of them alerts name, how fast, and how many alerts there are
    Evaluate(evaluate::Evaluate),
    /// Tries the rules of alerts on recorded events
    Rules {
        #[command(subcommand)]
        action: rules::RulesAction,
    },
    /// Makes or shows the topics that belong to a deployment
    Topics {
        #[command(subcommand)]
        action: topics::TopicsAction,
    },
    /// Shows what is lost when `state` or `exchange` was trimmed or deleted, and lets the deployment go on without it
    AcceptLoss(accept_loss::AcceptLoss),
    /// Shows what could not be used and why, and sends it once more
    DeadLetters {
        #[command(subcommand)]
        action: dead_letters::DeadLettersAction,
    },
    /// Tries whether messages about alerts get to those who are called
    Notify {
        #[command(subcommand)]
        action: notify::NotifyAction,
    },
    /// Changes teams, sites, titles and promises from an instant on, while everything runs
    Directory {
        #[command(subcommand)]
        action: directory::DirectoryAction,
    },
    /// Makes tokens for HTTP
    Token {
        #[command(subcommand)]
        action: token::TokenAction,
    },
    /// Prints or writes the JSON Schemas of events and records, and the AsyncAPI document
    Schema(schema::Schema),
    /// Prints what a shell needs to complete commands
    Completions { shell: clap_complete::Shell },
    /// Writes manual pages, one for each command
    Man {
        /// The folder to write into
        folder: PathBuf,
    },
}

impl Arguments {
    /// How the log is written.
    ///
    /// # Errors
    /// When the variable of the environment is no format.
    pub fn log_format(&self) -> Result<LogFormat, ConfigError> {
        match self.log_format {
            Some(format) => Ok(format),
            None => LogFormat::of_environment(&Environment::of_process()),
        }
    }

    /// The command draws on the terminal: nobody else may write there.
    #[must_use]
    pub fn takes_the_screen(&self) -> bool {
        matches!(&self.command, Command::Demo(demo) if demo.takes_the_screen())
    }

    /// What is logged by default. The demo has lines of its own to print.
    #[must_use]
    pub const fn log_level(&self) -> &'static str {
        match self.command {
            Command::Demo(_) => "warn",
            Command::Check(_)
            | Command::Run(_)
            | Command::Replay(_)
            | Command::Load(_)
            | Command::Simulate(_)
            | Command::Evaluate(_)
            | Command::Rules { .. }
            | Command::Topics { .. }
            | Command::AcceptLoss(_)
            | Command::DeadLetters { .. }
            | Command::Notify { .. }
            | Command::Directory { .. }
            | Command::Token { .. }
            | Command::Schema(_)
            | Command::Completions { .. }
            // rdkafka's own word on a member that is closed because the group no longer knows it; ours has what is done.
            | Command::Man { .. } => "info,rdkafka::consumer::base_consumer=off",
        }
    }
}

/// Does what the arguments ask for.
///
/// # Errors
/// When it can't; a [`crate::config::ConfigError`] among them is the caller's mistake.
pub fn run(arguments: Arguments, journal: &Journal) -> anyhow::Result<()> {
    match arguments.command {
        Command::Check(arguments) => check::check(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments, journal),
        Command::Replay(arguments) => replay::replay(arguments),
        Command::Load(arguments) => load::load(&arguments),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
        Command::Evaluate(arguments) => evaluate::evaluate(&arguments),
        Command::Rules { action } => rules::rules(&action),
        Command::Topics { action } => topics::topics(&action),
        Command::AcceptLoss(arguments) => accept_loss::accept_loss(&arguments),
        Command::DeadLetters { action } => dead_letters::dead_letters(action),
        Command::Notify { action } => notify::notify(&action),
        Command::Directory { action } => directory::directory(&action),
        Command::Token { action } => token::token(&action),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Completions { shell } => {
            shell::completions(&mut Arguments::command(), shell);
            Ok(())
        }
        Command::Man { folder } => shell::man(Arguments::command(), &folder),
    }
}
