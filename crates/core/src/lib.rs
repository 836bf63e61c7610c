//! The core of Floorwalker: all that an event goes through, without Kafka, clock, threads or files.
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
pub mod agent; // states and facts of one agent -> state durations of the agent, its team and site
pub mod staffing; // Erlang's formulas
pub mod csat; // what is known of a contact so far -> the probability of a low rating
pub mod alert; // obligations and predictions -> escalations
pub mod rules; // signals of all -> alerts about queues, agents, reasons, feeds
pub mod silence; // which alerts call nobody for a while
pub mod schema; // records and events described for programs: JSON Schema, AsyncAPI
pub mod engine; // keyed machines on tasks: clocks, frames, steps, the state log
pub mod local; // all tasks of a deployment in memory: what `replay` and tests run on
