//! All settings of a process.

use crate::{
    kafka::KafkaSettings,
    notify::NotifySettings,
    serve::{HttpSettings, ServeSettings},
};
use floorwalker_core::engine::Settings;

/// The settings of a process.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    pub engine: Settings,
    pub kafka: KafkaSettings,
    pub http: HttpSettings,
    pub serve: ServeSettings,
    pub notify: NotifySettings,
}
