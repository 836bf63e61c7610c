//! Alerts and their acknowledgements, as records have them.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use floorwalker_core::event::Timestamp;

/// The newest record of an alert.
#[derive(Debug)]
pub struct Alert {
    pub fields: AlertFields,
    /// The record as it was written.
    pub(super) record: Arc<RawValue>,
}

/// The fields of a record that are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AlertFields {
    pub id: String,
    pub rule: String,
    pub status: String,
    pub severity: String,
    pub queue: Option<String>,
    pub policy: Option<String>,
    pub starts_at: Timestamp,
    pub at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub why: String,
    #[serde(default)]
    pub contacts: Vec<String>,
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

/// The acknowledgement as an event.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::serve) struct AcknowledgedEvent<'a> {
    pub occurred_at: Timestamp,
    pub source: &'a str,
    pub r#type: &'a str,
    pub alert: &'a str,
    pub by: &'a str,
    pub note: Option<&'a str>,
}

#[derive(Deserialize)]
struct AcknowledgedRead {
    occurred_at: Timestamp,
    by: String,
    note: Option<String>,
}

impl Alert {
    pub(super) fn read(payload: &[u8]) -> serde_json::Result<Self> {
        Ok(Self {
            fields: serde_json::from_slice(payload)?,
            record: serde_json::from_slice::<Box<RawValue>>(payload)?.into(),
        })
    }

    #[must_use]
    pub fn is_firing(&self) -> bool {
        self.fields.status == "firing"
    }

    /// The record with who acknowledged it.
    pub(super) fn with_ack(&self, ack: Option<&Acknowledgement>) -> Arc<RawValue> {
        let Some(ack) = ack else {
            return Arc::clone(&self.record);
        };
        let merged = serde_json::from_str::<IndexMap<String, Box<RawValue>>>(self.record.get())
            .and_then(|mut fields| {
                fields.insert("ack".to_owned(), serde_json::value::to_raw_value(ack)?);
                serde_json::value::to_raw_value(&fields)
            });
        merged.map_or_else(|_| Arc::clone(&self.record), Arc::from)
    }
}

impl Acknowledgement {
    pub(super) fn read(payload: &[u8]) -> serde_json::Result<Self> {
        let read: AcknowledgedRead = serde_json::from_slice(payload)?;
        Ok(Self {
            at: read.occurred_at,
            by: read.by,
            note: read.note,
        })
    }
}
