//! What really went wrong, from a truth file.

use floorwalker_core::event::Timestamp;
use floorwalker_simulator::Truth;
use serde::{Deserialize, Serialize};

/// An incident as a truth file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub kind: String,
    pub begins_at: Timestamp,
    pub ends_at: Timestamp,
    /// The queues that it strikes; none where it is of one agent.
    #[serde(default)]
    pub queues: Vec<String>,
    /// Their channels.
    #[serde(default)]
    pub channels: Vec<String>,
    /// The agents whom it is about, or who leave.
    #[serde(default)]
    pub agents: Vec<String>,
}

impl Incident {
    /// Returns the incident that a truth is of, if it is of one.
    pub(crate) fn of_truth(truth: Truth) -> Option<Self> {
        let Truth::Incident {
            kind,
            begins_at,
            ends_at,
            queues,
            channels,
            agents,
            ..
        } = truth
        else {
            return None;
        };
        Some(Self {
            kind: kind.to_owned(),
            begins_at,
            ends_at,
            queues,
            channels,
            agents,
        })
    }
}

#[derive(Deserialize)]
#[serde(tag = "truth", rename_all = "snake_case")]
enum Line {
    Incident(Incident),
    #[serde(other)]
    Else,
}

/// Returns the incidents of a truth file, which has one JSON object a line. Other truths are passed over.
///
/// # Errors
/// When a line is no truth, with its number.
pub fn read_truth(text: &str) -> Result<Vec<Incident>, (usize, serde_json::Error)> {
    let mut incidents = Vec::new();
    for (number, line) in (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
    {
        match serde_json::from_str(line) {
            Ok(Line::Incident(incident)) => incidents.push(incident),
            Ok(Line::Else) => {}
            Err(error) => return Err((number, error)),
        }
    }
    Ok(incidents)
}
