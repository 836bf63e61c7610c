//! Sends letters back to where they came from: the same bytes, key and headers, to the same partition.
//!
//! What was sent is marked in the transaction that sends it: each reason has a consumer group whose offsets are how far
//! its letters were sent; a note beside an offset has those behind it that somebody named. So a second retry, or one that was killed
//! and run again, sends each letter once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context as _;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, Producer as _},
};

use super::{
    letter::{ANSWER_WITHIN, Letter, LetterPlace, RetriedOf, RetriedTo},
    reader::DeadLetters,
};
use crate::kafka::{
    client::Deliveries,
    commit::{self, TransactionalProducer},
    committed::committed_with_notes,
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

/// Sends these letters, whether they were sent before or not, and marks them.
///
/// # Errors
/// When Kafka does not answer, there is no such letter, its topic or partition is gone, or more letters were sent one by one than can be
/// marked. Then none of them is sent.
pub fn retry_each(letters: &DeadLetters, places: &[LetterPlace]) -> anyhow::Result<Retried> {
    let mut retry = Retry::new(letters)?;
    let found = places
        .iter()
        .map(|place| letters.whole(letters.get(*place)?));
    let found = found.collect::<anyhow::Result<Vec<_>>>()?;
    for letter in &found {
        retry.know(&letter.reason)?;
        let Some((_, to)) = retry.groups.get_mut(&letter.reason) else {
            continue;
        };
        if !letter.is_retried(to) {
            let LetterPlace { partition, offset } = letter.place;
            to.entry(partition).or_default().alone.insert(offset);
        }
    }
    let partitions: BTreeSet<i32> = places.iter().map(|place| place.partition).collect();
    retry.in_transaction(|retry| {
        found.iter().try_for_each(|letter| retry.send(letter))?;
        let mut groups = retry.groups.iter();
        groups.try_for_each(|(reason, _)| retry.mark(reason, &partitions))
    })?;
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
        self.know(&letter.reason)?;
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

    /// Asks which letters of a reason were sent, once.
    fn know(&mut self, reason: &str) -> anyhow::Result<()> {
        if !self.groups.contains_key(reason) {
            let group = group(&self.letters.kafka, reason)?;
            let to = retried_to(&group, self.letters)?;
            self.groups.insert(reason.to_owned(), (group, to));
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        if pending.is_empty() {
            return Ok(());
        }
        // The letters of a reason come in the order of their offsets.
        let mut sent: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
        for letter in &pending {
            let LetterPlace { partition, offset } = letter.place;
            if let Some((_, to)) = self.groups.get_mut(&letter.reason) {
                to.entry(partition).or_default().advance(offset + 1);
            }
            let partitions = sent.entry(letter.reason.clone()).or_default();
            partitions.insert(partition);
        }
        self.in_transaction(|retry| {
            pending.iter().try_for_each(|letter| retry.send(letter))?;
            let mut sent = sent.iter();
            sent.try_for_each(|(reason, partitions)| retry.mark(reason, partitions))
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

    /// Notes in the transaction which letters of a reason are sent by now in these partitions.
    fn mark(&self, reason: &str, partitions: &BTreeSet<i32>) -> anyhow::Result<()> {
        let Some((group, to)) = self.groups.get(reason) else {
            return Ok(());
        };
        let mut list = TopicPartitionList::new();
        for (partition, of) in to.iter().filter(|(it, _)| partitions.contains(it)) {
            let note = of.note().with_context(|| {
                format!("too many letters of `{reason}` were sent one by one to be marked: send the others, too, with `--reason {reason}`")
            })?;
            list.add_partition_offset(&self.letters.topic, *partition, Offset::Offset(of.to))?;
            let element = list.find_partition(&self.letters.topic, *partition);
            if let Some(mut element) = element.filter(|_| !note.is_empty()) {
                element.set_metadata(note);
            }
        }
        if list.count() == 0 {
            return Ok(());
        }
        let member = group.group_metadata().context("no group")?;
        Ok(self
            .producer
            .send_offsets_to_transaction(&list, &member, ANSWER_WITHIN)?)
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
    let noted = committed_with_notes(group, &letters.topic, partitions, ANSWER_WITHIN)?;
    let noted = noted.into_iter();
    Ok(noted
        .map(|(partition, (to, note))| (partition, RetriedOf::read(to, &note)))
        .collect())
}
