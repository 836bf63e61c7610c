//! What really happened and no event contains: to measure how well it was detected.

use serde::Serialize;

use super::incident::Incident;
use floorwalker_core::event::Timestamp;

/// One line of a truth file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "truth", rename_all = "snake_case")]
pub enum Truth {
    /// Something goes wrong for a while.
    Incident {
        kind: &'static str,
        begins_at: Timestamp,
        ends_at: Timestamp,
        #[serde(skip_serializing_if = "Option::is_none")]
        queue: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        factor: Option<f64>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        agents: Vec<String>,
    },
    /// An answered contact is over. One a contact.
    Rating {
        contact_id: String,
        at: Timestamp,
        /// The probability that the customer rates it below the middle of the scale, with all that has happened to them.
        low_probability: f64,
        /// What they think, from 1 to 5.
        score: f64,
        /// A survey was sent; whoever is asked answers.
        asked: bool,
    },
    /// The contact ended and the customer's problem stays.
    Unsolved {
        contact_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        customer_id: Option<String>,
        at: Timestamp,
        reason: &'static str,
        comes_back: bool,
    },
}

impl Truth {
    /// Returns the line of an incident of a world that began at `start`.
    pub(super) fn of_incident(incident: &Incident, start: Timestamp, agents: Vec<String>) -> Self {
        use super::IncidentKind::{
            AgentsAbsent, BadRelease, RushingAgent, SlowTool, StrugglingAgent, Surge,
        };
        let begins_at = start + incident.begins;
        let (queue, factor) = match &incident.kind {
            Surge { factor, queue } => (queue.clone(), Some(*factor)),
            SlowTool { factor } => (None, Some(*factor)),
            AgentsAbsent { share, .. } => (None, Some(*share)),
            StrugglingAgent { .. } | RushingAgent { .. } | BadRelease => (None, None),
        };
        Self::Incident {
            kind: incident.kind.name(),
            begins_at,
            ends_at: begins_at + incident.lasts,
            queue,
            factor,
            agents,
        }
    }
}
