//! What one transaction carries: the records and offsets of whole steps.

use std::collections::{BTreeMap, BTreeSet};

use rdkafka::{Offset, TopicPartitionList, error::KafkaResult};

use super::{settings::RECORD_BYTES_MAX, topic::Topic};
use floorwalker_core::engine::{Settings, Step, TaskId};

/// A transaction costs about 0.6 ms a partition; with 24, twelve busy tasks took three turns, and alerts p99 120 ms instead of 114.
pub(super) const PARTITIONS_MAX: usize = 40;

/// Sections for one destination are joined up to this size: a record must stay below what the broker takes.
const JOINED_BYTES_MAX: usize = RECORD_BYTES_MAX / 2;

/// The topics' full names, made once.
#[derive(Debug, Clone)]
pub(super) struct Names {
    by_topic: BTreeMap<Topic, String>,
    sources: Vec<String>,
}

impl Names {
    pub(super) fn new(prefix: &str, settings: &Settings) -> Self {
        let named = |topic: Topic| (topic, topic.name(prefix));
        Self {
            by_topic: Topic::ALL.into_iter().map(named).collect(),
            sources: settings
                .sources
                .iter()
                .map(|source| source.topic.clone())
                .collect(),
        }
    }

    pub(super) fn of(&self, topic: Topic) -> &str {
        self.by_topic.get(&topic).map_or("", String::as_str)
    }

    pub(super) fn source(&self, source: u16) -> &str {
        self.sources
            .get(usize::from(source))
            .map_or("", String::as_str)
    }
}

/// The partitions that a transaction with these steps would write.
#[derive(Debug, Default)]
pub(super) struct Footprint(BTreeSet<(Topic, TaskId)>);

impl Footprint {
    /// Takes the step in if it fits; the first always does.
    pub(super) fn admit(&mut self, step: &Step) -> bool {
        let mut with = self.0.clone();
        with.insert((Topic::State, step.task));
        with.extend(step.sections.iter().map(|(to, _)| (Topic::Exchange, *to)));
        with.extend(
            step.outputs
                .iter()
                .map(|output| (Topic::from(output.topic), step.task)),
        );
        let fits = self.0.is_empty() || with.len() <= PARTITIONS_MAX;
        if fits {
            self.0 = with;
        }
        fits
    }
}

/// One exchange record for each destination; more only where one would grow too large.
pub(super) fn join_sections(steps: &[Step]) -> Vec<(TaskId, Vec<u8>)> {
    let mut open: BTreeMap<TaskId, Vec<u8>> = BTreeMap::new();
    let mut full = Vec::new();
    for (to, section) in steps.iter().flat_map(|step| &step.sections) {
        let record = open.entry(*to).or_default();
        if !record.is_empty() && record.len() + section.len() > JOINED_BYTES_MAX {
            full.push((*to, std::mem::take(record)));
        }
        record.extend_from_slice(section);
    }
    full.extend(open);
    full
}

/// The offsets that the transaction commits: each task's step, and the inputs' positions for lag tools.
/// The metadata of a task's offset is where its restore begins, and who wrote it.
pub(super) fn offsets(
    names: &Names,
    writer: &str,
    steps: &[Step],
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(steps.len() * 4);
    for step in steps {
        let task = i32::from(step.task.0);
        let mut element = list.add_partition(names.of(Topic::Tasks), task);
        element.set_offset(Offset::Offset(i64::try_from(step.seq).unwrap_or(i64::MAX)))?;
        let from = step
            .restore_from
            .map_or_else(String::new, |from| from.to_string());
        element.set_metadata(format!("{from} {writer}"));
        for (input, position) in &step.positions {
            list.add_partition(names.source(input.source), input.partition)
                .set_offset(Offset::Offset(*position))?;
        }
        list.add_partition(names.of(Topic::Exchange), task)
            .set_offset(Offset::Offset(step.exchange_position))?;
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(task: u16, to: &[u16]) -> Step {
        Step {
            task: TaskId(task),
            seq: 1,
            state: vec![vec![0]],
            sections: to
                .iter()
                .map(|to| (TaskId(*to), vec![u8::try_from(task).unwrap()]))
                .collect(),
            outputs: Vec::new(),
            positions: Vec::new(),
            exchange_position: 0,
            restore_from: None,
            urgent: false,
        }
    }

    #[test]
    fn sections_for_one_destination_become_one_record() {
        let joined = join_sections(&[step(1, &[3, 4]), step(2, &[3])]);
        assert_eq!(joined, [(TaskId(3), vec![1, 2]), (TaskId(4), vec![1])]);
    }

    #[test]
    fn a_transaction_stays_below_its_partitions() {
        let mut footprint = Footprint::default();
        let wide: Vec<u16> = (0..40).collect();
        assert!(footprint.admit(&step(0, &wide)), "a first step always goes");
        assert!(!footprint.admit(&step(1, &[1])));
    }
}
