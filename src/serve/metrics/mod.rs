//! What Prometheus reads, rendered anew each time: what is gone leaves no series.

mod health;
mod kpi;
mod page;
mod told;

pub(super) use health::{Health, health};
pub(super) use kpi::kpis;
