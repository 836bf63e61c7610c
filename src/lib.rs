//! Floorwalker: a real-time event stream processor for contact centers.
//!
//! The stages, in the order an event meets them. `ARCHITECTURE.md` has the map and the invariants.

pub mod event; // the vocabulary: events, ids, times
pub mod proto; // the messages of `proto/`, and records as protobuf
pub mod decode; // bytes -> events, or a named rejection
pub mod contact; // events of one contact -> episodes, engagements, obligations, signed facts
pub mod customer; // contacts of one customer -> first-contact resolution
pub mod kpi; // facts -> panes, windows, scorecards
pub mod directory; // reference data: what changes of settings while all runs
pub mod balance; // sums of an agent among peers -> measures with interval, place, trend
pub mod agent; // states and facts of one agent -> time, and what its team and site hear
pub mod staffing; // Erlang's formulas
pub mod csat; // what is known of a contact so far -> the probability of a low rating
pub mod alert; // obligations and predictions -> escalations
pub mod schema; // records and events described for programs: JSON Schema, AsyncAPI
pub mod engine; // keyed machines on tasks: clocks, frames, steps, the state log
pub mod sim; // the engine in memory, the recount, seeded logs and faults

#[cfg(feature = "kafka")]
pub mod kafka; // the edge: worker, placement, transactions, restore, topics
#[cfg(feature = "kafka")]
pub mod serve; // the edge: what the topics say, over HTTP and to Prometheus; health
#[cfg(feature = "kafka")]
pub mod config; // the edge: one TOML file -> everybody's settings
#[cfg(feature = "kafka")]
pub mod cli; // the edge: the commands
