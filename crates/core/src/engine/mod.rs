//! Keyed machines on tasks: every piece of state is a small deterministic machine that belongs to one key.
//!
//! Contract: a [`Task`] is driven by its inputs and by the time that is handed in; each [`Step`] is bytes, and a task that
//! is [`Task::restore`]d from the committed steps' state records equals the one that wrote them. Nothing in here reads the
//! world.
//!
//! ```
//! use std::sync::Arc;
//! use floorwalker_core::{engine::{Settings, Task, TaskId}, event::Timestamp};
//! let settings = Arc::new(Settings { tasks: 1, ..Settings::default() });
//! let mut task = Task::new(TaskId(0), &settings);
//! task.start(0).unwrap();
//! task.handle_timeout(Timestamp::parse("2026-11-22T10:00:00Z").unwrap());
//! assert_eq!(task.poll_output().unwrap().seq, 1);
//! ```

mod agent_queue;
mod entity;
mod exchange;
mod limits;
mod name;
mod settings;
mod stages;
mod state;
mod step;
mod task;
mod time;

pub use agent_queue::{AgentQueue, PeerGroup};
pub use entity::Entity;
pub use exchange::{names::Held, placement::Placement};
pub use limits::{Kind, Limits, OVERFLOW};
pub use settings::{Settings, Source, SourceClock};
pub use stages::letter::{
    CUT_HEADERS, CUT_PAYLOAD_BYTES, LETTER_BYTES_MAX, LETTER_HEADERS, sha256,
};
pub use state::holder::Holder;
pub use step::{
    Counters, InputId, OutTopic, Output, Pending, SourceRecord, Step, TaskError, TaskId,
    TopicBinding,
};
pub use task::{FrameChain, Task};
