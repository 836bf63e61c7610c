//! How to reach Kafka, and the source topics.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use toml::{Spanned, Value};

use super::setting::{At as _, narrow, over_zero, put};
use crate::{
    config::{
        fault::Fault,
        file::{self, Time},
        secret::is_secret_property,
        value::Parsed,
    },
    kafka::{KafkaSettings, property_fault, topics::Topic},
};
use floorwalker_core::engine::Source;

const WORKERS: RangeInclusive<i64> = 1..=256;
const SOURCES_MAX: usize = 1_000;
/// Kafka allows a topic 249; ours are the prefix and a tail.
const NAME_BYTES_MAX: usize = 200;
/// Topics of ours that come with later versions: no source may take their names.
const LATER: [&str; 3] = ["cold", "recognition", "model"];
/// Exactly-once rests on these.
const OURS: [&str; 13] = [
    "auto.offset.reset",
    "bootstrap.servers",
    "client.id",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "isolation.level",
    "partition.assignment.strategy",
    "transaction.timeout.ms",
    "transactional.id",
];

pub(super) fn settings(given: file::Kafka) -> Result<KafkaSettings, Fault> {
    let mut settings = KafkaSettings::default();
    put(
        &mut settings.brokers,
        given.brokers.map(brokers).transpose()?,
    );
    put(&mut settings.prefix, given.prefix.map(name).transpose()?);
    put(
        &mut settings.instance,
        given.instance.map(name).transpose()?,
    );
    if let Some(workers) = &given.workers {
        settings.workers = narrow(workers, WORKERS)?;
    }
    if let Some(replication) = &given.replication {
        settings.replication = copies(replication)?;
    }
    put(
        &mut settings.session_timeout,
        duration(given.session_timeout.as_ref())?,
    );
    put(
        &mut settings.metadata_interval,
        duration(given.metadata_interval.as_ref())?,
    );
    for (name, value) in given.properties {
        settings.properties.push(property(name, &value)?);
    }
    Ok(settings)
}

pub(super) fn sources(given: Vec<file::Source>, prefix: &str) -> Result<Vec<Source>, Fault> {
    let mut topics = BTreeSet::new();
    let mut sources = Vec::new();
    for file::Source {
        topic,
        clock,
        format,
        lateness,
    } in given
    {
        let at = Spanned::new(topic.span(), ());
        let topic = name(topic)?;
        if !topics.insert(topic.clone()) {
            return Err(at.fault(format!("`{topic}` is a source already; remove one")));
        }
        if is_ours(&topic, prefix) {
            return Err(at.fault(format!(
                "`{topic}` is a topic that Floorwalker writes; name another, or change kafka.prefix"
            )));
        }
        if sources.len() == SOURCES_MAX {
            return Err(at.fault(format!("there are more than {SOURCES_MAX} sources")));
        }
        let clock = clock.map_or_else(Default::default, |Parsed(clock)| clock);
        let format = format.map_or_else(Default::default, |Parsed(format)| format);
        sources.push(Source {
            topic,
            clock,
            format,
            lateness: over_zero(lateness.as_ref())?,
        });
    }
    Ok(sources)
}

fn is_ours(topic: &str, prefix: &str) -> bool {
    let later = LATER.map(|tail| format!("{prefix}.{tail}"));
    let ours = Topic::ALL.map(|ours| ours.name(prefix));
    later.iter().chain(&ours).any(|ours| ours == topic)
}

fn brokers(given: Spanned<String>) -> Result<String, Fault> {
    if given.get_ref().trim().is_empty() {
        return Err(given.fault("name at least one broker, such as \"localhost:9092\""));
    }
    Ok(given.into_inner())
}

/// What may be a topic, or part of one.
fn name(given: Spanned<String>) -> Result<String, Fault> {
    let name = given.get_ref();
    let fits = !name.is_empty() && name.len() <= NAME_BYTES_MAX;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if fits && name.chars().all(legal) {
        return Ok(given.into_inner());
    }
    Err(given.fault(format!(
        "`{name}` can't be part of a topic's name; write 1 to {NAME_BYTES_MAX} of a-z, A-Z, 0-9, `.`, `_`, `-`"
    )))
}

fn copies(given: &Spanned<i64>) -> Result<i32, Fault> {
    match i32::try_from(*given.get_ref()) {
        Ok(copies @ (-1 | 1..)) => Ok(copies),
        _ => Err(given.fault("write the number of copies, or -1 for the broker's default")),
    }
}

fn duration(given: Option<&Time>) -> Result<Option<Duration>, Fault> {
    let micros = |span: floorwalker_core::event::Span| u64::try_from(span.0).unwrap_or_default();
    Ok(over_zero(given)?.map(|span| Duration::from_micros(micros(span))))
}

fn property(name: Spanned<String>, value: &Spanned<Value>) -> Result<(String, String), Fault> {
    if OURS.contains(&name.get_ref().as_str()) {
        return Err(name.fault(format!(
            "`{}` is set by Floorwalker; remove it",
            name.get_ref()
        )));
    }
    let text = match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            return Err(value.fault(
                "a property is text, a number, true or false; put a name with dots in quotes",
            ));
        }
    };
    let is_secret = is_secret_property(name.get_ref());
    match property_fault(name.get_ref(), &text, is_secret) {
        Some(sentence) => Err(value.fault(sentence)),
        None => Ok((name.into_inner(), text)),
    }
}
