//! Worlds without brokers: the engine driven in memory, an independent recount of its numbers, and worlds to run both on.
//!
//! Contract: everything here is a function of its arguments; a seed gives the same world for ever.

pub mod chaos; // contacts to which anything happens
pub mod cluster; // all tasks of a deployment, in memory
pub mod faults; // what happens to events on their way
pub mod jsonl;
pub mod protobuf; // what a producer would send
pub mod random; // the seed's numbers
pub mod reference; // every number, counted again
pub mod states; // what agents say of themselves
pub mod text; // conversations in writing
pub mod voice; // a contact center's calls
pub mod world; // a whole contact center

mod call;
