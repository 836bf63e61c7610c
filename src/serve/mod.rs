//! HTTP: how this process is doing. `/metrics` for Prometheus, `/healthz` (restart it if not), `/readyz` (does it work?).
//!
//! Contract: reads what the workers tell of themselves, never a worker.

mod health;
mod http;
mod metrics;
mod settings;

pub use http::Server;
pub use settings::HttpSettings;
