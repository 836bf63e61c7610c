//! A broker that names no leader for its partitions leads nobody astray.

#![cfg(target_os = "linux")]

use std::{
    collections::BTreeSet,
    ffi::CString,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rdkafka::{
    ClientConfig, ClientContext, Message as _, Offset, TopicPartitionList,
    bindings::{rd_kafka_handle_mock_cluster, rd_kafka_mock_partition_push_leader_response},
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    producer::{BaseProducer, BaseRecord, Producer as _},
    types::RDKafkaRespErr,
};
// Brings along what takes the place of librdkafka's function.
use topic_ids as _;

const TOPIC: &str = "hints";
const PARTITIONS: i32 = 16;

/// Keeps what librdkafka logs.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ClientContext for Log {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("{facility}: {line}"));
    }
}

impl ConsumerContext for Log {}

/// One record to each partition.
fn produce(host: &BaseProducer) {
    for partition in 0..PARTITIONS {
        let record = BaseRecord::<(), _>::to(TOPIC)
            .partition(partition)
            .payload("record");
        assert!(host.send(record).is_ok());
    }
    host.flush(Duration::from_secs(60)).expect("delivery");
}

fn consumer(brokers: &str) -> BaseConsumer<Log> {
    let consumer: BaseConsumer<Log> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "50")
        .set_log_level(RDKafkaLogLevel::Warning)
        .create_with_context(Log::default())
        .expect("a client");
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(TOPIC, partition, Offset::Beginning)
            .expect("an offset");
    }
    consumer.assign(&list).expect("an assignment");
    consumer
}

/// Reads until a record of each partition has come.
fn read_each(consumer: &BaseConsumer<Log>) {
    let mut received = BTreeSet::new();
    for _ in 0..600 {
        if let Some(Ok(record)) = consumer.poll(Duration::from_millis(100)) {
            received.insert(record.partition());
        }
        if received.len() == PARTITIONS.unsigned_abs() as usize {
            return;
        }
    }
    panic!(
        "only {received:?} within a minute: {:?}",
        consumer.context().lines()
    );
}

/// Makes the next hint of a partition's leader name none, at an epoch older than the known one.
fn hint_at_nobody(host: &BaseProducer, partition: i32) {
    let topic = CString::new(TOPIC).expect("no 0");
    // SAFETY: the client lives, and has a cluster of its own.
    let cluster = unsafe { rd_kafka_handle_mock_cluster(host.client().native_ptr()) };
    // SAFETY: the cluster lives as long as the client; the name ends with 0 and is copied.
    let pushed = unsafe {
        rd_kafka_mock_partition_push_leader_response(cluster, topic.as_ptr(), partition, -1, 0)
    };
    assert_eq!(pushed, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
}

#[test]
fn hints_that_nobody_leads_are_not_acted_on() {
    let host: BaseProducer = ClientConfig::new()
        .set("test.mock.num.brokers", "2")
        .create()
        .unwrap();
    let cluster = host.client().mock_cluster().unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    let lead = |broker| {
        (0..PARTITIONS).for_each(|partition| {
            (cluster.partition_leader(TOPIC, partition, Some(broker))).unwrap();
        });
    };
    lead(1);
    produce(&host);
    let consumer = consumer(&cluster.bootstrap_servers());
    read_each(&consumer);
    (0..PARTITIONS).for_each(|partition| hint_at_nobody(&host, partition));
    lead(2);
    // Whoever is refused first is given the hint.
    for _ in 0..10 {
        let early = consumer.poll(Duration::from_millis(100));
        assert!(early.is_none_or(|early| early.is_err()));
    }
    produce(&host);
    read_each(&consumer);
    let lines = consumer.context().lines();
    let misled = lines.iter().filter(|line| line.contains("METADATAUPDATE"));
    assert_eq!(misled.count(), 0, "{lines:?}");
}
