//! The read side and HTTP: what the topics hold, for people, programs and Prometheus; how this process is doing.
//!
//! Contract: reads the topics that everybody may read, and what the workers report; never a worker.

mod access;
mod api;
mod health;
mod hosts;
mod http;
mod metrics;
mod model;
mod policies;
mod problem;
mod settings;
mod side;
mod traffic;
mod wallboard;

pub use access::{COOKIE, NewToken, Scope, Token, TokenHash};
pub use http::{Server, Site, TlsFault, check_tls};
pub use metrics::KpiPage;
pub use model::{
    Acknowledgement, AgentDesks, Alert, AlertFields, Entity, Held, Line, ReadModel, Score,
    Standing, TOPICS,
};
pub use settings::{EXPOSED, HttpSettings, MetricsSettings, ServeSettings, TlsSettings};
pub use side::{Configured, FollowThread, ReadSide};
