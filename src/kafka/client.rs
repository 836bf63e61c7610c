//! What librdkafka hands over outside of an answer: its log, rebalances, delivery reports and statistics.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rdkafka::{
    ClientContext, Message as _, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{NoCustomPartitioner, ProducerContext},
    types::RDKafkaRespErr,
};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::{
    clock::Tick,
    lock::lock,
    outage::{self, log_error, log_line},
};

/// What the group decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Assigned(Vec<i32>),
    /// Ours until we give them up.
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

    fn stats_raw(&self, statistics: &[u8]) {
        note_answers(statistics);
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
    pub(super) answers: bool,
    /// Everything up to `stable` had been fetched, and nothing fetched waited in the client.
    pub(super) drained: bool,
}

impl End {
    /// Nothing lies behind the stable offset, and we would know.
    pub(super) fn is_settled(self) -> bool {
        self.answers && self.stable >= 0 && self.stable == self.high
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
    /// Returns the ends, if newer ones have come since `since`.
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
        note_answers(statistics);
        match serde_json::from_slice::<Statistics>(statistics) {
            Ok(statistics) => *lock(&self.ends) = Some((Tick::now(), statistics.ends())),
            Err(error) => tracing::warn!("librdkafka's statistics can't be read: {error}"),
        }
    }
}

impl ConsumerContext for FetchContext {}

/// Takes note of when a broker last answered this client.
fn note_answers(statistics: &[u8]) {
    #[derive(Deserialize)]
    struct Answers {
        brokers: Brokers,
    }
    if let Ok(found) = serde_json::from_slice::<Answers>(statistics) {
        let up = found.brokers.0.iter().filter(|it| it.state == "UP");
        let idle_us = up.filter_map(|it| u64::try_from(it.rxidle).ok()).min();
        outage::note_last_answer(idle_us.map(Duration::from_micros));
    }
}

#[derive(Deserialize)]
struct Statistics {
    brokers: Brokers,
    topics: BTreeMap<String, TopicStatistics>,
}

/// All brokers of an object by name. One that was away may be in it twice under the same name, as it was and as it is.
struct Brokers(Vec<BrokerStatistics>);

impl<'de> Deserialize<'de> for Brokers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BrokersVisitor)
    }
}

struct BrokersVisitor;

impl<'de> Visitor<'de> for BrokersVisitor {
    type Value = Brokers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of brokers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Brokers, A::Error> {
        let mut brokers = Vec::new();
        while let Some((IgnoredAny, broker)) = map.next_entry()? {
            brokers.push(broker);
        }
        Ok(Brokers(brokers))
    }
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
    /// The next offset to fetch.
    next_offset: i64,
    /// Records that were fetched and not polled yet.
    fetchq_cnt: u64,
}

impl Statistics {
    /// Fetches come back each 50 ms; a broker that is silent for this long may hold records that we don't know of.
    const SILENT: Duration = Duration::from_secs(1);

    fn ends(self) -> Ends {
        let silent_us = i64::try_from(Self::SILENT.as_micros()).unwrap_or(i64::MAX);
        let answering: Vec<i32> = self
            .brokers
            .0
            .iter()
            .filter(|broker| broker.state == "UP" && broker.rxidle < silent_us)
            .map(|broker| broker.nodeid)
            .collect();
        let mut ends = BTreeMap::new();
        for (topic, statistics) in self.topics {
            for (partition, found) in statistics.partitions {
                let end = End {
                    stable: found.ls_offset,
                    high: found.hi_offset,
                    answers: answering.contains(&found.leader),
                    drained: found.fetchq_cnt == 0 && found.next_offset >= found.ls_offset,
                };
                ends.insert((topic.clone(), partition), end);
            }
        }
        ends
    }
}

/// A record that was not written, and why.
#[derive(Debug, Clone)]
pub(super) struct Refused {
    pub(super) error: KafkaError,
    pub(super) topic: String,
    pub(super) bytes: usize,
}

impl Refused {
    /// Returns whether the record was dropped because of another one.
    pub(super) fn is_consequence(&self) -> bool {
        matches!(
            self.error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight)
        )
    }
}

/// Delivery reports of the transaction that is open.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    /// The offset of each step's first state record, by the step's number in the transaction.
    firsts: Mutex<BTreeMap<usize, i64>>,
    failure: Mutex<Option<Refused>>,
}

impl Deliveries {
    pub(super) fn clear(&self) {
        lock(&self.firsts).clear();
        *lock(&self.failure) = None;
    }

    pub(super) fn failure(&self) -> Option<Refused> {
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
            Err((error, record)) => {
                let mut failure = lock(&self.failure);
                if failure.as_ref().is_none_or(Refused::is_consequence) {
                    *failure = Some(Refused {
                        error: error.clone(),
                        topic: record.topic().to_owned(),
                        bytes: record.payload_len() + record.key_len(),
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_listed_twice_answers_if_it_is_up_once() {
        let broker =
            |state, idle| format!(r#""b:9092/1":{{"nodeid":1,"state":"{state}","rxidle":{idle}}}"#);
        let (now, before) = (broker("UP", 59_055), broker("INIT", -1));
        let is_settled = |brokers: &[&str]| {
            let text = format!(
                r#"{{"brokers":{{{}}},"topics":{{"t":{{"partitions":{{"0":{{"leader":1,"hi_offset":7,"ls_offset":7,"next_offset":7,"fetchq_cnt":0}}}}}}}}}}"#,
                brokers.join(",")
            );
            let statistics: Statistics = serde_json::from_str(&text).unwrap();
            statistics.ends()[&("t".to_owned(), 0)].is_settled()
        };
        assert!(is_settled(&[&now, &before]));
        assert!(is_settled(&[&before, &now]));
        assert!(!is_settled(&[&before]));
        assert!(!is_settled(&[]));
    }
}
