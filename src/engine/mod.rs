//! Keyed machines, parts, the step, clocks and the state log's records. Composes the stages before it.
mod settings;
mod step;
mod task;

pub use settings::{Settings, Source, SourceClock};
pub use step::{
    Clock, Counters, InputId, OutTopic, Output, Pending, SourceRecord, Step, TaskError, TaskId,
};
pub use task::Task;
