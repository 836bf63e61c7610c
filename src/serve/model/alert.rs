//! Alerts as records have them, with what is known beside the record.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::alerts::{Acknowledgement, AlertFields};
use floorwalker_core::event::Timestamp;

/// The newest record of an alert.
#[derive(Debug)]
pub struct Alert {
    pub fields: AlertFields,
    /// The record as it was written.
    pub(super) record: Arc<RawValue>,
}

/// What is known of an alert beside its record.
#[derive(Debug, Default)]
pub struct Standing {
    pub ack: Option<Arc<Acknowledgement>>,
    /// A silence's id, or `maintenance:NAME`.
    pub silenced_by: Option<Arc<str>>,
    /// The alert that covers it.
    pub inhibited_by: Option<String>,
    /// How many alerts it covers, if that is asked for.
    pub covers: Option<usize>,
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

    /// Returns whether it would call a person now.
    #[must_use]
    pub fn calls(&self, standing: &Standing) -> bool {
        let is_held = standing.silenced_by.is_some() || standing.inhibited_by.is_some();
        self.is_firing() && self.fields.interrupts && !is_held
    }

    /// The record with what is known beside it.
    pub(super) fn with(&self, standing: &Standing) -> Arc<RawValue> {
        let merged = self.merged(standing);
        merged.map_or_else(|_| Arc::clone(&self.record), Arc::from)
    }

    fn merged(&self, standing: &Standing) -> serde_json::Result<Box<RawValue>> {
        let mut fields: IndexMap<&str, Box<RawValue>> = serde_json::from_str(self.record.get())?;
        if let Some(ack) = &standing.ack {
            fields.insert("ack", to_raw_value(&**ack)?);
        }
        if let Some(by) = &standing.inhibited_by {
            fields.insert("inhibited_by", to_raw_value(by)?);
        }
        let by = standing.silenced_by.as_deref();
        fields.insert("silenced_by", to_raw_value(&by)?);
        if let Some(count) = standing.covers {
            fields.insert("covers", to_raw_value(&count)?);
        }
        to_raw_value(&fields)
    }
}
