//! What was put aside and why: reading the dead letters, and sending them once more.

mod original;
mod retry;

pub use retry::{Retried, retry, retry_each};

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

use anyhow::Context as _;
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, Headers as _},
};

use super::{
    client::FetchContext, connect, ends::ends, reading::is_gone, settings::KafkaSettings,
    topics::Topic,
};
use floorwalker_core::{engine::CUT_HEADERS, event::Timestamp};

/// From the broker, with a record or an end.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What a dead letter has beside the headers that the record had.
const OURS: [&str; 5] = [
    "floorwalker-topic",
    "floorwalker-partition",
    "floorwalker-offset",
    "floorwalker-reason",
    "floorwalker-sentence",
];

/// Where a letter lies among the dead letters, written `partition/offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LetterPlace {
    pub partition: i32,
    pub offset: i64,
}

/// A record that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub place: LetterPlace,
    /// When it was put aside.
    pub written_at: Timestamp,
    /// Where it had been read.
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub reason: String,
    pub sentence: String,
    /// As it had been read, with the headers it had.
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// What it lacks, if it was too large for a record of Kafka.
    pub cut: Option<Cut>,
}

/// What a letter does not hold of its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The parts that are not whole, such as `payload,headers`.
    pub parts: String,
    /// Size of the whole payload.
    pub bytes: u64,
    /// SHA-256 of the whole payload, in hexadecimal.
    pub sha256: String,
}

/// How far the letters of one reason were sent once more: the next offset by partition.
pub type RetriedTo = BTreeMap<i32, i64>;

/// The dead letters of a deployment.
pub struct DeadLetters {
    consumer: BaseConsumer<FetchContext>,
    kafka: KafkaSettings,
    topic: String,
    partitions: BTreeSet<i32>,
}

impl fmt::Debug for DeadLetters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("DeadLetters")
            .field(&self.topic)
            .finish()
    }
}

impl DeadLetters {
    /// # Errors
    /// When Kafka can't be reached or the topic does not exist.
    pub fn open(kafka: &KafkaSettings) -> anyhow::Result<Self> {
        connect::find(kafka)?;
        let topic = Topic::DeadLetters.name(&kafka.prefix);
        let consumer: BaseConsumer<FetchContext> = (kafka.reader("dead-letters"))
            .create_with_context(FetchContext::default())
            .context("Kafka consumer")?;
        let metadata = consumer
            .fetch_metadata(Some(&topic), ANSWER_WITHIN)
            .with_context(|| format!("no answer from Kafka at {}", kafka.brokers))?;
        let found = metadata.topics().iter().filter(|it| it.error().is_none());
        let partitions: BTreeSet<i32> = found
            .flat_map(|it| it.partitions())
            .map(|partition| partition.id())
            .collect();
        anyhow::ensure!(
            !partitions.is_empty(),
            "topic `{topic}` does not exist: run `floorwalker topics create --config FILE`, or correct kafka.prefix"
        );
        Ok(Self {
            consumer,
            kafka: kafka.clone(),
            topic,
            partitions,
        })
    }

    /// Hands over every letter, each partition's in their order, up to the ends as they are now.
    ///
    /// # Errors
    /// When Kafka does not answer, or `take` fails.
    pub fn each(&self, mut take: impl FnMut(Letter) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let mut open = self.ends()?;
        self.assign(self.partitions.iter().map(|it| (*it, Offset::Beginning)))?;
        while !open.is_empty() {
            match self.consumer.poll(ANSWER_WITHIN) {
                Some(Ok(record)) => {
                    // What a retry sends may come back as a letter before it is done.
                    let partition = record.partition();
                    let is_it = open
                        .get(&partition)
                        .is_some_and(|end| record.offset() < *end);
                    if !is_it {
                        open.remove(&partition);
                        continue;
                    }
                    match Letter::read(&record) {
                        Some(letter) => take(letter)?,
                        None => self.warn_of_stranger(&record),
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
                Some(Err(error)) => return Err(error).context(self.topic.clone()),
                None => anyhow::bail!("no answer from Kafka at {}", self.kafka.brokers),
            }
        }
        Ok(())
    }

    /// Where each partition ends now.
    fn ends(&self) -> anyhow::Result<BTreeMap<i32, i64>> {
        let end = |partition: &i32| {
            let found = ends(&self.consumer, &self.topic, *partition, ANSWER_WITHIN)
                .with_context(|| format!("no answer from Kafka at {}", self.kafka.brokers))?;
            Ok((*partition, found.1))
        };
        self.partitions.iter().map(end).collect()
    }

    /// One letter.
    ///
    /// # Errors
    /// When Kafka does not answer or there is no such letter.
    pub fn get(&self, place: LetterPlace) -> anyhow::Result<Letter> {
        let missing = || {
            let topic = &self.topic;
            format!(
                "no letter {place} in `{topic}`: `dead-letters list --each` shows those there are"
            )
        };
        anyhow::ensure!(self.partitions.contains(&place.partition), missing());
        self.assign([(place.partition, Offset::Offset(place.offset))].into_iter())?;
        let found = match self.consumer.poll(ANSWER_WITHIN) {
            Some(Ok(record)) => Letter::read(&record),
            Some(Err(KafkaError::PartitionEOF(_))) => None,
            Some(Err(error)) if is_gone(&error) => None,
            Some(Err(error)) => return Err(error).context(self.topic.clone()),
            None => anyhow::bail!("no answer from Kafka at {}", self.kafka.brokers),
        };
        // At the offset of a transaction's marker the next record comes.
        (found.filter(|letter| letter.place == place)).with_context(missing)
    }

    /// Returns the letter with all that its record had: of one that was cut, from the source.
    ///
    /// # Errors
    /// When the source no longer holds the record, or Kafka does not answer.
    pub fn whole(&self, letter: Letter) -> anyhow::Result<Letter> {
        original::whole(&self.kafka, letter)
    }

    /// How far the letters of a reason were sent once more.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub fn retried_to(&self, reason: &str) -> anyhow::Result<RetriedTo> {
        retry::committed(&retry::group(&self.kafka, reason)?, self)
    }

    fn assign(&self, from: impl Iterator<Item = (i32, Offset)>) -> anyhow::Result<()> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in from {
            list.add_partition_offset(&self.topic, partition, offset)?;
        }
        Ok(self.consumer.assign(&list)?)
    }

    fn warn_of_stranger(&self, record: &BorrowedMessage<'_>) {
        let (partition, offset) = (record.partition(), record.offset());
        tracing::warn!(
            topic = self.topic,
            partition,
            offset,
            "is no dead letter of ours"
        );
    }
}

impl Letter {
    /// `None`: it does not end with our headers.
    fn read(record: &BorrowedMessage<'_>) -> Option<Self> {
        let headers = record.headers()?;
        let original = headers.count().checked_sub(OURS.len())?;
        let all: Vec<(&str, Option<&[u8]>)> = (headers.iter())
            .map(|header| (header.key, header.value))
            .collect();
        let (before, ours) = all.split_at(original);
        let [topic, partition, offset, reason, sentence] = texts(ours, OURS)?;
        let (before, cut) = Cut::read(before);
        let owned = |bytes: &[u8]| bytes.to_vec();
        Some(Self {
            place: LetterPlace {
                partition: record.partition(),
                offset: record.offset(),
            },
            written_at: Timestamp::from_millis(record.timestamp().to_millis().unwrap_or(0)),
            topic: topic.to_owned(),
            partition: partition.parse().ok()?,
            offset: offset.parse().ok()?,
            reason: reason.to_owned(),
            sentence: sentence.to_owned(),
            key: record.key().map(owned),
            payload: record.payload().map(owned),
            headers: (before.iter())
                .map(|(name, value)| ((*name).to_owned(), value.map(owned)))
                .collect(),
            cut,
        })
    }

    /// Whether it lies before what was sent once more.
    #[must_use]
    pub fn is_retried(&self, to: &RetriedTo) -> bool {
        to.get(&self.place.partition)
            .is_some_and(|to| self.place.offset < *to)
    }
}

type Headers<'h> = [(&'h str, Option<&'h [u8]>)];

impl Cut {
    /// Splits its headers off, if the letter was cut.
    fn read<'a, 'h>(headers: &'a Headers<'h>) -> (&'a Headers<'h>, Option<Self>) {
        let split = headers.len().checked_sub(CUT_HEADERS.len());
        let found = split.and_then(|split| {
            let (before, own) = headers.split_at(split);
            let [parts, bytes, sha256] = texts(own, CUT_HEADERS)?;
            let cut = Self {
                parts: parts.to_owned(),
                bytes: bytes.parse().ok()?,
                sha256: sha256.to_owned(),
            };
            Some((before, Some(cut)))
        });
        found.unwrap_or((headers, None))
    }
}

fn texts<'h, const N: usize>(ours: &Headers<'h>, names: [&str; N]) -> Option<[&'h str; N]> {
    let mut texts = [""; N];
    for ((text, name), (found, value)) in texts.iter_mut().zip(names).zip(ours) {
        *text = std::str::from_utf8((*value).filter(|_| *found == name)?).ok()?;
    }
    Some(texts)
}

impl fmt::Display for LetterPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.partition, self.offset)
    }
}

impl FromStr for LetterPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = text.split_once('/').and_then(|(partition, offset)| {
            Some(Self {
                partition: partition.parse().ok()?,
                offset: offset.parse().ok()?,
            })
        });
        place.ok_or_else(|| "write partition/offset, such as 3/17".to_owned())
    }
}
