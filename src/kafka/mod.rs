//! The Kafka edge: what reads, writes, places and recovers tasks.
//!
//! Kafka decides who owns a task (a consumer group), makes each step atomic (transactions) and keeps its state (a log per
//! task). The engine knows nothing of it. [`run`] is the whole of it for one process.

mod batch;
mod broker;
mod candidate;
mod client;
pub mod clock;
mod commit;
mod committed;
mod connect;
pub mod dead_letters;
mod directory;
mod embedded;
mod ends;
mod failure;
mod finding;
mod follow;
mod inputs;
mod limits;
mod load;
mod lock;
pub mod loss;
mod mark;
mod member;
mod membership;
mod outage;
mod outbox;
mod parked;
mod process;
mod progress;
mod reading;
mod record_writer;
mod restore;
mod right;
mod sender;
mod settings;
mod slot;
mod sources;
mod statements;
mod stop;
mod takeover;
mod timings;
mod topic;
pub mod topics;
mod trouble;
mod turn;
mod upkeep;
mod worker;

pub use broker::Broker;
pub use candidate::Candidate;
pub use directory::read_directory;
pub use embedded::{Embedded, EmbeddedSettings};
pub use follow::{FollowEvent, FollowedRecord, follow};
pub use load::{LoadKey, LoadSettings, Loaded, Loader};
pub use outbox::{Outbox, OutboxReader, OutboxRecord};
pub use process::{look_on, run};
pub use progress::{
    InputProgress, Losses, Phase, Progress, Snapshot, Stuck, TaskProgress, WorkerProgress,
};
pub use record_writer::{PutAside, RecordWriter};
pub use sender::Sender;
pub use settings::{KafkaSettings, RECORD_BYTES_MAX, is_property, property_fault};
pub use sources::SourceProgress;
pub use statements::Statements;
pub use stop::Stop;
pub use takeover::Report;
pub use timings::{Latency, Timings};
