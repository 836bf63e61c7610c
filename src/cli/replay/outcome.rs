//! What came out of a replay: records by key, alerts by rule, and what was left out.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, de::DeserializeOwned};

use crate::cli::{
    contacts::Contacts,
    input::{Files, Place, hint},
    report::{Desk, Fired, Rejected},
};
use floorwalker_core::{
    engine::{OutTopic, Output},
    event::Text,
};

/// Records by key, and alerts in the order in which they were raised.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) kpis: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) contacts: Contacts,
    pub(super) scorecards: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) alerts: Vec<Vec<u8>>,
    fired: Firings,
    rejections: Rejections,
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

    /// What was left out, the most frequent first.
    pub(super) fn rejected(
        &self,
        skipped: &BTreeMap<Text, (u64, Place)>,
        files: &Files,
    ) -> Vec<Rejected> {
        let known = self.rejections.0.iter().map(|(reason, it)| Rejected {
            reason: reason.clone(),
            count: it.count,
            first: it.first.map_or_else(String::new, |place| files.name(place)),
            sentence: it.sentence.clone(),
            hint: it.hint,
        });
        let skipped = skipped.iter().map(|(kind, (count, first))| Rejected {
            reason: format!("skipped `{kind}`"),
            count: *count,
            first: files.name(*first),
            sentence: "no event has this type; docs/events.md lists those that are known"
                .to_owned(),
            hint: None,
        });
        let mut list: Vec<_> = known.chain(skipped).collect();
        list.sort_by_key(|rejected| std::cmp::Reverse(rejected.count));
        list
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

/// Dead letters by reason.
#[derive(Default)]
struct Rejections(BTreeMap<String, Rejection>);

/// How many there are, and the first of them in the files.
#[derive(Default)]
struct Rejection {
    count: u64,
    first: Option<Place>,
    sentence: String,
    hint: Option<&'static str>,
}

impl Rejections {
    fn add(&mut self, letter: &Output) {
        let header = |name: &str| {
            let found = letter.headers.iter().find(|(known, _)| known == name);
            let value = found.and_then(|(_, value)| value.as_deref());
            String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
        };
        let place = letter.key.as_deref().and_then(Place::from_key);
        let rejection = self.0.entry(header("floorwalker-reason")).or_default();
        rejection.count += 1;
        let earlier = match (place, rejection.first) {
            (Some(place), Some(first)) => place < first,
            (place, first) => place.is_some() || first.is_none(),
        };
        if earlier {
            rejection.first = place;
            rejection.sentence = header("floorwalker-sentence");
            rejection.hint = letter.payload.as_deref().and_then(hint);
        }
    }
}
