//! A TOML file, variables of the environment and options of the command line become validated settings, read once. Every mistake
//! names its place, and what to do.

mod check;
mod effective;
mod environment;
mod expand;
mod fault;
mod file;
mod given;
mod incidents;
mod layers;
mod load;
mod mistakes;
mod secret;
mod settings;
mod shape;
mod value;

pub use effective::Effective;
pub use environment::Environment;
pub use fault::{ConfigError, Mistake};
pub use incidents::load_incidents;
pub use load::{Loaded, Origins};
pub use settings::Config;
