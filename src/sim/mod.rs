//! What checks the rest: an independent recount of the numbers, and worlds to run both on.
//!
//! Contract: everything here is a function of its arguments; a seed gives the same world for ever.

pub mod jsonl;
pub mod reference;
