//! Floorwalker: a real-time event stream processor for contact centers.
//!
//! The product around `floorwalker_core`: everything that touches the world. `ARCHITECTURE.md` has the map and the invariants.

pub mod kafka; // the edge: workers, placement, transactions, restores, topics
pub mod alerts; // what is read of alerts: fields, silences, teams
pub mod notify; // the edge: who is called, and how
pub mod serve; // the edge: the newest records over HTTP and for Prometheus; health
pub mod config; // the edge: one TOML file -> validated settings
pub mod cli; // the edge: the commands
