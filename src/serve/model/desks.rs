//! An agent's newest scorecards, one in each queue and channel.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::value::RawValue;

use floorwalker_core::engine::AgentQueue;

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

    /// Returns the agent, and the queues of the records; `None` without any.
    pub(super) fn agent_and_queues(&self) -> Option<(String, BTreeSet<String>)> {
        let keys = self.records.keys();
        let mut desks = keys.filter_map(|key| AgentQueue::from_name(key)).peekable();
        let agent = desks.peek()?.agent.as_str().to_owned();
        let queues = desks.map(|desk| desk.group.queue.as_str().to_owned());
        Some((agent, queues.collect()))
    }
}
