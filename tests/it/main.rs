//! All integration tests in one binary: a file per behaviour.

mod broker;
mod decode;
mod decode_damage;
mod kafka_kill;
mod line;
mod process;
mod tidy;
mod times;
