//! What the tests of Floorwalker share: an independent recount of its figures, and seeded logs and faults to run both on.
//!
//! Contract: everything here is a function of its arguments; a seed always gives the same log.
//!
//! The simulator makes contact centers as they are, in whole milliseconds. The generators here make what feeds rarely have and the
//! rules must hold for all the same: ties, contradictions, legs, monitors, clocks that disagree, on grids of seconds and microseconds.
//! So they draw from numbers of their own ([`random`]), and [`faults`] reorders any log, not only a world's.

pub mod chaos; // contacts to which anything happens
pub mod faults; // late, repeated, conflicting and scattered events
pub mod harness; // the engine in memory with the settings of the tests
pub mod protobuf; // what a producer would send
pub mod random; // the seed's numbers
pub mod reference; // every number, counted again
pub mod states; // agents' states, mixed into any log
pub mod text; // conversations in writing
pub mod voice; // a contact center's calls

mod call;
mod staff;
