//! A broker that is away for a while is the same broker when it is back.

#![cfg(target_os = "linux")]

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig, ClientContext, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    mocking::{MockCluster, MockCoordinator},
};
use serde_json::Value;
// Brings along what takes the place of librdkafka's function.
use topic_ids as _;

const TOPIC: &str = "away";
const GROUP: &str = "group";
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
const ATTEMPT: Duration = Duration::from_secs(2);
const ATTEMPTS: u32 = 30;

/// Keeps the client's last statistics.
#[derive(Default)]
struct Statistics(Mutex<Vec<Vec<i64>>>);

impl ClientContext for Statistics {
    /// Notes the ids of the brokers that are listed, of which those that were configured have none.
    fn stats_raw(&self, statistics: &[u8]) {
        let statistics: Value = serde_json::from_slice(statistics).expect("JSON");
        let brokers = statistics["brokers"].as_object().expect("brokers").values();
        let ids = brokers.filter_map(|broker| broker["nodeid"].as_i64());
        let mut ids: Vec<i64> = ids.filter(|id| *id > 0).collect();
        ids.sort_unstable();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(ids);
    }
}

impl ConsumerContext for Statistics {}

fn consumer(brokers: &str) -> BaseConsumer<Statistics> {
    ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", GROUP)
        .set("statistics.interval.ms", "50")
        .set("reconnect.backoff.max.ms", "100")
        .create_with_context(Statistics::default())
        .expect("a client")
}

/// Returns the lists of brokers that came within a second.
fn listed(consumer: &BaseConsumer<Statistics>) -> Vec<Vec<i64>> {
    let context = consumer.context();
    context
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clear();
    for _ in 0..20 {
        consumer.poll(Duration::from_millis(50));
    }
    context
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn committed(consumer: &BaseConsumer<Statistics>) -> Offset {
    let mut list = TopicPartitionList::new();
    list.add_partition(TOPIC, 0);
    let found = consumer.committed_offsets(list, ANSWER_WITHIN);
    found.expect("an answer").elements()[0].offset()
}

/// Waits until the cluster's metadata have this many brokers.
///
/// A question that was already waiting for a broker when that went down waits on until it is back: hence more than one.
fn wait_for_metadata_of(brokers: usize, consumer: &BaseConsumer<Statistics>) {
    for _ in 0..ATTEMPTS {
        let metadata = consumer.fetch_metadata(None, ATTEMPT);
        if metadata.is_ok_and(|metadata| metadata.brokers().len() == brokers) {
            return;
        }
        consumer.poll(Duration::from_millis(50));
    }
    panic!("no metadata of {brokers} brokers in {ATTEMPTS} attempts of {ATTEMPT:?}");
}

#[test]
fn a_coordinator_that_was_away_answers_again() {
    let cluster = MockCluster::new(2).unwrap();
    cluster.create_topic(TOPIC, 1, 1).unwrap();
    let coordinator = MockCoordinator::Group(GROUP.to_owned());
    cluster.coordinator(coordinator, 1).unwrap();
    let consumer = consumer(&cluster.bootstrap_servers());
    wait_for_metadata_of(2, &consumer);
    assert_eq!(committed(&consumer), Offset::Invalid);
    let both = |lists: &[Vec<i64>]| !lists.is_empty() && lists.iter().all(|ids| *ids == [1, 2]);
    assert!(both(&listed(&consumer)));
    for _ in 0..5 {
        cluster.broker_down(1).unwrap();
        wait_for_metadata_of(1, &consumer);
        let lists = listed(&consumer);
        assert!(both(&lists), "{lists:?}");
        cluster.broker_up(1).unwrap();
        assert_eq!(committed(&consumer), Offset::Invalid);
        let lists = listed(&consumer);
        assert!(both(&lists), "{lists:?}");
    }
}
