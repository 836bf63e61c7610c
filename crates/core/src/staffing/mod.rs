//! Staffing: how many agents a load needs, by the queueing models of the field.
//!
//! Contract: closed formulas and sums of steady states; no simulation, no state.
//!
//! ```
//! use floorwalker_core::staffing::ErlangA;
//! let line = ErlangA { arrivals: 1.0, handle: 9.0, patience: 60.0, agents: 10 }.steady();
//! assert!(line.wait_probability > 0.3 && line.abandonment < 0.1);
//! ```

mod erlang_a;

pub use erlang_a::{ErlangA, Steady};
