//! Which task owns a key.

use murmur2::{KAFKA_SEED, murmur2};

use super::TaskId;

/// Kafka's default partitioner: a producer that keys by contact and P partitions puts each event where it is applied.
#[derive(Debug, Clone, Copy)]
pub struct Placement {
    tasks: u16,
}

impl Placement {
    #[must_use]
    pub const fn new(tasks: u16) -> Self {
        Self { tasks }
    }

    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "below the number of tasks")]
    pub fn task_of(self, key: &[u8]) -> TaskId {
        let positive = murmur2(key, KAFKA_SEED) & 0x7fff_ffff;
        TaskId((positive % u32::from(self.tasks)) as u16)
    }
}
