//! What really happened and no event contains: to measure how well it was detected.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{incident::Incident, settings::WorldSettings};
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
        /// Whose agents or events it is about, where not all.
        #[serde(skip_serializing_if = "Option::is_none")]
        desk: Option<String>,
        /// How large it is: times, a share, or seconds, by the kind.
        #[serde(skip_serializing_if = "Option::is_none")]
        factor: Option<f64>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        agents: Vec<String>,
        /// All queues that it strikes; none where it is of one agent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        queues: Vec<String>,
        /// Their channels.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        channels: Vec<String>,
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
    /// Returns the line of one of a world's incidents, which concerns these agents.
    pub(super) fn of_incident(
        number: usize,
        settings: &WorldSettings,
        agents: Vec<String>,
    ) -> Self {
        let Incident {
            kind,
            begins,
            lasts,
        } = &settings.incidents[number];
        let begins_at = settings.start + *begins;
        let queues = kind.queues(settings);
        let channels: BTreeSet<&str> = queues.iter().map(|it| it.channel.name()).collect();
        Self::Incident {
            kind: kind.name(),
            begins_at,
            ends_at: begins_at + *lasts,
            queue: kind.queue().map(str::to_owned),
            desk: kind.desk().map(str::to_owned),
            factor: kind.size(),
            agents,
            queues: queues.iter().map(|it| it.name.clone()).collect(),
            channels: channels.into_iter().map(str::to_owned).collect(),
        }
    }
}
