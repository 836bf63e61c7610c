//! All that a reader with `read_committed` sees in a topic.

use std::{collections::BTreeSet, time::Duration};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    message::Headers as _,
};

use crate::broker::address;

/// A record as it lies in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

/// From the first record to the end as it is now; by partition in the order of offsets.
pub(crate) fn read_all(topic: &str) -> Vec<Seen> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address())
        .set("group.id", "unused")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let metadata = (consumer.fetch_metadata(Some(topic), Duration::from_secs(10))).unwrap();
    let partitions = metadata.topics()[0].partitions();
    let mut open: BTreeSet<i32> = partitions.iter().map(|partition| partition.id()).collect();
    let mut list = TopicPartitionList::new();
    for partition in &open {
        list.add_partition_offset(topic, *partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut all = Vec::new();
    while !open.is_empty() {
        match consumer.poll(Duration::from_secs(30)) {
            Some(Ok(record)) => {
                let headers = record.headers().map_or_else(Vec::new, |headers| {
                    let owned = |value: &[u8]| value.to_vec();
                    let headers = headers.iter();
                    headers
                        .map(|header| (header.key.to_owned(), header.value.map(owned)))
                        .collect()
                });
                all.push(Seen {
                    partition: record.partition(),
                    offset: record.offset(),
                    key: record.key().map(<[u8]>::to_vec),
                    payload: record.payload().map(<[u8]>::to_vec),
                    headers,
                });
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(open.remove(&partition)),
            Some(Err(error)) => panic!("{topic}: {error}"),
            None => panic!("{topic}: no end in sight"),
        }
    }
    all.sort_by_key(|seen| (seen.partition, seen.offset));
    all
}
