//! One binary for everything; a file per behaviour.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "tests count in small numbers"
)]
#![expect(clippy::unwrap_used, reason = "what a test does not expect may panic")]

mod agreement;
#[cfg(feature = "kafka")]
mod broker;
#[cfg(feature = "kafka")]
mod commands;
#[cfg(feature = "kafka")]
mod config;
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
#[cfg(feature = "kafka")]
mod replay;
#[cfg(feature = "kafka")]
mod serve;
mod sim;
mod spine;
mod tidy;
mod times;
