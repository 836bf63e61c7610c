//! Reads the dead letters of a deployment.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::Context as _;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::BorrowedMessage,
};

use super::letter::{ANSWER_WITHIN, Letter, LetterPlace};
use crate::kafka::{
    client::FetchContext, connect, ends::ends, reading::is_gone, settings::KafkaSettings,
    topic::Topic,
};

/// The dead letters of a deployment.
pub struct DeadLetters {
    consumer: BaseConsumer<FetchContext>,
    pub(super) kafka: KafkaSettings,
    pub(super) topic: String,
    pub(super) partitions: BTreeSet<i32>,
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
