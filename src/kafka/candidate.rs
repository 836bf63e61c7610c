//! Which one of several processes acts: the one to which a group of consumers gives partition 0 of `tasks`. The others stand by.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerGroupMetadata};

use super::{
    client::FetchContext, committed::committed, outage, settings::KafkaSettings, topic::Topic,
};

/// How long one look at the membership takes.
const LOOK: Duration = Duration::from_millis(100);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// A process that acts if the group has it do so. Its members leave when they end, so that another goes on at once.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Candidate {
    consumer: BaseConsumer<FetchContext>,
    tasks: String,
}

impl Candidate {
    /// Joins the group `PREFIX-ROLE`.
    ///
    /// # Errors
    /// When a property is not one of librdkafka's.
    pub fn join(kafka: &KafkaSettings, role: &str) -> anyhow::Result<Self> {
        let mut config = kafka.client(&format!("{role}-member"));
        config
            .set("group.id", format!("{}-{role}", kafka.prefix))
            .set("group.protocol", "classic")
            // Whoever joins takes nothing from the others while the group decides.
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set(
                "session.timeout.ms",
                kafka.session_timeout.as_millis().to_string(),
            )
            .set("heartbeat.interval.ms", "500")
            .set("max.poll.interval.ms", "30000")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("isolation.level", "read_committed");
        let consumer: BaseConsumer<FetchContext> = config
            .create_with_context(FetchContext::default())
            .with_context(|| format!("Kafka consumer of the group {}-{role}", kafka.prefix))?;
        let tasks = Topic::Tasks.name(&kafka.prefix);
        consumer.subscribe(&[&tasks])?;
        Ok(Self { consumer, tasks })
    }

    /// Looks after the membership, and returns whether this process is to act. Call it several times a second.
    #[must_use]
    pub fn acts(&self) -> bool {
        if let Some(Err(error)) = self.consumer.poll(LOOK) {
            outage::warn_of_poll("group", &error);
        }
        let assigned = self.consumer.assignment();
        assigned.is_ok_and(|it| it.find_partition(&self.tasks, 0).is_some())
    }

    pub(super) fn metadata(&self) -> Option<ConsumerGroupMetadata> {
        self.consumer.group_metadata()
    }

    /// Returns how far the group has read each partition of a topic. A partition of which nothing is known is left out.
    ///
    /// # Errors
    /// When Kafka does not answer.
    pub fn committed(&self, topic: &str, partitions: u16) -> anyhow::Result<BTreeMap<i32, i64>> {
        let partitions = 0..i32::from(partitions);
        Ok(committed(&self.consumer, topic, partitions, ANSWER_WITHIN)?)
    }
}
