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

mod agents;
mod watermark;
mod codec;
mod contacts;
mod customers;
mod fact_batch;
mod agent_queue;
mod scorecards;
mod entity;
mod expected;
mod frame;
mod gauge;
mod holder;
mod intake;
mod known;
mod pane_blocks;
mod letter;
mod limits;
mod live;
mod changelog;
mod meta;
mod names;
mod outbox;
mod part;
mod placement;
mod kpis;
mod time_series;
mod settings;
mod step;
mod store;
mod sums;
mod task;
mod progress;
mod timers;
mod baseline;

pub use agent_queue::{AgentQueue, PeerGroup};
pub use entity::Entity;
pub use holder::Holder;
pub use letter::{CUT_HEADERS, CUT_PAYLOAD_BYTES, LETTER_BYTES_MAX, sha256};
pub use limits::{Kind, Limits, OVERFLOW};
pub use names::Held;
pub use placement::Placement;
pub use settings::{Settings, Source, SourceClock};
pub use step::{
    Counters, InputId, OutTopic, Output, Pending, SourceRecord, Step, TaskError, TaskId,
    TopicBinding,
};
pub use task::{FrameChain, Task};
