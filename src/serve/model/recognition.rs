//! What agents and teams have done well.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use floorwalker_core::event::Timestamp;

/// The record of a recognition.
#[derive(Debug)]
pub(in crate::serve) struct Recognition {
    pub fields: RecognitionFields,
    /// The record as it was written.
    pub record: Arc<RawValue>,
}

/// What is read of a record.
#[derive(Debug, Deserialize)]
pub(in crate::serve) struct RecognitionFields {
    pub id: String,
    pub rule: String,
    /// `None`: of a team.
    pub agent: Option<String>,
    /// The team, or that of the agent.
    pub team: Option<String>,
    pub at: Timestamp,
}

impl Recognition {
    pub(super) fn read(payload: &[u8]) -> serde_json::Result<Self> {
        Ok(Self {
            fields: serde_json::from_slice(payload)?,
            record: serde_json::from_slice::<Box<RawValue>>(payload)?.into(),
        })
    }
}
