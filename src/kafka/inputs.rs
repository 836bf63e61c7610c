//! Which source partitions a task reads.

use floorwalker_core::engine::{InputId, TaskId};

/// The source partitions that task `id` reads: those whose number, mod P, is its own.
pub(super) fn inputs_of(id: TaskId, tasks: u16, counts: &[i32]) -> Vec<InputId> {
    let mut inputs = Vec::new();
    for (source, count) in (0..).zip(counts) {
        let own = (i32::from(id.0)..*count).step_by(usize::from(tasks));
        inputs.extend(own.map(|partition| InputId { source, partition }));
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_partition_belongs_to_one_task() {
        let inputs = inputs_of(TaskId(1), 4, &[9, 1, 2]);
        let found: Vec<_> = inputs
            .iter()
            .map(|input| (input.source, input.partition))
            .collect();
        assert_eq!(found, [(0, 1), (0, 5), (2, 1)]);
    }
}
