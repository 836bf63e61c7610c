//! What really is, which no event says: for whoever wants to know how well it was seen.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Center, Incident};
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

impl Center {
    pub(super) fn tell_incident(&mut self, number: usize, agents: &[usize]) {
        let Incident {
            kind,
            begins,
            lasts,
        } = &self.settings.incidents[number];
        let begins_at = self.settings.start + *begins;
        let id = |agent: &usize| self.agents[*agent].hire.id.as_str().to_owned();
        let queues = kind.queues(&self.settings);
        let channels: BTreeSet<&str> = queues.iter().map(|it| it.channel.name()).collect();
        let truth = Truth::Incident {
            kind: kind.name(),
            begins_at,
            ends_at: begins_at + *lasts,
            queue: kind.queue().map(str::to_owned),
            desk: kind.desk().map(str::to_owned),
            factor: kind.size(),
            agents: agents.iter().map(id).collect(),
            queues: queues.iter().map(|it| it.name.clone()).collect(),
            channels: channels.into_iter().map(str::to_owned).collect(),
        };
        self.truth.push(truth);
    }
}
