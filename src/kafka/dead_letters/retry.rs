//! Sends letters back to where they came from: the same bytes, key and headers, to the same partition.
//!
//! What was sent is marked in the transaction that sends it: each reason has a consumer group whose offsets are how far
//! its letters were sent. So a second retry, or one that was killed and run again, sends each letter once.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _},
};

use super::{
    letter::{ANSWER_WITHIN, Letter, LetterPlace, RetriedTo},
    reader::DeadLetters,
};
use crate::kafka::{
    client::Deliveries,
    commit::{self, TransactionalProducer},
    committed::committed,
    settings::KafkaSettings,
    topics::partitions,
};

/// A transaction takes at most so many letters, or so many bytes and one letter.
const LETTERS_MAX: usize = 1_000;
const BYTES_MAX: usize = 8 << 20;
const DRAIN_WITHIN: Duration = Duration::from_secs(30);

type Group = BaseConsumer;

/// What was sent, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retried {
    pub letters: u64,
    pub bytes: u64,
    /// Sent by an earlier retry.
    pub before: u64,
    /// Cut letters whose record is gone from the source: there is nothing to send.
    pub gone: u64,
}

/// Sends all letters of a reason, or of all reasons, that were not sent yet.
///
/// # Errors
/// When Kafka does not answer, or a letter's topic or partition is gone. What was sent before that is marked.
pub fn retry(
    letters: &DeadLetters,
    only: Option<&str>,
) -> anyhow::Result<BTreeMap<String, Retried>> {
    let mut retry = Retry::new(letters)?;
    letters.each(|letter| {
        if only.is_none_or(|only| only == letter.reason) {
            retry.take(letter)?;
        }
        Ok(())
    })?;
    retry.flush()?;
    Ok(retry.retried)
}

/// Sends these letters, whether they were sent before or not; marks nothing.
///
/// # Errors
/// When Kafka does not answer, there is no such letter, or its topic or partition is gone. Then none of them is sent.
pub fn retry_each(letters: &DeadLetters, places: &[LetterPlace]) -> anyhow::Result<Retried> {
    let retry = Retry::new(letters)?;
    let found = places
        .iter()
        .map(|place| letters.whole(letters.get(*place)?));
    let found = found.collect::<anyhow::Result<Vec<_>>>()?;
    retry.in_transaction(|retry| found.iter().try_for_each(|letter| retry.send(letter)))?;
    Ok(Retried {
        letters: found.len() as u64,
        bytes: found.iter().map(|it| bytes(it) as u64).sum(),
        ..Retried::default()
    })
}

impl DeadLetters {
    /// How far the letters of a reason were sent once more.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub fn retried_to(&self, reason: &str) -> anyhow::Result<RetriedTo> {
        retried_to(&group(&self.kafka, reason)?, self)
    }
}

/// One that is running.
struct Retry<'l> {
    letters: &'l DeadLetters,
    producer: TransactionalProducer,
    /// By topic; a letter for a partition that is gone would wait for it in vain.
    partitions_by_topic: BTreeMap<String, i32>,
    groups: BTreeMap<String, (Group, RetriedTo)>,
    pending: Vec<Letter>,
    pending_bytes: usize,
    retried: BTreeMap<String, Retried>,
}

impl<'l> Retry<'l> {
    fn new(letters: &'l DeadLetters) -> anyhow::Result<Self> {
        let kafka = &letters.kafka;
        // One name for all: a retry that begins ends one that hangs.
        let producer: TransactionalProducer = (kafka
            .producer(&format!("{}-retry", kafka.prefix), 'a'))
        .create_with_context(Deliveries::default())
        .context("Kafka producer")?;
        (producer.init_transactions(ANSWER_WITHIN)).context("init_transactions")?;
        let metadata = producer.client().fetch_metadata(None, ANSWER_WITHIN)?;
        let topics = metadata.topics().iter().map(|topic| topic.name());
        let partitions_by_topic = topics
            .map(|name| (name.to_owned(), partitions(&metadata, name)))
            .map(|(name, count)| (name, i32::try_from(count).unwrap_or(i32::MAX)))
            .collect();
        Ok(Self {
            letters,
            producer,
            partitions_by_topic,
            groups: BTreeMap::new(),
            pending: Vec::new(),
            pending_bytes: 0,
            retried: BTreeMap::new(),
        })
    }

    fn take(&mut self, letter: Letter) -> anyhow::Result<()> {
        if !self.groups.contains_key(&letter.reason) {
            let group = group(&self.letters.kafka, &letter.reason)?;
            let to = retried_to(&group, self.letters)?;
            self.groups.insert(letter.reason.clone(), (group, to));
        }
        let retried = self.retried.entry(letter.reason.clone()).or_default();
        let to = self.groups.get(&letter.reason).map(|(_, to)| to);
        if to.is_some_and(|to| letter.is_retried(to)) {
            retried.before += 1;
            return Ok(());
        }
        let letter = match self.letters.whole(letter) {
            Ok(letter) => letter,
            Err(error) => {
                tracing::warn!("not sent: {error:#}");
                retried.gone += 1;
                return Ok(());
            }
        };
        self.pending_bytes += bytes(&letter);
        self.pending.push(letter);
        if self.pending.len() >= LETTERS_MAX || self.pending_bytes >= BYTES_MAX {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        if pending.is_empty() {
            return Ok(());
        }
        self.in_transaction(|retry| {
            pending.iter().try_for_each(|letter| retry.send(letter))?;
            retry.mark(&pending)
        })?;
        for letter in &pending {
            let retried = self.retried.entry(letter.reason.clone()).or_default();
            retried.letters += 1;
            retried.bytes += bytes(letter) as u64;
        }
        Ok(())
    }

    fn in_transaction(&self, act: impl FnOnce(&Self) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.producer.begin_transaction()?;
        let done = act(self)
            .and_then(|()| Ok(commit::drain(&self.producer, DRAIN_WITHIN)?))
            .and_then(|()| Ok(commit::commit(&self.producer)?));
        if done.is_err() {
            commit::abort(&self.producer).ok();
        }
        done
    }

    fn send(&self, letter: &Letter) -> anyhow::Result<()> {
        let (place, topic, partition) = (letter.place, &letter.topic, letter.partition);
        let count = self.partitions_by_topic.get(topic).copied().unwrap_or(0);
        anyhow::ensure!(
            partition < count,
            "letter {place} came from `{topic}` [{partition}], which has {count} partitions now: create what is missing, or retry other letters"
        );
        let mut record: BaseRecord<'_, [u8], [u8], usize> =
            BaseRecord::with_opaque_to(topic, 0).partition(partition);
        record.key = letter.key.as_deref();
        record.payload = letter.payload.as_deref();
        record.headers = headers(letter);
        commit::send(&self.producer, record)
            .with_context(|| format!("letter {place} to `{topic}` [{partition}]"))
    }

    /// The letters of a reason come in the order of their offsets: the last one of a partition stands for all.
    fn mark(&self, letters: &[Letter]) -> anyhow::Result<()> {
        for (reason, (group, _)) in &self.groups {
            let of_reason = letters.iter().filter(|letter| letter.reason == *reason);
            let next: RetriedTo = of_reason
                .map(|letter| (letter.place.partition, letter.place.offset + 1))
                .collect();
            if next.is_empty() {
                continue;
            }
            let mut list = TopicPartitionList::new();
            for (partition, offset) in next {
                list.add_partition_offset(&self.letters.topic, partition, Offset::Offset(offset))?;
            }
            let member = group.group_metadata().context("no group")?;
            (self.producer).send_offsets_to_transaction(&list, &member, ANSWER_WITHIN)?;
        }
        Ok(())
    }
}

fn headers(letter: &Letter) -> Option<OwnedHeaders> {
    let headers = OwnedHeaders::new_with_capacity(letter.headers.len());
    let all = letter
        .headers
        .iter()
        .fold(headers, |headers, (key, value)| {
            let value = value.as_ref();
            headers.insert(Header { key, value })
        });
    (!letter.headers.is_empty()).then_some(all)
}

fn bytes(letter: &Letter) -> usize {
    letter.payload.as_ref().map_or(0, Vec::len)
}

/// Never joined: only its offsets count.
fn group(kafka: &KafkaSettings, reason: &str) -> anyhow::Result<Group> {
    let mut config = kafka.client("retry");
    config
        .set("group.id", format!("{}-retry-{reason}", kafka.prefix))
        .set("enable.auto.commit", "false");
    config.create().context("Kafka consumer")
}

fn retried_to(group: &Group, letters: &DeadLetters) -> anyhow::Result<RetriedTo> {
    let partitions = letters.partitions.iter().copied();
    Ok(committed(group, &letters.topic, partitions, ANSWER_WITHIN)?)
}
