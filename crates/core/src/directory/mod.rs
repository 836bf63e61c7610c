//! Reference data: which team and site a queue has, what is promised of it, how people call things; each from an instant on.
//!
//! Configuration holds what has always been so; the directory holds what changes. It is a set of statements, so their order of
//! arrival does not matter: of two about one subject from one instant, the one with the higher offset holds.

mod book;
mod fields;
mod shape;
mod statement;

pub use book::{Directory, Refusal, Taken};
pub use shape::schema;
pub use statement::{Change, Statement, Subject};
