//! What goes into a task and what comes out of it: the whole surface between the engine and its driver.

use minicbor::{Decode, Encode};

use crate::proto::Record;

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

impl SourceRecord<'_> {
    /// Size of the headers' names and values.
    #[must_use]
    pub fn header_bytes(&self) -> usize {
        let headers = self.headers.iter();
        headers
            .map(|(name, value)| name.len() + value.map_or(0, <[u8]>::len))
            .sum()
    }

    /// Size of everything but the payload.
    #[must_use]
    pub fn rest_bytes(&self) -> usize {
        self.key.map_or(0, <[u8]>::len) + self.header_bytes()
    }
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
    /// The offset in the state log from which a restore has to read; `None` while the first checkpoint cycle is not complete: from the
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
    Scorecards,
    Recognitions,
    DeadLetters,
}

/// How the topic of a source partition compares with the one that was read before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicBinding {
    Same,
    /// It was deleted and created again; the old one had been read up to `position`.
    Replaced {
        position: i64,
    },
}

/// How urgent the next step of a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pending {
    Nothing,
    /// Inputs, timers or a heartbeat wait for the next commit.
    Step,
    /// An alert waits: commit now.
    Alert,
}

/// Counters of one task since it was created. What a task forwards, the
/// receiver counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Encode, Decode, serde::Serialize)]
pub struct Counters {
    #[n(0)]
    pub read: u64,
    #[n(1)]
    pub applied: u64,
    #[n(2)]
    pub repeated: u64,
    /// Of the repeated: same id, other content.
    #[n(3)]
    pub conflicting: u64,
    #[n(4)]
    pub skipped: u64,
    #[n(5)]
    pub dead_lettered: u64,
    /// Sent on to the task that owns the key.
    #[n(6)]
    pub forwarded: u64,
    /// Received from other tasks. In flight, over all tasks: `forwarded - received`.
    #[n(7)]
    pub received: u64,
    /// Contacts' `clock_skew`s, as their folds have them now.
    #[n(8)]
    pub clock_skew: i64,
    /// Sections of frames that had been received before.
    #[n(9)]
    pub frames_repeated: u64,
    /// Events of which nothing more is known since a loss of state or frames was accepted.
    #[cbor(n(10), default)]
    pub lost: u64,
}

impl Counters {
    /// Adds another task's counters.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.applied += other.applied;
        self.repeated += other.repeated;
        self.conflicting += other.conflicting;
        self.skipped += other.skipped;
        self.dead_lettered += other.dead_lettered;
        self.forwarded += other.forwarded;
        self.received += other.received;
        self.clock_skew += other.clock_skew;
        self.frames_repeated += other.frames_repeated;
        self.lost += other.lost;
    }

    /// Returns what was counted since `earlier`, of the same task.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            read: self.read - earlier.read,
            applied: self.applied - earlier.applied,
            repeated: self.repeated - earlier.repeated,
            conflicting: self.conflicting - earlier.conflicting,
            skipped: self.skipped - earlier.skipped,
            dead_lettered: self.dead_lettered - earlier.dead_lettered,
            forwarded: self.forwarded - earlier.forwarded,
            received: self.received - earlier.received,
            clock_skew: self.clock_skew - earlier.clock_skew,
            frames_repeated: self.frames_repeated - earlier.frames_repeated,
            lost: self.lost - earlier.lost,
        }
    }

    /// Events on their way from one task to another; over all tasks, zero when all is quiet.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.forwarded.saturating_sub(self.received)
    }

    /// Returns whether no event is unaccounted for, over all tasks.
    #[must_use]
    pub const fn balance(&self) -> bool {
        self.read
            == self.applied
                + self.repeated
                + self.skipped
                + self.dead_lettered
                + self.lost
                + self.in_flight()
    }
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
    #[error(
        "state record {seq} of task {task} was written by format {found}, which {known} can't read: start the binary that wrote it, or choose another `prefix` and begin anew"
    )]
    OlderFormat {
        task: u16,
        seq: u64,
        found: u32,
        known: u32,
    },
    #[error("state record of task {task} can't be read: {cause}")]
    Corrupt { task: u16, cause: String },
    #[error(
        "the state log of task {task} has step {seq} after step {last}: a step is missing or was written twice. `floorwalker accept-loss` lets the task begin anew without what it knew"
    )]
    StepGap { task: u16, seq: u64, last: u64 },
    #[error("the state log of task {task} ends at step {found}, but step {expected} was committed")]
    EndsElsewhere {
        task: u16,
        found: u64,
        expected: u64,
    },
    #[error(
        "frame from task {from} to task {task} follows step {found}, but step {expected} was the last one received: a frame is lost; `floorwalker accept-loss` lets the task go on without it"
    )]
    FrameGap {
        task: u16,
        from: u16,
        found: u64,
        expected: u64,
    },
}

impl Output {
    #[must_use]
    pub fn is_alert(&self) -> bool {
        self.topic == OutTopic::Alerts
    }

    /// Turns a JSON record into protobuf. What is no record (a dead letter, a removal) stays as it is.
    pub(super) fn make_protobuf(&mut self) {
        let kind = match self.topic {
            OutTopic::Alerts => Record::Alert,
            OutTopic::Kpis => Record::Kpi,
            OutTopic::Contacts => Record::Contact,
            OutTopic::Scorecards => Record::Scorecard,
            OutTopic::Recognitions => Record::Recognition,
            OutTopic::DeadLetters => return,
        };
        let Some(json) = &self.payload else { return };
        let written = kind.to_protobuf(json);
        debug_assert!(written.is_ok(), "a record that `proto/` can't hold");
        // JSON differs from protobuf by its first byte: better such a record than none.
        self.payload = written.ok().or_else(|| self.payload.take());
    }

    /// A record of JSON under a key.
    #[must_use]
    pub fn json(topic: OutTopic, key: &str, record: &impl serde::Serialize) -> Self {
        // Most records fit.
        let mut payload = Vec::with_capacity(1_536);
        // Records are plain structs with string keys: writing one into memory can't fail.
        let written = serde_json::to_writer(&mut payload, record);
        debug_assert!(written.is_ok());
        Self {
            topic,
            key: Some(key.as_bytes().to_vec()),
            payload: Some(payload),
            headers: Vec::new(),
        }
    }
}
