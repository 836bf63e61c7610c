//! How far a group has read.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaResult,
};

/// Returns how far the consumer's group has read each of these partitions of a topic. One of which nothing is known is left out.
pub(super) fn committed<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    within: Duration,
) -> KafkaResult<BTreeMap<i32, i64>> {
    let noted = committed_with_notes(consumer, topic, partitions, within)?.into_iter();
    let offsets = noted.map(|(partition, (offset, _))| (partition, offset));
    Ok(offsets.collect())
}

/// The same with the text that was committed beside each offset.
pub(super) fn committed_with_notes<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    within: Duration,
) -> KafkaResult<BTreeMap<i32, (i64, String)>> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition);
    }
    let found = consumer.committed_offsets(list, within)?;
    let elements = found.elements();
    let offsets = elements.iter().filter_map(|it| match it.offset() {
        Offset::Offset(offset) => Some((it.partition(), (offset, it.metadata().to_owned()))),
        Offset::Beginning
        | Offset::End
        | Offset::Stored
        | Offset::Invalid
        | Offset::OffsetTail(_) => None,
    });
    Ok(offsets.collect())
}
