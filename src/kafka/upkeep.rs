//! Looks after the deployment besides the workers: removes what no restore will read, watches for new source partitions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
};

use super::{batch::Names, clock::Tick, parked::Parked, settings::KafkaSettings, topics};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often removals are sent; whole segments go, so sooner brings nothing.
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
const STOP_POLL: Duration = Duration::from_millis(100);

/// How far a task's state log may be trimmed: one whole turn behind where a restore begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TrimPoint {
    /// Where the log ended, and where a restore began, a turn ago.
    mark: Option<(i64, i64)>,
    /// What lies before this offset may go.
    pub(super) before: i64,
}

impl TrimPoint {
    /// A step whose restore begins at `from` was committed at `end`.
    pub(super) fn advance(&mut self, from: Option<i64>, end: i64) {
        let Some(from) = from else { return };
        match self.mark {
            None => self.mark = Some((end, from)),
            Some((turned_at, turn_from)) if from >= turned_at => {
                self.before = turn_from;
                self.mark = Some((end, from));
            }
            Some(_) => {}
        }
    }
}

/// What may be removed: a partition, and the first offset to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trim {
    pub(super) topic: topics::Topic,
    pub(super) partition: i32,
    pub(super) before: i64,
}

/// How many partitions each source has.
#[derive(Debug)]
pub(super) struct SourcePartitions(Vec<AtomicI32>);

impl SourcePartitions {
    pub(super) fn new(sources: usize) -> Self {
        Self((0..sources).map(|_| AtomicI32::new(0)).collect())
    }

    pub(super) fn counts(&self) -> Vec<i32> {
        self.0
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }
}

pub(super) struct Upkeep {
    pub(super) kafka: KafkaSettings,
    pub(super) names: Arc<Names>,
    pub(super) sources: Vec<String>,
    pub(super) partitions: Arc<SourcePartitions>,
    pub(super) parked: Arc<Parked>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Upkeep {
    /// Until the process stops.
    pub(super) fn run(&self, trims: &Receiver<Trim>) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.kafka.client("upkeep").create()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mut wanted: BTreeMap<(topics::Topic, i32), i64> = BTreeMap::new();
        let (mut trimmed_at, mut asked_at) = (Tick::now(), Tick::now());
        while !self.stop.load(Ordering::Relaxed) {
            match trims.recv_timeout(STOP_POLL) {
                Ok(trim) => {
                    wanted.insert((trim.topic, trim.partition), trim.before);
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Tick::now();
            if now.since(trimmed_at) > TRIM_INTERVAL {
                trimmed_at = now;
                self.parked.forget_old();
                self.trim(&admin, &runtime, std::mem::take(&mut wanted));
            }
            if now.since(asked_at) > self.kafka.metadata_interval {
                asked_at = now;
                if let Err(error) = self.ask_partitions(&admin) {
                    tracing::warn!("partitions of the sources: {error:#}");
                }
            }
        }
        Ok(())
    }

    pub(super) fn ask_partitions(
        &self,
        admin: &AdminClient<DefaultClientContext>,
    ) -> anyhow::Result<()> {
        for (source, topic) in self.sources.iter().enumerate() {
            let metadata = admin
                .inner()
                .fetch_metadata(Some(topic), ANSWER_WITHIN)
                .with_context(|| format!("no answer from Kafka at {}", self.kafka.brokers))?;
            let count = i32::try_from(topics::partitions(&metadata, topic)).unwrap_or(i32::MAX);
            // Never fewer: an answer may come from a broker that just starts.
            self.partitions.0[source].fetch_max(count, Ordering::Relaxed);
        }
        Ok(())
    }

    fn trim(
        &self,
        admin: &AdminClient<DefaultClientContext>,
        runtime: &tokio::runtime::Runtime,
        wanted: BTreeMap<(topics::Topic, i32), i64>,
    ) {
        if wanted.is_empty() || !self.kafka.broker.has_admin_calls() {
            return;
        }
        let mut list = TopicPartitionList::new();
        for ((topic, partition), before) in wanted {
            let name = self.names.of(topic);
            let added = list.add_partition_offset(name, partition, Offset::Offset(before));
            tracing::trace!(name, partition, before, ?added, "trim");
        }
        let options = AdminOptions::new().operation_timeout(Some(ANSWER_WITHIN));
        if let Err(error) = runtime.block_on(admin.delete_records(&list, &options)) {
            tracing::warn!("old records could not be removed, tries again later: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TrimPoint;

    #[test]
    fn one_whole_turn_is_kept_behind_where_a_restore_begins() {
        let mut point = TrimPoint::default();
        point.advance(None, 5);
        point.advance(Some(0), 10);
        point.advance(Some(9), 20);
        assert_eq!(point.before, 0);
        point.advance(Some(12), 30);
        assert_eq!(point.before, 0, "the mark was at 0");
        point.advance(Some(30), 40);
        assert_eq!(point.before, 12);
    }
}
