//! `topics`: the topics that belong to a deployment.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{ConfigFile, say};
use crate::{
    config::Config,
    kafka::topics::{Finding, TopicState, Topics},
};

#[derive(Debug, Subcommand)]
pub(super) enum TopicsAction {
    /// Makes those that do not exist
    Create(ConfigFile),
    /// Shows them, and what is wrong with them
    Show(Show),
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
        TopicsAction::Create(file) => create(&file.load()?),
        TopicsAction::Show(arguments) => show(&arguments.file.load()?, arguments.json),
    }
}

fn create(config: &Config) -> anyhow::Result<()> {
    let created = Topics::new(&config.kafka, config.engine.tasks)?.create()?;
    if created.is_empty() {
        say(format_args!("all topics exist"))?;
    }
    for topic in created {
        say(format_args!("created {topic}"))?;
    }
    Ok(())
}

fn show(config: &Config, as_json: bool) -> anyhow::Result<()> {
    let topics = Topics::new(&config.kafka, config.engine.tasks)?;
    for topic in topics.show()? {
        say_topic(&topic, as_json)?;
    }
    let sources = config.engine.sources.iter();
    let sources: Vec<_> = sources.map(|it| it.topic.clone()).collect();
    for finding in topics.check(&sources)? {
        say_finding(&finding, as_json)?;
    }
    Ok(())
}

fn say_topic(topic: &TopicState, as_json: bool) -> anyhow::Result<()> {
    if !as_json {
        return say(format_args!("{topic}"));
    }
    let settings = topic.settings.iter();
    let settings = settings.map(|(name, value)| ((*name).to_owned(), json!(value)));
    let line = json!({
        "topic": topic.name,
        "partitions": topic.partitions,
        "settings": settings.collect::<serde_json::Map<_, _>>(),
    });
    say(format_args!("{line}"))
}

fn say_finding(finding: &Finding, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let line = json!({ "finding": finding.to_string(), "refuses": finding.refuses() });
        return say(format_args!("{line}"));
    }
    say(format_args!("{finding}"))
}
