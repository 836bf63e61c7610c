//! What librdkafka tells us outside of an answer: its log, rebalances, delivery reports and statistics.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext, Message as _, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
    message::DeliveryResult,
    producer::{NoCustomPartitioner, ProducerContext},
    types::{RDKafkaErrorCode, RDKafkaRespErr},
};
use serde::Deserialize;

use super::clock::Tick;

/// A lock whose holder panicked is taken all the same: what it guards is replaced whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Hands librdkafka's log lines to ours.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, line: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, "{line}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, "{line}"),
    }
}

/// The end of a partition comes this way too, and is no error.
pub(super) fn log_error(error: &KafkaError, reason: &str) {
    if error.rdkafka_error_code() != Some(RDKafkaErrorCode::PartitionEOF) {
        tracing::warn!(target: "librdkafka", "{error}: {reason}");
    }
}

/// What the group decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Assigned(Vec<i32>),
    /// Ours until we say that we gave them up.
    Revoked(Vec<i32>),
    /// Already somebody else's.
    Lost(Vec<i32>),
}

/// Keeps the group's decisions until the worker acts on them.
#[derive(Debug, Default)]
pub(super) struct MembershipContext {
    changes: Mutex<VecDeque<Change>>,
    /// Nobody will act any more: give up what is revoked at once.
    pub(super) closing: AtomicBool,
}

impl MembershipContext {
    pub(super) fn next(&self) -> Option<Change> {
        lock(&self.changes).pop_front()
    }
}

impl ClientContext for MembershipContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ConsumerContext for MembershipContext {
    /// Only notes it down: the group waits until the worker calls (un)assign.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let tasks = list
            .elements()
            .iter()
            .map(|task| task.partition())
            .collect();
        let change = if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            Change::Assigned(tasks)
        } else if consumer.assignment_lost() {
            Change::Lost(tasks)
        } else {
            Change::Revoked(tasks)
        };
        if self.closing.load(Ordering::Relaxed) {
            let closed = match change {
                Change::Assigned(_) => consumer.incremental_assign(&TopicPartitionList::new()),
                Change::Revoked(_) | Change::Lost(_) => consumer.incremental_unassign(list),
            };
            tracing::debug!(?closed, "left the group");
            return;
        }
        lock(&self.changes).push_back(change);
    }
}

/// Where a source or exchange partition ends, as of the last answers from the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct End {
    /// Behind the last committed record.
    pub(super) stable: i64,
    /// Behind the last record.
    pub(super) high: i64,
    /// Its broker answered a moment ago.
    pub(super) heard: bool,
}

impl End {
    /// Nothing lies behind the stable offset, and we would know.
    pub(super) fn is_settled(self) -> bool {
        self.heard && self.stable >= 0 && self.stable == self.high
    }
}

/// By topic and partition.
pub(super) type Ends = BTreeMap<(String, i32), End>;

/// The ends of the partitions that are read, from librdkafka's statistics.
#[derive(Debug, Default)]
pub(super) struct FetchContext {
    ends: Mutex<Option<(Tick, Ends)>>,
}

impl FetchContext {
    /// The ends, if they were told since `since`.
    pub(super) fn ends_since(&self, since: Option<Tick>) -> Option<(Tick, Ends)> {
        let ends = lock(&self.ends);
        ends.as_ref()
            .filter(|(at, _)| since.is_none_or(|since| *at > since))
            .cloned()
    }
}

impl ClientContext for FetchContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }

    fn stats_raw(&self, statistics: &[u8]) {
        match serde_json::from_slice::<Statistics>(statistics) {
            Ok(statistics) => *lock(&self.ends) = Some((Tick::now(), statistics.ends())),
            Err(error) => tracing::warn!("librdkafka's statistics can't be read: {error}"),
        }
    }
}

impl ConsumerContext for FetchContext {}

#[derive(Deserialize)]
struct Statistics {
    brokers: BTreeMap<String, BrokerStatistics>,
    topics: BTreeMap<String, TopicStatistics>,
}

#[derive(Deserialize)]
struct BrokerStatistics {
    nodeid: i32,
    state: String,
    /// Microseconds since its last answer.
    rxidle: i64,
}

#[derive(Deserialize)]
struct TopicStatistics {
    partitions: BTreeMap<i32, PartitionStatistics>,
}

#[derive(Deserialize)]
struct PartitionStatistics {
    leader: i32,
    hi_offset: i64,
    ls_offset: i64,
}

impl Statistics {
    /// Fetches come back each 50 ms; a broker that says nothing for this long may hold records that we don't know of.
    const SILENT: Duration = Duration::from_secs(1);

    fn ends(self) -> Ends {
        let silent_us = i64::try_from(Self::SILENT.as_micros()).unwrap_or(i64::MAX);
        let heard: Vec<i32> = self
            .brokers
            .values()
            .filter(|broker| broker.state == "UP" && broker.rxidle < silent_us)
            .map(|broker| broker.nodeid)
            .collect();
        let mut ends = BTreeMap::new();
        for (topic, statistics) in self.topics {
            for (partition, found) in statistics.partitions {
                let end = End {
                    stable: found.ls_offset,
                    high: found.hi_offset,
                    heard: heard.contains(&found.leader),
                };
                ends.insert((topic.clone(), partition), end);
            }
        }
        ends
    }
}

/// Delivery reports of the transaction that is open.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// The offset of each step's first state record, by the step's number in the transaction.
    firsts: Mutex<BTreeMap<usize, i64>>,
    failure: Mutex<Option<KafkaError>>,
}

impl Deliveries {
    pub(super) fn clear(&self) {
        lock(&self.firsts).clear();
        *lock(&self.failure) = None;
    }

    pub(super) fn failure(&self) -> Option<KafkaError> {
        lock(&self.failure).clone()
    }

    pub(super) fn first(&self, step: usize) -> Option<i64> {
        lock(&self.firsts).get(&step).copied()
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for Deliveries {
    /// 1 + the number of the step whose first state record this is; 0 for any other record.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, step: usize) {
        match result {
            Ok(record) => {
                if let Some(step) = step.checked_sub(1) {
                    lock(&self.firsts).insert(step, record.offset());
                }
            }
            Err((error, _)) => {
                lock(&self.failure).get_or_insert_with(|| error.clone());
            }
        }
    }
}
