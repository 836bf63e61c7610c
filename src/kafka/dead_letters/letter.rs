//! A dead letter: what its record holds, and the headers that it bears.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

use rdkafka::{
    Message as _,
    message::{BorrowedMessage, Headers as _},
};

use floorwalker_core::{
    engine::{CUT_HEADERS, LETTER_HEADERS},
    event::Timestamp,
};

/// How long the broker may take to answer with a record or an end.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(30);
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
    /// The key; like payload and headers as it had been read.
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

/// Which letters of one reason were sent once more, by partition.
pub type RetriedTo = BTreeMap<i32, RetriedOf>;

/// Which letters of one reason in one partition were sent once more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetriedOf {
    /// All before this offset.
    pub to: i64,
    /// Those that somebody named, at or behind it.
    pub alone: BTreeSet<i64>,
}

impl RetriedOf {
    /// What Kafka keeps beside an offset (`offset.metadata.max.bytes`).
    const NOTE_BYTES_MAX: usize = 4_096;

    /// Returns how far they were sent, by what was committed: an offset, and a note of those behind it, as distances from it.
    pub(super) fn read(to: i64, note: &str) -> Self {
        let alone = note.split(',').filter_map(|it| it.parse::<i64>().ok());
        Self {
            to,
            alone: alone.map(|behind| to + behind).collect(),
        }
    }

    /// Returns the note for [`Self::read`]; `None` if they are too many.
    pub(super) fn note(&self) -> Option<String> {
        let behind = self
            .alone
            .iter()
            .map(|offset| (offset - self.to).to_string());
        let note = behind.collect::<Vec<_>>().join(",");
        (note.len() <= Self::NOTE_BYTES_MAX).then_some(note)
    }

    /// Takes in that all before an offset were sent.
    pub(super) fn advance(&mut self, to: i64) {
        self.to = self.to.max(to);
        self.alone = self.alone.split_off(&self.to);
    }
}

impl Letter {
    /// `None`: it does not end with our headers.
    pub(super) fn read(record: &BorrowedMessage<'_>) -> Option<Self> {
        let headers = record.headers()?;
        let original = headers.count().checked_sub(LETTER_HEADERS.len())?;
        let all: Vec<(&str, Option<&[u8]>)> = (headers.iter())
            .map(|header| (header.key, header.value))
            .collect();
        let (before, ours) = all.split_at(original);
        let [topic, partition, offset, reason, sentence] = texts(ours, LETTER_HEADERS)?;
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

    /// Whether it was sent once more.
    #[must_use]
    pub fn is_retried(&self, to: &RetriedTo) -> bool {
        let of_partition = to.get(&self.place.partition);
        let offset = self.place.offset;
        of_partition.is_some_and(|it| offset < it.to || it.alone.contains(&offset))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_were_sent_alone_are_noted_beside_the_offset() {
        let mut retried = RetriedOf::read(40, "");
        retried.alone.extend([41, 45, 1_000]);
        let note = retried.note().unwrap();
        assert_eq!(note, "1,5,960");
        assert_eq!(RetriedOf::read(40, &note), retried);
        retried.advance(42);
        assert_eq!(retried.note().unwrap(), "3,958");
        retried.advance(7);
        assert_eq!(retried.to, 42);
    }

    #[test]
    fn a_note_that_kafka_would_refuse_is_not_made() {
        let mut retried = RetriedOf::default();
        retried.alone.extend((0..2_000).map(|it| 2 * it));
        assert_eq!(retried.note(), None);
    }
}
