//! The Kafka edge: what reads, writes, places and recovers tasks.
//!
//! Kafka decides who owns a task (a consumer group), makes each step atomic (transactions) and keeps its state (a log per
//! task). The engine knows nothing of it. [`run`] is the whole of it for one process.

mod acknowledge;
mod batch;
mod broker;
mod client;
pub mod clock;
mod commit;
pub mod dead_letters;
mod directory;
mod embedded;
mod follow;
mod load;
mod parked;
mod process;
mod progress;
mod reading;
mod restore;
mod sender;
mod settings;
mod slot;
pub mod topics;
mod turn;
mod upkeep;
mod worker;

pub use acknowledge::Acknowledger;
pub use broker::Broker;
pub use directory::Statements;
pub use embedded::{Embedded, EmbeddedSettings};
pub use follow::{FollowedRecord, Heard, follow};
pub use load::{LoadKey, LoadSettings, Loaded, load};
pub use process::{Stop, check_topics, run};
pub use progress::{
    InputProgress, Latency, Phase, Progress, Snapshot, TaskProgress, WorkerProgress,
};
pub use restore::Report;
pub use sender::Sender;
pub use settings::{KafkaSettings, RECORD_BYTES_MAX, property_fault};
