//! One binary for everything; a file per behaviour.
mod broker;
mod kafka_kill;
mod process;
