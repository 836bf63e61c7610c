//! `directory`: what teams, sites, titles and promises are from an instant on, while everything runs.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;

use super::{
    config_file::ConfigFile, escape::escaped_json, input::Files, print::print_line, report::counted,
};
use crate::kafka::{
    Sender, read_directory,
    topics::{Topic, Topics},
};
use floorwalker_core::{
    contact::ContactSettings,
    directory::{Directory, Subject},
};

/// Mistakes that are printed at a time.
const REFUSALS_SHOWN: usize = 20;

#[derive(Debug, Subcommand)]
pub(super) enum DirectoryAction {
    /// Makes statements, of a file or of standard input: all of them, or with a mistake in one none
    Put(Put),
    /// Shows all statements, by subject, oldest first
    List(List),
}

#[derive(Debug, Args)]
pub(super) struct Put {
    /// One JSON object a line; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigFile,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only this subject, such as queue:billing
    #[arg(long)]
    subject: Option<String>,
}

pub(super) fn directory(action: &DirectoryAction) -> anyhow::Result<()> {
    match action {
        DirectoryAction::Put(arguments) => put(arguments),
        DirectoryAction::List(arguments) => list(arguments),
    }
}

fn put(arguments: &Put) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let files = Files::new(vec![arguments.file.clone()]);
    let FileStatements { lines, .. } = read(&files, &config.engine.contact)?;
    Topics::new(&config.kafka, config.engine.tasks)?.require(Topic::Directory)?;
    let topic = Topic::Directory.name(&config.kafka.prefix);
    let sender = Sender::new(&config.kafka, &topic)?;
    for (subject, json) in &lines {
        sender.send(Some(subject.to_string().as_bytes()), json)?;
    }
    sender.finish()?;
    print_line(format_args!(
        "{} to {topic}",
        counted(lines.len(), "statement", "statements")
    ))
}

/// Statements of files.
#[derive(Debug, Default)]
pub(super) struct FileStatements {
    pub(super) directory: Directory,
    /// Each with its subject.
    pub(super) lines: Vec<(Subject, Vec<u8>)>,
}

/// All statements of files.
///
/// # Errors
/// With file and line of each that is none or breaks a rule.
pub(super) fn read(files: &Files, configured: &ContactSettings) -> anyhow::Result<FileStatements> {
    let mut directory = Directory::default();
    let mut lines = Vec::new();
    let mut refusals = Vec::new();
    files.each_line(&ProgressBar::hidden(), |place, line| {
        let offset = i64::try_from(lines.len())?;
        match directory.apply(offset, line, configured) {
            Ok(taken) => lines.push((taken.subject, line.to_vec())),
            Err(refusal) => refusals.push(format!("{}: {refusal}", files.name(place))),
        }
        Ok(())
    })?;
    let more = refusals.len().saturating_sub(REFUSALS_SHOWN);
    refusals.truncate(REFUSALS_SHOWN);
    if more > 0 {
        refusals.push(format!("and {more} more; nothing was changed"));
    }
    ensure!(refusals.is_empty(), "{}", refusals.join("\n"));
    Ok(FileStatements { directory, lines })
}

fn list(arguments: &List) -> anyhow::Result<()> {
    let config = arguments.config.load()?;
    let wanted = arguments.subject.as_deref().map(|name| {
        Subject::from_name(name).with_context(|| {
            format!(
                "`{name}` is no subject; write queue:ID, team:ID, site:ID, agent:ID or policy:NAME"
            )
        })
    });
    let wanted = wanted.transpose()?;
    let engine = &config.engine;
    let directory = read_directory(&config.kafka, engine.tasks, &engine.contact)?;
    for (statement, json) in directory.statements() {
        if wanted
            .as_ref()
            .is_none_or(|subject| *subject == statement.subject)
        {
            print_line(format_args!("{}", escaped_json(json)))?;
        }
    }
    Ok(())
}
