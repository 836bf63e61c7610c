//! `load`: the lines of a file into a topic.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{progress, report::thousands, say};
use crate::{
    config::Config,
    kafka::{self, KafkaSettings, LoadKey, LoadSettings},
};

#[derive(Debug, Args)]
pub(super) struct Load {
    /// A file of JSON lines; `.gz` is unpacked
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The topic to write to
    #[arg(long)]
    topic: String,
    /// The TOML file of settings, for brokers and properties
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where Kafka is, such as localhost:9092
    #[arg(long, conflicts_with = "config")]
    brokers: Option<String>,
    /// What decides a line's partition
    #[arg(long, value_enum, default_value_t)]
    key: Key,
    /// Lines a second; as fast as it goes if left out
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Key {
    /// The contact: its events stay in order
    #[default]
    Contact,
    /// Any partition
    Random,
}

pub(super) fn load(arguments: Load) -> anyhow::Result<()> {
    let mut kafka = match &arguments.config {
        Some(file) => Config::load(file)?.kafka,
        None => KafkaSettings::default(),
    };
    if let Some(brokers) = arguments.brokers {
        kafka.brokers = brokers;
    }
    let settings = LoadSettings {
        file: arguments.file,
        topic: arguments.topic,
        key: match arguments.key {
            Key::Contact => LoadKey::Contact,
            Key::Random => LoadKey::Random,
        },
        rate: arguments.rate,
    };
    let bar = progress::of_files(std::iter::once(settings.file.as_path()));
    let loaded = kafka::load(&kafka, &settings, &bar)?;
    bar.finish_and_clear();
    say(format_args!(
        "{} lines, {} bytes in {:.1} s to {}",
        thousands(loaded.lines),
        thousands(loaded.bytes),
        loaded.took.as_secs_f64(),
        settings.topic,
    ))
}
