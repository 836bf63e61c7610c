//! What goes into a task and what comes out of it: the whole surface between the engine and its driver.

use crate::event::Timestamp;

/// A number `p` of 0..P: the unit of placement and recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u16);

/// One partition of one configured source topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId {
    /// Index into [`super::Settings::sources`].
    pub source: u16,
    pub partition: i32,
}

/// A record as it was read from a source partition.
#[derive(Debug, Clone, Copy)]
pub struct SourceRecord<'a> {
    pub input: InputId,
    pub offset: i64,
    pub key: Option<&'a [u8]>,
    /// `None` is a tombstone, which no source should hold: it becomes a dead letter.
    pub payload: Option<&'a [u8]>,
    pub headers: &'a [(&'a str, Option<&'a [u8]>)],
}

/// One advance of one task, as bytes: all of it becomes visible, or none.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub task: TaskId,
    /// Counts this task's steps from 1; what offset(`tasks`, p) is set to.
    pub seq: u64,
    /// Records for the state log's partition `task`, in this order.
    pub state: Vec<Vec<u8>>,
    /// Bytes for other tasks. All sections of one transaction for one destination are joined, in any order, into one
    /// record of the exchange's partition of that destination.
    pub sections: Vec<(TaskId, Vec<u8>)>,
    /// Records for the out topics' partition `task`, in this order.
    pub outputs: Vec<Output>,
    /// The next offset of each source partition that was read since the last step.
    pub positions: Vec<(InputId, i64)>,
    /// The next offset of the exchange's partition `task`.
    pub exchange_position: i64,
    /// The offset in the state log from which a restore has to read; `None` while the first turn is not complete: from the
    /// task's first record.
    pub restore_from: Option<i64>,
    /// Carries an alert: commit soon, and before others.
    pub urgent: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub topic: OutTopic,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutTopic {
    Alerts,
    Kpis,
    Contacts,
    DeadLetters,
}

/// How much a task has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pending {
    Nothing,
    /// Inputs, timers or a heartbeat wait for the next commit.
    Step,
    /// An alert waits: commit now.
    Alert,
}

/// Counters of one task since it was created. `read = applied + repeated + skipped + dead_lettered + forwarded` at the
/// reader; what it forwarded is counted by the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    pub read: u64,
    pub applied: u64,
    pub repeated: u64,
    /// Of the repeated: same id, other content.
    pub conflicting: u64,
    pub skipped: u64,
    pub dead_lettered: u64,
    /// Sent on to the task that owns the key.
    pub forwarded: u64,
    /// Received from other tasks. In flight, over all tasks: `forwarded - received`.
    pub received: u64,
    pub clock_skew: u64,
}

/// Why a task can't go on from here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    #[error(
        "state record {seq} of task {task} was written by format {found}, newer than {known}: start a newer binary"
    )]
    NewerFormat {
        task: u16,
        seq: u64,
        found: u32,
        known: u32,
    },
    #[error("state record of task {task} can't be read: {cause}")]
    Corrupt { task: u16, cause: String },
    #[error("the state log of task {task} ends at step {found}, but step {expected} was committed")]
    EndsElsewhere {
        task: u16,
        found: u64,
        expected: u64,
    },
    #[error(
        "frame from task {from} to task {task} follows step {found}, but step {expected} was the last one received: a frame is lost"
    )]
    FrameGap {
        task: u16,
        from: u16,
        found: u64,
        expected: u64,
    },
}

/// The clock of one stage: nothing earlier will come, but for late evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub at: Timestamp,
    /// All inputs are at their end and none follows the wall: `at` is the newest event.
    pub ended: bool,
}
