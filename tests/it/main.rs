//! One binary for everything; a file per behaviour.
mod broker;
