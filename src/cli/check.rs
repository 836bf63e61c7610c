//! `check`: is this configuration right?

use clap::Args;
use serde_json::{Value, json};

use super::{
    config_file::ConfigFile,
    escape::escaped,
    print::{print_json, print_line},
    report::counted,
    run::{Role, refuse_tls_files},
    sizing::Sizing,
};
use crate::{
    config::{Config, ConfigError, Loaded},
    kafka::topics::{Finding, Topics},
};

#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    file: ConfigFile,
    /// What the process is to do, as `run` takes it
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["work", "serve"])]
    roles: Vec<Role>,
    /// One JSON object; mistakes too
    #[arg(long)]
    json: bool,
    /// Also asks Kafka: whether it answers and takes the login, and how the topics are
    #[arg(long)]
    connect: bool,
}

pub(super) fn check(arguments: &Check) -> anyhow::Result<()> {
    let path = arguments.file.place();
    let found = arguments.find();
    let asked = match &found {
        Ok(loaded) if arguments.connect => Some(examine(&loaded.config)?),
        Ok(_) | Err(_) => None,
    };
    let findings = asked.as_deref();
    if arguments.json {
        let line = match &found {
            Ok(loaded) => good(&path, loaded, findings),
            Err(error) => bad(&path, error),
        };
        print_json(&line)?;
        found?;
        return verdict(findings);
    }
    let Loaded { config, effective } = found?;
    let sources = config.engine.sources.len();
    let policies = config.engine.contact.policies.len();
    print_line(format_args!(
        "{path}: good; {}, {}",
        counted(sources, "source", "sources"),
        counted(policies, "policy", "policies")
    ))?;
    print_line(format_args!("{}", Sizing::of(&config)))?;
    if let Some(findings) = findings {
        print_line(format_args!("{}: answers", config.kafka.brokers))?;
        for finding in findings {
            print_line(format_args!("{finding}"))?;
        }
    }
    for setting in effective {
        print_line(format_args!("{}", escaped(&setting.to_string())))?;
    }
    verdict(findings)
}

impl Check {
    /// Refuses what `run` would, but for what only Kafka knows.
    fn find(&self) -> anyhow::Result<Loaded> {
        let place = self.file.place();
        let loaded = self.file.load_all()?;
        let mut config = loaded.config.clone();
        if self.roles.contains(&Role::Work) {
            config = config.with_sources(&place)?;
        }
        if self.roles.contains(&Role::Notify) {
            config = config.with_receivers(&place)?;
        }
        refuse_tls_files(&loaded, place.clone())?;
        (config.kafka.try_clients()).map_err(|sentence| ConfigError::Refused {
            file: place_of_property(&loaded, &sentence).map_or(place, str::to_owned),
            sentence,
        })?;
        let effective = loaded.effective;
        Ok(Loaded { config, effective })
    }
}

/// Where the property is given that librdkafka names in a sentence.
fn place_of_property<'l>(loaded: &'l Loaded, sentence: &str) -> Option<&'l str> {
    let properties = loaded.config.kafka.properties.iter();
    let mut named = properties.filter(|(name, _)| sentence.contains(name.as_str()));
    let (name, _) = named.next()?;
    loaded.place_of(&format!("kafka.properties.{name}"))
}

fn examine(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let sources = config.engine.sources.iter();
    let sources: Vec<_> = sources.map(|it| it.topic.clone()).collect();
    Topics::new(&config.kafka, config.engine.tasks)?.examine(&sources)
}

/// What `run` would stand still with is a failure.
fn verdict(findings: Option<&[Finding]>) -> anyhow::Result<()> {
    let found = findings.map_or(0, <[Finding]>::len);
    anyhow::ensure!(
        found == 0,
        "Kafka is not as this configuration needs it: {} to mend",
        counted(found, "thing", "things")
    );
    Ok(())
}

fn good(path: &str, loaded: &Loaded, findings: Option<&[Finding]>) -> Value {
    let Loaded { config, effective } = loaded;
    let sources = config.engine.sources.iter();
    let policies = config.engine.contact.policies.iter();
    let memory = Sizing::of(config);
    json!({
        "file": path,
        "good": true,
        "sources": sources.map(|it| it.topic.as_str()).collect::<Vec<_>>(),
        "policies": policies.map(|it| it.name.as_str()).collect::<Vec<_>>(),
        "tasks": config.engine.tasks,
        "prefix": config.kafka.prefix,
        "findings": findings.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>()),
        "settings": effective,
        "memory_bytes_max": { "work": memory.work, "serve": memory.serve, "state": memory.state },
    })
}

/// The first mistake has its place beside the list of all, too.
fn bad(path: &str, error: &anyhow::Error) -> Value {
    let mistakes = match error.downcast_ref() {
        Some(ConfigError::Mistakes(mistakes)) => mistakes.as_slice(),
        _ => &[],
    };
    let first = mistakes.first();
    let sentence = first.map_or_else(|| error.to_string(), |first| first.sentence.clone());
    json!({
        "file": path,
        "good": false,
        "line": first.and_then(|it| it.line),
        "column": first.and_then(|it| it.column),
        "sentence": sentence,
        "mistakes": mistakes,
    })
}
