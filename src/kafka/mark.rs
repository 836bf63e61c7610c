//! offset(`tasks`, p): the last committed step of a task, and what a takeover has to know of it.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{
    TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
};

use floorwalker_core::engine::TaskId;

/// A commit under way is done long before.
const MARKS_WITHIN: Duration = Duration::from_secs(1);

/// The content of offset(`tasks`, p).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mark {
    /// The last committed step; 0 before the first.
    pub(super) seq: u64,
    /// Where a restore begins; `None`: at the first record.
    pub(super) restore_from: Option<i64>,
    /// The writer that committed it: the beginning of its transactional ids.
    pub(super) writer: String,
}

/// The marks of these tasks. A reader of committed records waits while one is pending.
pub(super) fn marks<C: ConsumerContext>(
    reader: &BaseConsumer<C>,
    topic: &str,
    tasks: &[TaskId],
) -> Result<BTreeMap<TaskId, Mark>, KafkaError> {
    let mut list = TopicPartitionList::new();
    for task in tasks {
        list.add_partition(topic, i32::from(task.0));
    }
    let found = reader.committed_offsets(list, MARKS_WITHIN)?;
    let mut marks = BTreeMap::new();
    for element in found.elements() {
        element.error()?;
        let task = TaskId(u16::try_from(element.partition()).unwrap_or(u16::MAX));
        let seq = element
            .offset()
            .to_raw()
            .and_then(|seq| u64::try_from(seq).ok());
        let (restore_from, writer) = element.metadata().split_once(' ').unwrap_or_default();
        let mark = Mark {
            seq: seq.unwrap_or(0),
            restore_from: restore_from.parse().ok(),
            writer: writer.to_owned(),
        };
        marks.insert(task, mark);
    }
    Ok(marks)
}
