//! Looks after the deployment besides the workers: removes what no restore will read, watches for new source partitions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
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

use topic_ids::TopicId;

use super::{
    batch::Names,
    clock::Tick,
    lock::lock,
    outage,
    parked::Parked,
    progress::Progress,
    settings::KafkaSettings,
    topic::Topic,
    topics::{self, Finding},
};

const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How often removals are sent; whole segments go, so sooner brings nothing.
const TRIM_INTERVAL: Duration = Duration::from_secs(10);
/// How soon the topics of the sources are asked for when one of them seems to have changed.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often topics that are missing are looked for.
const MISSING_INTERVAL: Duration = Duration::from_secs(2);
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
    pub(super) topic: Topic,
    pub(super) partition: i32,
    pub(super) before: i64,
}

/// How many partitions each source has, and which topic it is.
#[derive(Debug)]
pub(super) struct SourceTopics {
    counts: Vec<AtomicI32>,
    ids: Mutex<Vec<Option<TopicId>>>,
    /// Somebody has reason to think that they have changed.
    doubted: AtomicBool,
}

impl SourceTopics {
    pub(super) fn new(sources: usize) -> Self {
        Self {
            counts: (0..sources).map(|_| AtomicI32::new(0)).collect(),
            ids: Mutex::new(vec![None; sources]),
            doubted: AtomicBool::new(false),
        }
    }

    pub(super) fn counts(&self) -> Vec<i32> {
        self.counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }

    /// Returns the id of a source's topic, unless the broker has none.
    pub(super) fn id(&self, source: u16) -> Option<TopicId> {
        lock(&self.ids).get(usize::from(source)).copied().flatten()
    }

    pub(super) fn ids(&self) -> Vec<Option<TopicId>> {
        lock(&self.ids).clone()
    }

    /// Has the broker asked soon, not only at the next interval.
    pub(super) fn ask_again(&self) {
        self.doubted.store(true, Ordering::Relaxed);
    }
}

pub(super) struct Upkeep {
    pub(super) kafka: KafkaSettings,
    pub(super) names: Arc<Names>,
    pub(super) sources: Vec<String>,
    pub(super) topics: Arc<SourceTopics>,
    pub(super) parked: Arc<Parked>,
    pub(super) progress: Arc<Progress>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Upkeep {
    /// Looks after the topics until the process stops.
    pub(super) fn run(&self, trims: &Receiver<Trim>) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.kafka.client("upkeep").create()?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mut wanted: BTreeMap<(Topic, i32), i64> = BTreeMap::new();
        let (mut trimmed_at, mut asked_at) = (Tick::now(), Tick::now());
        let mut whole = false;
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
            let doubted = self.topics.doubted.load(Ordering::Relaxed);
            let every = match (doubted, whole) {
                (true, _) => ASK_AGAIN_AFTER,
                (false, true) => self.kafka.metadata_interval,
                (false, false) => MISSING_INTERVAL.min(self.kafka.metadata_interval),
            };
            if now.since(asked_at) > every {
                asked_at = now;
                self.topics.doubted.store(false, Ordering::Relaxed);
                match self.ask(&admin) {
                    Ok(found) => whole = found,
                    Err(error) => outage::warn("topics", format_args!("topics: {error:#}")),
                }
            }
        }
        Ok(())
    }

    /// Learns which topics the sources are, and how many partitions they have.
    pub(super) fn look(&self) -> anyhow::Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.kafka.client("start").create()?;
        self.ask(&admin)?;
        Ok(())
    }

    /// Returns whether all topics are there; logs which are not.
    fn ask(&self, admin: &AdminClient<DefaultClientContext>) -> anyhow::Result<bool> {
        if self.kafka.broker.has_admin_calls() {
            self.ask_ids(admin)?;
        }
        let mut missing = Vec::new();
        for (source, topic) in self.sources.iter().enumerate() {
            let count = self.count(admin, topic)?;
            if count == 0 {
                let topic = topic.clone();
                missing.push(Finding::SourceMissing { topic });
            }
            // Never fewer: an answer may come from a broker that just starts.
            self.topics.counts[source].fetch_max(count, Ordering::Relaxed);
        }
        for topic in Topic::ALL {
            let topic = self.names.of(topic).to_owned();
            if self.count(admin, &topic)? == 0 {
                missing.push(Finding::Missing { topic });
            }
        }
        for finding in &missing {
            let line = finding.to_string();
            outage::warn(&line, format_args!("{line}"));
        }
        let sentences: Vec<_> = missing.iter().map(ToString::to_string).collect();
        let hindrance = (!sentences.is_empty()).then(|| sentences.join("; "));
        self.progress.hinder("topics", hindrance);
        Ok(missing.is_empty())
    }

    fn ask_ids(&self, admin: &AdminClient<DefaultClientContext>) -> anyhow::Result<()> {
        let names: Vec<&str> = self.sources.iter().map(String::as_str).collect();
        let found = topic_ids::topic_ids(admin.inner(), &names, ANSWER_WITHIN)
            .with_context(|| format!("no answer from Kafka at {}", self.kafka.brokers))?;
        for (known, topic) in lock(&self.topics.ids).iter_mut().zip(&self.sources) {
            // A topic that is gone keeps its id: it may be back, or another be there, when it is asked for again.
            if let Some(id) = found.get(topic) {
                *known = Some(*id);
            }
        }
        Ok(())
    }

    fn count(&self, admin: &AdminClient<DefaultClientContext>, topic: &str) -> anyhow::Result<i32> {
        let metadata = (admin.inner())
            .fetch_metadata(Some(topic), ANSWER_WITHIN)
            .with_context(|| format!("no answer from Kafka at {}", self.kafka.brokers))?;
        Ok(i32::try_from(topics::partitions(&metadata, topic)).unwrap_or(i32::MAX))
    }

    fn trim(
        &self,
        admin: &AdminClient<DefaultClientContext>,
        runtime: &tokio::runtime::Runtime,
        wanted: BTreeMap<(Topic, i32), i64>,
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
            outage::warn(
                "trim",
                format_args!("old records could not be removed, tries again later: {error}"),
            );
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
