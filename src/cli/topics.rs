//! `topics`: the topics that belong to a deployment.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    config_file::ConfigFile,
    print::{print_json, print_line},
};
use crate::{
    config::Config,
    kafka::topics::{Finding, TopicState, Topics},
};

#[derive(Debug, Subcommand)]
pub(super) enum TopicsAction {
    /// Makes those that do not exist
    Create(Create),
    /// Shows them, and what is wrong with them
    Show(Show),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    file: ConfigFile,
    /// The source topics too, with as many partitions as there are tasks
    #[arg(long)]
    sources: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object a line: the topics, then what is wrong
    #[arg(long)]
    json: bool,
}

pub(super) fn topics(action: &TopicsAction) -> anyhow::Result<()> {
    match action {
        TopicsAction::Create(arguments) => create(&arguments.file.load()?, arguments.sources),
        TopicsAction::Show(arguments) => show(&arguments.file, arguments.json),
    }
}

fn create(config: &Config, with_sources: bool) -> anyhow::Result<()> {
    let sources = match with_sources {
        true => names_of_sources(config),
        false => Vec::new(),
    };
    let created = Topics::new(&config.kafka, config.engine.tasks)?.create_with(&sources)?;
    if created.is_empty() {
        print_line(format_args!("all topics exist"))?;
    }
    for topic in created {
        print_line(format_args!("created {topic}"))?;
    }
    Ok(())
}

fn show(file: &ConfigFile, as_json: bool) -> anyhow::Result<()> {
    let config = file.load()?;
    let topics = Topics::new(&config.kafka, config.engine.tasks)?;
    for topic in topics.show()? {
        say_topic(&topic, as_json)?;
    }
    let findings = topics.check(&names_of_sources(&config))?;
    for finding in &findings {
        say_finding(finding, as_json)?;
    }
    anyhow::ensure!(
        findings.is_empty(),
        "the topics are not as {} needs them: mistakes: {}",
        file.place(),
        findings.len()
    );
    Ok(())
}

fn names_of_sources(config: &Config) -> Vec<String> {
    let sources = config.engine.sources.iter();
    sources.map(|source| source.topic.clone()).collect()
}

fn say_topic(topic: &TopicState, as_json: bool) -> anyhow::Result<()> {
    if !as_json {
        return print_line(format_args!("{topic}"));
    }
    let settings = topic.settings.iter();
    let settings = settings.map(|(name, value)| ((*name).to_owned(), json!(value)));
    let line = json!({
        "topic": topic.name,
        "partitions": topic.partitions,
        "settings": settings.collect::<serde_json::Map<_, _>>(),
    });
    print_json(&line)
}

fn say_finding(finding: &Finding, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let line = json!({ "finding": finding.to_string(), "refuses": finding.refuses() });
        return print_json(&line);
    }
    print_line(format_args!("{finding}"))
}
