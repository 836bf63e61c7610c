//! Sends events to a topic, as their producer would.

use std::{borrow::Cow, time::Duration};

use serde::Deserialize;

use super::{
    clock::{self, Tick},
    sender::Sender,
    settings::KafkaSettings,
};

/// Lines between two looks at the clock and at delivery reports.
const LINES_A_TURN: u64 = 256;

/// Where to send events, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadSettings {
    pub topic: String,
    pub key: LoadKey,
    /// Lines a second; `None`: as fast as it goes.
    pub rate: Option<u64>,
}

/// What decides a line's partition, by the hash that Java's producers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LoadKey {
    /// The contact's id, or `agent:` and the agent's id: each one's events stay in order, and on the task that owns it.
    #[default]
    Contact,
    /// None: any partition.
    Random,
}

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    pub lines: u64,
    pub bytes: u64,
    pub took: Duration,
}

/// Sends events one by one.
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Loader {
    sender: Sender,
    key: LoadKey,
    rate: Option<u64>,
    began_at: Tick,
    loaded: Loaded,
}

impl Loader {
    /// # Errors
    /// When Kafka can't be reached or the topic does not exist.
    pub fn new(kafka: &KafkaSettings, settings: &LoadSettings) -> anyhow::Result<Self> {
        Ok(Self {
            sender: Sender::new(kafka, &settings.topic)?,
            key: settings.key,
            rate: settings.rate,
            began_at: Tick::now(),
            loaded: Loaded::default(),
        })
    }

    /// Sends one event, waiting for room and for its time.
    ///
    /// # Errors
    /// When the broker does not take a record.
    pub fn send(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let key = match self.key {
            LoadKey::Contact => key_of(line),
            LoadKey::Random => None,
        };
        self.sender.send(key.as_deref().map(str::as_bytes), line)?;
        self.loaded.lines += 1;
        self.loaded.bytes += line.len() as u64;
        if self.loaded.lines.is_multiple_of(LINES_A_TURN) {
            self.sender.poll()?;
            keep_rate(self.rate, self.loaded.lines, self.began_at);
        }
        Ok(())
    }

    /// Waits until the broker has everything.
    ///
    /// # Errors
    /// When it does not take a record.
    pub fn finish(mut self) -> anyhow::Result<Loaded> {
        self.sender.finish()?;
        self.loaded.took = Tick::now().since(self.began_at);
        Ok(self.loaded)
    }
}

/// A line without one is sent all the same: it becomes a dead letter where all can see it.
fn key_of(line: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Keyed<'a> {
        #[serde(borrow)]
        contact_id: Option<Cow<'a, str>>,
        #[serde(borrow)]
        agent: Option<Cow<'a, str>>,
    }
    let Keyed { contact_id, agent } = serde_json::from_slice(line).ok()?;
    contact_id.or_else(|| agent.map(|agent| format!("agent:{agent}").into()))
}

fn keep_rate(rate: Option<u64>, lines: u64, began_at: Tick) {
    let Some(rate) = rate else { return };
    let due = Duration::from_micros(lines.saturating_mul(1_000_000) / rate.max(1));
    clock::pause(due.saturating_sub(Tick::now().since(began_at)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use floorwalker_core::{
        engine::Placement,
        event::{AgentId, Key},
    };

    #[test]
    fn the_key_leads_to_the_task_that_owns_the_contact_or_agent() {
        let found = key_of(br#"{"event_id":"e","contact_id":"c\u00e9","agent":"ana"}"#);
        assert_eq!(found.as_deref(), Some("c\u{e9}"));
        let of_agent = key_of(br#"{"event_id":"e","agent":"ana"}"#).unwrap();
        let placement = Placement::new(97);
        let owner = placement.owner_of(&Key::Agent(AgentId::new("ana")));
        assert_eq!(placement.task_of(of_agent.as_bytes()), owner);
        assert_eq!(key_of(b"not json"), None);
    }
}
