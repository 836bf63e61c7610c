//! Follows topics of ours from their first record on, as any reader of them may: outside the group, committed records only.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use crossbeam_channel::bounded;
use rdkafka::{Message as _, consumer::BaseConsumer};

use super::{
    client::FetchContext,
    clock::Tick,
    outage,
    reading::{self, Fetch, Polled, Reading},
    settings::KafkaSettings,
    stop::Stop,
    topic::Topic,
};
use floorwalker_core::event::Timestamp;

/// How often time passes for whoever listens.
const TICK: Duration = Duration::from_secs(1);
/// How long a partition may keep the others waiting.
const RECORDS_A_TURN: usize = 1_000;
/// Lines of its log that a client hands on at a time.
const LOG_LINES: usize = 16;
/// How soon it is noticed that the process is to stop.
const STOP_POLL: Duration = Duration::from_millis(100);

/// What happens on the topics.
#[derive(Debug)]
pub enum FollowEvent<'a> {
    Record(FollowedRecord<'a>),
    /// Every partition was read to its end once. Comes once.
    CaughtUp,
    /// A second has passed.
    Tick,
}

/// A record of one of the topics.
#[derive(Debug, Clone, Copy)]
pub struct FollowedRecord<'a> {
    pub topic: Topic,
    pub partition: i32,
    /// In its partition.
    pub offset: i64,
    pub key: &'a [u8],
    /// `None`: what the key names is gone.
    pub payload: Option<&'a [u8]>,
    /// When it was written, by its writer's clock.
    pub written_at: Timestamp,
}

struct Followed {
    topic: Topic,
    reading: Reading,
    /// Was read to its end once.
    reached: bool,
}

/// Calls `handle` with all that the topics hold and all that comes, until it is to stop. Lost connections come back by themselves.
///
/// # Errors
/// When a property is not one of librdkafka's.
pub fn follow(
    kafka: &KafkaSettings,
    tasks: u16,
    topics: &[Topic],
    stop: &Stop,
    mut handle: impl FnMut(FollowEvent<'_>),
) -> anyhow::Result<()> {
    let fetch: BaseConsumer<FetchContext> = kafka
        .follow()
        .create_with_context(FetchContext::default())
        .context("Kafka consumer of the read side")?;
    let fetch = Arc::new(fetch);
    let (wake_tx, wake_rx) = bounded(1);
    let mut followed = Vec::new();
    for topic in topics {
        let name = topic.name(&kafka.prefix);
        for partition in 0..i32::from(tasks) {
            followed.push(Followed {
                topic: *topic,
                reading: Reading::new(&fetch, &name, partition, None, &wake_tx)?,
                reached: false,
            });
        }
    }
    let mut started = 0;
    let mut behind = true;
    let mut released = false;
    let mut ticked_at = Tick::now();
    while !stop.is_requested() {
        started += start_some(&fetch, &followed, started)?;
        let read = read_all(&fetch, &mut followed[..started], &mut handle)?;
        if behind && followed.iter().all(|it| it.reached) {
            behind = false;
            handle(FollowEvent::CaughtUp);
        }
        if Tick::now().since(ticked_at) >= TICK {
            ticked_at = Tick::now();
            handle(FollowEvent::Tick);
            if !behind && !released {
                // Reading back takes far more buffers than reading on.
                released = true;
                topic_ids::release_memory();
            }
        }
        if read == 0 {
            poll_errors(&fetch);
            wake_rx.recv_timeout(STOP_POLL).ok();
        }
    }
    Ok(())
}

/// Begins with further partitions while few of those before are being read back. Returns how many.
fn start_some(fetch: &Fetch, followed: &[Followed], started: usize) -> anyhow::Result<usize> {
    let (begun, waiting) = followed.split_at(started);
    let behind = begun.iter().filter(|it| !it.reached).count();
    let count = waiting
        .len()
        .min(KafkaSettings::BEHIND_MAX.saturating_sub(behind));
    if count > 0 {
        reading::start(fetch, waiting[..count].iter().map(|it| &it.reading))?;
    }
    Ok(count)
}

/// Records come by their own queues.
fn poll_errors(fetch: &Fetch) {
    for _ in 0..LOG_LINES {
        if let Some(Err(error)) = fetch.poll(Duration::ZERO) {
            outage::warn_of_poll("read side", &error);
        }
    }
}

fn read_all(
    fetch: &Fetch,
    followed: &mut [Followed],
    handle: &mut impl FnMut(FollowEvent<'_>),
) -> anyhow::Result<usize> {
    let mut read = 0;
    for it in followed {
        read += read_some(fetch, it, handle)?;
    }
    Ok(read)
}

fn read_some(
    fetch: &Fetch,
    followed: &mut Followed,
    handle: &mut impl FnMut(FollowEvent<'_>),
) -> anyhow::Result<usize> {
    for read in 0..RECORDS_A_TURN {
        match Reading::poll(&mut followed.reading) {
            Polled::Record(record) => handle(FollowEvent::Record(FollowedRecord {
                topic: followed.topic,
                partition: record.partition(),
                offset: record.offset(),
                key: record.key().unwrap_or_default(),
                payload: record.payload(),
                written_at: Timestamp::from_millis(record.timestamp().to_millis().unwrap_or(0)),
            })),
            Polled::End => followed.reached = true,
            // Retention took it: what is left begins later.
            Polled::Gone => followed.reading.restart(fetch, true)?,
            Polled::Nothing => return Ok(read),
        }
    }
    Ok(RECORDS_A_TURN)
}
