//! The read side and HTTP: what the topics say, for people, programs and Prometheus; how this process is doing.
//!
//! Contract: reads the topics that everybody may read, and what the workers tell of themselves; never a worker.

mod api;
mod health;
mod http;
mod metrics;
mod model;
mod settings;
mod side;

pub use http::{Server, Site};
pub use model::{
    Acknowledgement, AgentDesks, Alert, AlertTold, Entity, Held, Line, ReadModel, Score, TOPICS,
};
pub use settings::{HttpSettings, ServeSettings};
pub use side::{Hearing, ReadSide};
