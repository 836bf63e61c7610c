//! One binary for everything; a file per behaviour.

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
mod kafka_kill;
mod line;
#[cfg(feature = "kafka")]
mod process;
#[cfg(feature = "kafka")]
mod replay;
#[cfg(feature = "kafka")]
mod serve;
mod spine;
mod tidy;
mod times;
