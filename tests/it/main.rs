//! All integration tests in one binary: a file per behaviour.

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
mod spine;
mod tidy;
mod times;
