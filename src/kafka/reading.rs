//! One partition that is being read, with a queue of its own: its end and its pauses are known apart from the others'.

use std::{sync::Arc, time::Duration};

use crossbeam_channel::Sender;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, base_consumer::PartitionQueue},
    error::{KafkaError, KafkaResult},
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};

use super::client::{End, FetchContext};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);

pub(super) type Fetch = Arc<BaseConsumer<FetchContext>>;

pub(super) struct Reading {
    queue: PartitionQueue<FetchContext>,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) progress: ReadProgress,
}

/// How far a partition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ReadProgress {
    /// Behind the last record that was handed out.
    pub(super) position: i64,
    /// The broker said that no committed record follows.
    pub(super) at_end: bool,
    /// When the last record was written, in milliseconds of its writer's clock.
    pub(super) written_at_ms: i64,
    bytes: u64,
    records: u64,
    pub(super) end: End,
}

/// What a partition's queue held.
pub(super) enum Polled<'a> {
    Record(BorrowedMessage<'a>),
    End,
    /// The position lies before the first or behind the last record.
    Gone,
    Nothing,
}

impl ReadProgress {
    /// Bytes between the position and the end, by the mean size of the records so far.
    pub(super) fn lag_bytes(self) -> u64 {
        let mean = self.bytes.checked_div(self.records).unwrap_or(0);
        self.lag() * mean
    }

    /// Records between the position and the end; an upper bound, for markers count.
    pub(super) fn lag(self) -> u64 {
        if self.at_end {
            return 0;
        }
        u64::try_from(self.end.stable - self.position).unwrap_or(0)
    }

    /// Every committed record was read, and none is on its way.
    pub(super) fn is_caught_up(self) -> bool {
        self.at_end && self.end.is_settled()
    }
}

impl Reading {
    /// Takes the partition's queue; nothing is fetched before [`start`].
    pub(super) fn new(
        fetch: &Fetch,
        topic: &str,
        partition: i32,
        from: Option<i64>,
        bell: &Sender<()>,
    ) -> KafkaResult<Self> {
        let mut queue = fetch
            .split_partition_queue(topic, partition)
            .ok_or_else(|| KafkaError::Subscription(format!("{topic} [{partition}]")))?;
        // The queue outlives its readers: an error from when the partition was ours before is no news.
        while queue.poll(Duration::ZERO).is_some() {}
        let bell = bell.clone();
        queue.set_nonempty_callback(move || {
            bell.try_send(()).ok();
        });
        Ok(Self {
            queue,
            topic: topic.to_owned(),
            partition,
            progress: ReadProgress {
                position: from.unwrap_or(-1),
                ..ReadProgress::default()
            },
        })
    }

    /// Begins anew, at the same position or, with `from_first`, at the oldest record there is.
    pub(super) fn restart(&mut self, fetch: &Fetch, from_first: bool) -> KafkaResult<()> {
        stop(fetch, std::iter::once(&*self))?;
        while self.queue.poll(Duration::ZERO).is_some() {}
        if from_first {
            self.progress.position = -1;
        }
        self.progress.at_end = false;
        start(fetch, std::iter::once(&*self))
    }

    /// Whether the broker no longer holds, or does not yet hold, the position. Asks it.
    pub(super) fn is_gone(&self, fetch: &Fetch) -> KafkaResult<bool> {
        let (low, high) = fetch.fetch_watermarks(&self.topic, self.partition, ANSWER_WITHIN)?;
        let position = self.progress.position;
        Ok(position > 0 && !(low..=high).contains(&position))
    }

    fn start_offset(&self) -> Offset {
        match self.progress.position {
            // Never read: nothing is lost if the first records are gone.
            ..=0 => Offset::Beginning,
            position => Offset::Offset(position),
        }
    }

    /// The next thing in the queue, without waiting; takes note of it.
    pub(super) fn poll(queue: &mut Self) -> Polled<'_> {
        use rdkafka::Message as _;
        let Self {
            queue,
            topic,
            partition,
            progress,
        } = queue;
        match queue.poll(Duration::ZERO) {
            Some(Ok(record)) => {
                progress.position = record.offset() + 1;
                progress.at_end = false;
                progress.written_at_ms = record.timestamp().to_millis().unwrap_or(0);
                progress.bytes += record.payload_len() as u64;
                progress.records += 1;
                Polled::Record(record)
            }
            Some(Err(KafkaError::PartitionEOF(_))) => {
                progress.at_end = true;
                Polled::End
            }
            Some(Err(error)) if is_gone(&error) => Polled::Gone,
            Some(Err(error)) => {
                tracing::warn!(topic, partition, "read: {error}");
                progress.at_end = false;
                Polled::Nothing
            }
            None => Polled::Nothing,
        }
    }
}

/// Begins to fetch these partitions.
pub(super) fn start<'a>(
    fetch: &Fetch,
    readings: impl Iterator<Item = &'a Reading>,
) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    for reading in readings {
        list.add_partition_offset(&reading.topic, reading.partition, reading.start_offset())?;
    }
    fetch.incremental_assign(&list)
}

/// Fetches them no more.
pub(super) fn stop<'a>(
    fetch: &Fetch,
    readings: impl Iterator<Item = &'a Reading>,
) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    for reading in readings {
        list.add_partition(&reading.topic, reading.partition);
    }
    fetch.incremental_unassign(&list)
}

pub(super) fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
