//! All integration tests in one binary: a file per behaviour.

#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

mod agreement;
#[cfg(feature = "kafka")]
mod broker;
mod crash;
mod decode;
mod decode_damage;
#[cfg(feature = "kafka")]
mod deployment;
#[cfg(feature = "kafka")]
mod kafka_feed;
#[cfg(feature = "kafka")]
mod kafka_kill;
#[cfg(feature = "kafka")]
mod kafka_speed;
mod line;
#[cfg(feature = "kafka")]
mod process;
mod published;
mod reference;
mod reference_cases;
mod reference_outcomes;
mod sim;
mod spine;
mod tidy;
mod times;
