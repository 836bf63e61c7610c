//! Worlds without brokers: the engine driven in memory, the independent recount, seeded logs and faults.
//!
//! Contract: everything in here is a function of its arguments and seeds.

pub mod cluster;
