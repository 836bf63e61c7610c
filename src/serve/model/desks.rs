//! An agent's newest scorecards, one in each queue and channel.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::value::RawValue;

/// An agent with the records of all desks.
#[derive(Debug, Clone, Default)]
pub struct AgentDesks {
    /// The records as they were written, by key.
    pub records: BTreeMap<String, Arc<RawValue>>,
}

impl AgentDesks {
    pub(super) fn put(&mut self, key: &str, record: &[u8]) -> serde_json::Result<()> {
        let record: Box<RawValue> = serde_json::from_slice(record)?;
        self.records.insert(key.to_owned(), record.into());
        Ok(())
    }
}
