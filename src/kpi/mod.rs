//! Panes, windows and scorecards of agents, queues and groups.
mod window;

pub use window::{KpiSettings, Window};
