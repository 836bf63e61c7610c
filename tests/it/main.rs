//! One binary for everything; a file per behaviour.

#[cfg(feature = "kafka")]
mod broker;
#[cfg(feature = "kafka")]
mod config;
mod crash;
mod decode;
mod decode_damage;
mod line;
#[cfg(feature = "kafka")]
mod replay;
mod spine;
mod tidy;
mod times;
