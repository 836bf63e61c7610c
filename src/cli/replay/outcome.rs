//! What came out of a replay: records by key, alerts by rule, and what was left out.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};

use crate::cli::{
    contacts::Contacts,
    recorded::Rejections,
    report::{Desk, Fired},
};
use floorwalker_core::engine::{OutTopic, Output};

/// Records by key, and alerts in the order in which they were raised.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) kpis: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) contacts: Contacts,
    pub(super) scorecards: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) alerts: Vec<Vec<u8>>,
    pub(super) recognitions: Vec<Vec<u8>>,
    fired: Firings,
    pub(super) rejections: Rejections,
}

impl Outcome {
    pub(super) fn take(&mut self, output: Output) -> anyhow::Result<()> {
        match output.topic {
            OutTopic::Kpis => keep_last(&mut self.kpis, output),
            OutTopic::Alerts => {
                if let Some(record) = output.payload {
                    self.fired.take(&record)?;
                    self.alerts.push(record);
                }
            }
            OutTopic::DeadLetters => self.rejections.add(&output),
            OutTopic::Contacts => self.take_contact(output)?,
            OutTopic::Scorecards => keep_last(&mut self.scorecards, output),
            OutTopic::Recognitions => self.recognitions.extend(output.payload),
        }
        Ok(())
    }

    pub(super) fn take_contact(&mut self, output: Output) -> anyhow::Result<()> {
        let (id, payload) = (output.key.unwrap_or_default(), output.payload);
        payload.map_or(Ok(()), |record| self.contacts.take(id, record))
    }

    /// The KPI records of the window `all`.
    pub(super) fn records_of_all_time<R: DeserializeOwned>(&self) -> anyhow::Result<Vec<R>> {
        let of_all_time = self.kpis.iter().filter(|(key, _)| key.ends_with(b"/all"));
        read_all(of_all_time.map(|(_, payload)| payload))
    }

    pub(super) fn desks(&self) -> anyhow::Result<Vec<Desk>> {
        read_all(self.scorecards.values())
    }

    pub(super) fn kpi_bytes(&self) -> Vec<&[u8]> {
        self.kpis.values().map(Vec::as_slice).collect()
    }

    /// By rule.
    pub(super) fn fired(&self) -> Vec<Fired> {
        self.fired.by_rule()
    }
}

fn read_all<'r, R: DeserializeOwned>(
    records: impl Iterator<Item = &'r Vec<u8>>,
) -> anyhow::Result<Vec<R>> {
    records
        .map(|payload| serde_json::from_slice(payload))
        .collect::<Result<_, _>>()
        .context("a record that was just written")
}

/// Keeps the newest record of each key, as a compacted topic does.
fn keep_last(records: &mut BTreeMap<Vec<u8>, Vec<u8>>, output: Output) {
    let key = output.key.unwrap_or_default();
    match output.payload {
        Some(payload) => drop(records.insert(key, payload)),
        None => drop(records.remove(&key)),
    }
}

/// Alerts by rule and id, and whether each is still firing.
#[derive(Default)]
struct Firings(BTreeMap<String, BTreeMap<String, bool>>);

/// What is read of an alert's record.
#[derive(Deserialize)]
struct Alert {
    id: String,
    rule: String,
    status: String,
}

impl Firings {
    fn take(&mut self, record: &[u8]) -> anyhow::Result<()> {
        let alert: Alert =
            serde_json::from_slice(record).context("an alert that was just written")?;
        let alerts = self.0.entry(alert.rule).or_default();
        alerts.insert(alert.id, alert.status == "firing");
        Ok(())
    }

    fn by_rule(&self) -> Vec<Fired> {
        let rules = self.0.iter();
        let fired = rules.map(|(rule, alerts)| Fired {
            rule: rule.clone(),
            fired: alerts.len() as u64,
            still_firing: alerts.values().filter(|is_firing| **is_firing).count() as u64,
        });
        fired.collect()
    }
}
