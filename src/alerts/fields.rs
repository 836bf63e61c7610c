//! What is read of an alert's record and of its acknowledgement.

use serde::{Deserialize, Serialize};

use floorwalker_core::{event::Timestamp, silence::AlertTraits};

/// The fields of a record that are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AlertFields {
    pub id: String,
    pub rule: String,
    pub status: String,
    pub severity: String,
    #[serde(default)]
    pub subject: String,
    pub queue: Option<String>,
    pub team: Option<String>,
    pub channel: Option<String>,
    pub policy: Option<String>,
    pub starts_at: Timestamp,
    pub at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub why: String,
    #[serde(default)]
    pub contacts: Vec<String>,
    #[serde(default)]
    pub agents: Vec<String>,
    pub inhibited_by: Option<String>,
    #[serde(default)]
    pub interrupts: bool,
}

/// An acknowledgement of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acknowledgement {
    /// When it was acknowledged.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    pub by: String,
    pub note: Option<String>,
}

#[derive(Deserialize)]
struct AcknowledgedRead {
    occurred_at: Timestamp,
    by: String,
    note: Option<String>,
}

impl AlertFields {
    pub(crate) fn is_about_contact(&self) -> bool {
        self.subject.starts_with("contact:")
    }

    /// The queue that it is about.
    pub(crate) fn queue_name(&self) -> Option<&str> {
        let queue = self.queue.as_deref();
        queue.or_else(|| self.subject.strip_prefix("queue:"))
    }

    pub(crate) fn traits(&self) -> AlertTraits<'_> {
        AlertTraits {
            rule: &self.rule,
            subject: &self.subject,
            queue: self.queue.as_deref(),
            team: self.team.as_deref(),
            channel: self.channel.as_deref(),
            severity: &self.severity,
            agents: &self.agents,
        }
    }
}

impl Acknowledgement {
    pub(crate) fn read(payload: &[u8]) -> serde_json::Result<Self> {
        let read: AcknowledgedRead = serde_json::from_slice(payload)?;
        Ok(Self {
            at: read.occurred_at,
            by: read.by,
            note: read.note,
        })
    }
}
