//! What Prometheus reads, rendered anew each time: what is gone leaves no series.

mod alerts;
mod chosen;
mod health;
mod http;
mod kpi;
mod latency;
mod notify;
mod own;
mod page;
mod promise;

pub(super) use health::{Health, health};
pub use kpi::KpiPage;
