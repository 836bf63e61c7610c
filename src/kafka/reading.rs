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

use super::{
    client::{End, FetchContext},
    clock::Tick,
    outage,
    progress::InputProgress,
};
use floorwalker_core::event::Timestamp;

/// The worker stands still while it asks.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Statistics may still be of the time before fetching was begun anew.
const ENDS_BEHIND: Duration = Duration::from_secs(2);

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
    /// No committed record follows, by the broker's last answer.
    pub(super) at_end: bool,
    /// When the partition's queue was last found empty.
    pub(super) drained_at: Option<Timestamp>,
    /// When fetching began from here; `None` before.
    fetched_since: Option<Tick>,
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

    /// Committed records between the position and the end; an upper bound, for markers count.
    pub(super) fn lag(self) -> u64 {
        if self.at_end {
            return 0;
        }
        u64::try_from(self.end.stable - self.position).unwrap_or(0)
    }

    /// Records that an open transaction hides; an upper bound, for markers count.
    pub(super) fn hidden(self) -> u64 {
        if self.end.stable < 0 {
            return 0;
        }
        u64::try_from(self.end.high - self.end.stable.max(self.position)).unwrap_or(0)
    }

    /// Every committed record was read, and none is on its way.
    pub(super) fn is_caught_up(self) -> bool {
        self.at_end && self.end.is_settled()
    }

    /// Takes note of where the partition ends. That the end was reached is also seen here: librdkafka does not repeat the event after an
    /// error.
    pub(super) fn note_end(&mut self, end: End, now: Tick) {
        self.end = end;
        let is_of_now = (self.fetched_since).is_some_and(|since| now.since(since) > ENDS_BEHIND);
        let is_drained = end.answers && end.drained && (0..=end.stable).contains(&self.position);
        self.at_end |= is_of_now && is_drained;
    }
}

impl Reading {
    /// How far it has been read, for whoever asks.
    pub(super) fn describe(&self) -> InputProgress {
        InputProgress {
            topic: self.topic.clone(),
            partition: self.partition,
            position: self.progress.position,
            lag: self.progress.lag(),
            hidden: self.progress.hidden(),
            caught_up: self.progress.is_caught_up(),
        }
    }

    /// Takes the partition's queue; nothing is fetched before [`start`].
    pub(super) fn new(
        fetch: &Fetch,
        topic: &str,
        partition: i32,
        from: Option<i64>,
        wake_tx: &Sender<()>,
    ) -> KafkaResult<Self> {
        let mut queue = fetch
            .split_partition_queue(topic, partition)
            .ok_or_else(|| KafkaError::Subscription(format!("{topic} [{partition}]")))?;
        // The queue outlives its readers: an error from when the partition was ours before is no news.
        while queue.poll(Duration::ZERO).is_some() {}
        let wake_tx = wake_tx.clone();
        queue.set_nonempty_callback(move || {
            wake_tx.try_send(()).ok();
        });
        Ok(Self {
            queue,
            topic: topic.to_owned(),
            partition,
            progress: ReadProgress {
                position: from.unwrap_or(-1),
                fetched_since: Some(Tick::now()),
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
        self.progress.drained_at = None;
        self.progress.fetched_since = Some(Tick::now());
        start(fetch, std::iter::once(&*self))
    }

    /// Asks the broker whether it no longer holds, or does not yet hold, the position. Returns the number of records that were
    /// removed before they were read, 0 if the topic ends before the position; `None` if it holds the position.
    pub(super) fn lost(&self, fetch: &Fetch) -> KafkaResult<Option<u64>> {
        let (low, high) = fetch.fetch_watermarks(&self.topic, self.partition, ANSWER_WITHIN)?;
        let position = self.progress.position;
        let gone = position > 0 && !(low..=high).contains(&position);
        Ok(gone.then(|| u64::try_from(low - position).unwrap_or(0)))
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
                outage::warn(
                    "read",
                    format_args!("read: `{topic}` [{partition}]: {error}"),
                );
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
