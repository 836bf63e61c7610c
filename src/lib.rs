//! Floorwalker: a real-time event stream processor for contact centers.
//!
//! What touches the world. `floorwalker_core` is what it is all for; `ARCHITECTURE.md` has the map and the invariants.

pub mod kafka; // the edge: worker, placement, transactions, restore, topics
pub mod serve; // the edge: what the topics say, over HTTP and to Prometheus; health
pub mod config; // the edge: one TOML file -> everybody's settings
pub mod cli; // the edge: the commands
