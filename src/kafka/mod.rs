//! The Kafka edge: what reads, writes, places and recovers tasks.
//!
//! Kafka decides who owns a task (a consumer group), makes each step atomic (transactions) and keeps its state (a log per
//! task). The engine knows nothing of it.

pub mod clock;
mod settings;
pub mod topics;

pub use settings::{KafkaSettings, RECORD_BYTES_MAX};
