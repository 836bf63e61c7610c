//! The record that a cut letter stands for, read once more from its source.

use anyhow::Context as _;
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::{BorrowedMessage, Headers as _},
};

use super::{
    letter::{ANSWER_WITHIN, Cut, Letter},
    reader::DeadLetters,
};
use crate::kafka::{client::FetchContext, reading::is_gone, settings::KafkaSettings};
use floorwalker_core::engine::sha256;

impl DeadLetters {
    /// Returns the letter with all that its record had: of one that was cut, from the source.
    ///
    /// # Errors
    /// When the source no longer holds the record, or Kafka does not answer.
    pub fn whole(&self, letter: Letter) -> anyhow::Result<Letter> {
        whole(&self.kafka, letter)
    }
}

/// A letter that was not cut is whole as it is.
fn whole(kafka: &KafkaSettings, letter: Letter) -> anyhow::Result<Letter> {
    let Some(cut) = letter.cut.clone() else {
        return Ok(letter);
    };
    let consumer: BaseConsumer<FetchContext> = (kafka.reader("original"))
        .create_with_context(FetchContext::default())
        .context("Kafka consumer")?;
    let mut list = TopicPartitionList::new();
    let offset = Offset::Offset(letter.offset);
    list.add_partition_offset(&letter.topic, letter.partition, offset)?;
    consumer.assign(&list)?;
    match consumer.poll(ANSWER_WITHIN) {
        Some(Ok(record)) if record.offset() == letter.offset => complete(letter, &cut, &record),
        Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => Err(gone(&letter, &cut)),
        Some(Err(error)) if is_gone(&error) => Err(gone(&letter, &cut)),
        Some(Err(error)) => Err(error).context(letter.topic.clone()),
        None => anyhow::bail!("no answer from Kafka at {}", kafka.brokers),
    }
}

fn complete(mut letter: Letter, cut: &Cut, record: &BorrowedMessage<'_>) -> anyhow::Result<Letter> {
    let payload = record.payload().unwrap_or_default();
    // A topic that was made anew holds another record there.
    if sha256(payload) != cut.sha256 {
        return Err(gone(&letter, cut));
    }
    letter.payload = record.payload().map(<[u8]>::to_vec);
    letter.key = record.key().map(<[u8]>::to_vec);
    letter.headers = record.headers().map_or_else(Vec::new, |headers| {
        let headers = headers.iter();
        let owned = headers.map(|it| (it.key.to_owned(), it.value.map(<[u8]>::to_vec)));
        owned.collect()
    });
    letter.cut = None;
    Ok(letter)
}

fn gone(letter: &Letter, cut: &Cut) -> anyhow::Error {
    let Letter {
        place,
        topic,
        partition,
        offset,
        ..
    } = letter;
    let Cut {
        parts,
        bytes,
        sha256,
    } = cut;
    anyhow::anyhow!(
        "letter {place} was too large to be kept whole, and `{topic}` no longer holds its record at partition {partition}, \
         offset {offset}: what is left out ({parts}) is lost, unless its sender has it; the payload had {bytes} bytes, \
         SHA-256 {sha256}"
    )
}
