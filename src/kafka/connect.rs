//! Finding Kafka before the work begins: names within seconds what it waits for, and gives up at once where waiting can't help.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::KafkaError,
    message::DeliveryResult,
    producer::{BaseProducer, NoCustomPartitioner, Producer as _, ProducerContext},
};

use super::{
    clock::{self, Tick},
    lock::lock,
    outage,
    progress::Progress,
    settings::KafkaSettings,
    stop::Stop,
    topic::Topic,
    trouble::{Trouble, split_line},
};

/// How long one question waits, and how long until the next.
const ANSWER_WITHIN: Duration = Duration::from_millis(700);
const ASK_EVERY: Duration = Duration::from_millis(300);
/// When what it waits for is named first, and how often after that.
const NAMED_AFTER: Duration = Duration::from_millis(1_500);
const NAMED_EVERY: Duration = Duration::from_secs(10);
/// A long-running process logs less often.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// How long a command waits.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is not beyond doubt has to last this long.
const SURE_AFTER: Duration = Duration::from_secs(2);

/// Waits until a broker answers, as a command does: for half a minute.
///
/// # Errors
/// When none does, or one reports what a person has to change.
pub(super) fn find(kafka: &KafkaSettings) -> anyhow::Result<()> {
    let probe = Probe::new(kafka)?;
    let began_at = Tick::now();
    let mut named_at = None;
    while !probe.ask() {
        let waited = Tick::now().since(began_at);
        if let Some(verdict) = probe.verdict(waited) {
            anyhow::bail!(verdict);
        }
        anyhow::ensure!(waited < PATIENCE, "{}", probe.given_up());
        if waited >= NAMED_AFTER && is_due(named_at, NAMED_EVERY) {
            named_at = Some(Tick::now());
            tracing::warn!("waiting for {}", probe.what());
        }
        clock::pause(ASK_EVERY);
    }
    Ok(())
}

/// Waits until a broker answers, as a process does that runs for months: as long as it takes, and not ready meanwhile.
/// Returns whether one did; else the process is to stop.
///
/// # Errors
/// When a broker refuses the login, or its certificate is refused.
pub(super) fn wait_for(
    kafka: &KafkaSettings,
    stop: &Stop,
    progress: &Progress,
) -> anyhow::Result<bool> {
    const CAUSE: &str = "connect";
    let probe = Probe::new(kafka)?;
    progress.hinder(CAUSE, Some(format!("waiting for {}", probe.what())));
    let began_at = Tick::now();
    let mut named_at = None;
    while !probe.ask() {
        if stop.is_requested() {
            return Ok(false);
        }
        let waited = Tick::now().since(began_at);
        if let Some(certain) = probe.certain() {
            anyhow::bail!(certain);
        }
        if waited >= NAMED_AFTER && is_due(named_at, LOGGED_EVERY) {
            named_at = Some(Tick::now());
            tracing::warn!("waiting for {}", probe.what());
        }
        progress.hinder(CAUSE, Some(format!("waiting for {}", probe.what())));
        clock::pause(ASK_EVERY);
    }
    if named_at.is_some() {
        tracing::info!("Kafka answers");
    }
    outage::begin_anew();
    progress.hinder(CAUSE, None);
    Ok(true)
}

fn is_due(named_at: Option<Tick>, every: Duration) -> bool {
    named_at.is_none_or(|at| Tick::now().since(at) >= every)
}

/// A client that only asks who is there.
struct Probe<'k> {
    kafka: &'k KafkaSettings,
    producer: BaseProducer<ProbeContext>,
}

impl<'k> Probe<'k> {
    fn new(kafka: &'k KafkaSettings) -> anyhow::Result<Self> {
        let producer = (kafka.client("connect"))
            .create_with_context(ProbeContext::default())
            .context("Kafka client")?;
        Ok(Self { kafka, producer })
    }

    /// Whether a broker answered.
    fn ask(&self) -> bool {
        let topic = Topic::Tasks.name(&self.kafka.prefix);
        let asked = self
            .producer
            .client()
            .fetch_metadata(Some(&topic), ANSWER_WITHIN);
        if let Err(error) = &asked {
            tracing::debug!("no answer yet: {error}");
        }
        // What is logged comes this way, a line a poll.
        let until = Tick::now().after(Duration::from_millis(20));
        while Tick::now() < until {
            self.producer.poll(Duration::from_millis(1));
        }
        asked.is_ok()
    }

    fn servers(&self) -> usize {
        self.kafka
            .brokers
            .split(',')
            .filter(|it| !it.trim().is_empty())
            .count()
    }

    /// Returns the error when waiting can't help with any of the brokers.
    fn verdict(&self, waited: Duration) -> Option<String> {
        let found = lock(&self.producer.context().troubles);
        let hopeless = found
            .values()
            .filter(|(trouble, _)| trouble.needs_a_person())
            .count();
        let sure = waited >= SURE_AFTER && hopeless > 0 && hopeless >= self.servers();
        drop(found);
        match sure {
            true => self.sentence(Trouble::needs_a_person),
            false => self.certain(),
        }
    }

    /// Returns the error when a broker has refused us beyond doubt.
    fn certain(&self) -> Option<String> {
        self.sentence(Trouble::is_certain)
    }

    fn sentence(&self, is_it: impl Fn(Trouble) -> bool) -> Option<String> {
        let found = lock(&self.producer.context().troubles);
        let (broker, (trouble, line)) = found.iter().find(|(_, (trouble, _))| is_it(*trouble))?;
        let (words, cure) = (trouble.words(), trouble.cure());
        Some(format!("Kafka at {broker}: {words}: {cure} ({line})"))
    }

    /// For whom it waits, and why.
    fn what(&self) -> String {
        let brokers = &self.kafka.brokers;
        let found = lock(&self.producer.context().troubles);
        let mut words: Vec<&str> = found.values().map(|(trouble, _)| trouble.words()).collect();
        words.dedup();
        match words.as_slice() {
            [] => format!("Kafka at {brokers}: no answer yet"),
            words => format!("Kafka at {brokers}: {}", words.join(", ")),
        }
    }

    fn given_up(&self) -> String {
        let (what, seconds) = (self.what(), PATIENCE.as_secs());
        let found = lock(&self.producer.context().troubles);
        let trouble = found.values().next().map_or(Trouble::Silent, |it| it.0);
        format!("{what}; {seconds} s are enough: {}", trouble.cure())
    }
}

/// Keeps the last trouble with each broker, and the line of the log.
#[derive(Debug, Default)]
struct ProbeContext {
    troubles: Mutex<BTreeMap<String, (Trouble, String)>>,
}

impl ClientContext for ProbeContext {
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, line: &str) {
        let (broker, rest) = split_line(line);
        tracing::debug!(target: "librdkafka", facility, "{line}");
        if let Some(trouble) = Trouble::at_first(rest) {
            let it = (trouble, rest.to_owned());
            lock(&self.troubles).insert(broker.to_owned(), it);
        }
    }

    /// Comes with a line of the log, which is enough.
    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ProducerContext<NoCustomPartitioner> for ProbeContext {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}
