//! Reference data: teams and sites of queues, policies, and titles for people, each from an instant on.
//!
//! Configuration holds what is so at all times; the directory holds what changes. It is a set of statements, so their order of
//! arrival does not matter: of two about one subject from one instant, the one with the higher offset holds.

mod book;
mod content;
mod fields;
mod shape;
mod statement;

pub use book::{Applied, Directory, Refusal};
pub use content::Content;
pub use shape::schema;
pub use statement::{Statement, Subject};
