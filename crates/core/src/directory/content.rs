//! Content of statements, by kind of subject.

use crate::{contact::Policy, kpi::Place};

/// Content of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Title for people, and the team and site that answer for the queue.
    Queue(Option<String>, Place),
    /// Title of a team, a site or an agent, for people.
    Title(Option<String>),
    Policy(Box<Policy>),
    /// The subject is as in the configuration, or does not exist.
    Removed,
}

impl Content {
    pub(super) fn policy(&self) -> Option<&Policy> {
        if let Self::Policy(policy) = self {
            Some(policy)
        } else {
            None
        }
    }

    pub(super) fn place(&self) -> Option<&Place> {
        if let Self::Queue(_, place) = self {
            Some(place)
        } else {
            None
        }
    }
}
