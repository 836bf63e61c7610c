//! Whether the group is a user's to read: librdkafka reports it of the client, and lets the question itself run out of time.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use rdkafka::{
    ClientContext, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
    types::RDKafkaErrorCode,
};

use super::{settings::KafkaSettings, topic::Topic};

const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// A poll returns one event of a client.
const POLLS: usize = 64;

pub(super) fn is_group_denied(kafka: &KafkaSettings) -> anyhow::Result<bool> {
    let reader: BaseConsumer<GroupContext> = (kafka.reader("check"))
        .create_with_context(GroupContext::default())
        .context("Kafka consumer of the group")?;
    let mut list = TopicPartitionList::new();
    list.add_partition(&Topic::Tasks.name(&kafka.prefix), 0);
    let asked = reader.committed_offsets(list, ANSWER_WITHIN);
    let code = asked.err().and_then(|error| error.rdkafka_error_code());
    for _ in 0..POLLS {
        reader.poll(Duration::from_millis(1));
    }
    let denied = reader.context().denied.load(Ordering::Relaxed);
    Ok(denied || code == Some(RDKafkaErrorCode::GroupAuthorizationFailed))
}

#[derive(Debug, Default)]
struct GroupContext {
    denied: AtomicBool,
}

impl ClientContext for GroupContext {
    fn error(&self, error: KafkaError, _reason: &str) {
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::GroupAuthorizationFailed) {
            self.denied.store(true, Ordering::Relaxed);
        }
    }
}

impl ConsumerContext for GroupContext {}
