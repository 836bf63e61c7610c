//! One TOML file becomes validated settings, read once. Every mistake names file, line and column, and what to do.

mod check;
mod fault;
mod file;
mod incidents;
mod load;
mod mistakes;
mod settings;
mod value;

pub use fault::{ConfigError, Mistake};
pub use incidents::load_incidents;
pub use settings::Config;
