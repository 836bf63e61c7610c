//! What Prometheus reads, rendered anew each time: what is gone leaves no series.

mod chosen;
mod health;
mod kpi;
mod page;
mod promise;
mod record;

pub(super) use health::{Health, health};
pub use kpi::KpiPage;
