//! HTTP: how this process is doing.

mod settings;

pub use settings::HttpSettings;
