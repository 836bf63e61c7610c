//! Reads the output topics of a deployment.

use std::{collections::BTreeMap, time::Duration};

use floorwalker::kafka::topics::Topic;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use serde_json::Value;

use crate::{
    broker::address,
    deployment::now,
    outcome::{comparable, differences},
    process::TASKS,
};

/// Reads records as a reader with `read_committed` does.
pub(crate) struct Reader {
    pub(crate) consumer: BaseConsumer,
    pub(crate) latest: BTreeMap<String, Value>,
}

impl Reader {
    pub(crate) fn new(prefix: &str, topic: Topic) -> Self {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", address())
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("isolation.level", "read_committed")
            .create()
            .expect("consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..i32::from(TASKS) {
            list.add_partition_offset(&topic.name(prefix), partition, Offset::Beginning)
                .expect("an offset");
        }
        consumer.assign(&list).expect("an assignment");
        Self {
            consumer,
            latest: BTreeMap::new(),
        }
    }

    /// True if the records become those expected. A slow machine has the time it needs, as long as something comes.
    pub(crate) fn read_until(
        &mut self,
        expected: &BTreeMap<String, Value>,
        silence_max: Duration,
    ) -> bool {
        let began_at = now();
        let mut received_at = began_at;
        while now().duration_since(received_at) < silence_max
            && now().duration_since(began_at) < 5 * silence_max
        {
            match self.consumer.poll(Duration::from_millis(50)) {
                Some(Ok(record)) => {
                    received_at = now();
                    let key =
                        String::from_utf8_lossy(record.key().unwrap_or_default()).into_owned();
                    let value = serde_json::from_slice(record.payload().unwrap_or_default());
                    self.latest.insert(key, comparable(value.expect("JSON")));
                }
                // Of an outage, which is over or passes.
                Some(Err(error)) if is_outage(&error) => {}
                Some(Err(error)) => panic!("{error}"),
                None if differences("kpis", &self.latest, expected).is_empty() => return true,
                None => {}
            }
        }
        differences("kpis", &self.latest, expected).is_empty()
    }
}

fn is_outage(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    let passing = [
        AllBrokersDown,
        BrokerTransportFailure,
        OperationTimedOut,
        Resolve,
    ];
    let code = error.rdkafka_error_code();
    code.is_some_and(|code| passing.contains(&code))
}
