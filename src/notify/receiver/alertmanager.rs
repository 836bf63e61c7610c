//! Alertmanager: an alert of its own for each of ours, posted again while it fires, and with its end when that comes.
//!
//! Alertmanager knows an alert by its labels, so they are the ones of the first message. What changes stands in annotations.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use super::{http::Http, outcome::Outcome, text::Text};
use crate::notify::{notification::Transition, settings::Secret};
use floorwalker_core::event::{Span, Timestamp};

/// An alert that is not posted again ends by itself after this long: five refreshes may fail.
const FIRES_FOR: Span = Span::from_secs(5 * 60);
const PATH: &str = "api/v2/alerts";
/// Alerts that are over and are remembered: a message about one that comes late does not wake it.
const OVER_MAX: usize = 10_000;

pub(super) struct Alertmanager {
    http: Http,
    authorization: Vec<(&'static str, String)>,
    /// By the id of ours.
    firing: BTreeMap<String, Posted>,
    over: BTreeSet<String>,
    /// In the order in which they ended.
    over_order: VecDeque<String>,
}

/// An alert as it is posted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    labels: BTreeMap<&'static str, String>,
    annotations: BTreeMap<&'static str, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl Alertmanager {
    pub(super) fn new(http: Http, token: Option<&Secret>) -> Self {
        let token = token.map(|token| ("authorization", format!("Bearer {}", token.reveal())));
        Self {
            http: http.below(PATH),
            authorization: token.into_iter().collect(),
            firing: BTreeMap::new(),
            over: BTreeSet::new(),
            over_order: VecDeque::new(),
        }
    }

    pub(super) async fn send(&self, text: &Text, now: Timestamp) -> Outcome {
        let posted = self.posted(text, now);
        self.http.post(&json!([posted]), &self.authorization).await
    }

    /// Posts all that fires once more.
    pub(super) async fn refresh(&self, now: Timestamp) -> Outcome {
        if self.firing.is_empty() {
            return Outcome::Delivered(String::new());
        }
        let again = self.firing.values().map(|posted| Posted {
            ends_at: now + FIRES_FOR,
            ..posted.clone()
        });
        let all: Vec<Value> = again.map(|posted| json!(posted)).collect();
        self.http
            .post(&Value::Array(all), &self.authorization)
            .await
    }

    pub(super) fn note_delivered(&mut self, text: &Text) {
        let id = &text.message.incident;
        if text.message.transition == Transition::Resolved {
            self.firing.remove(id);
            if self.over.insert(id.clone()) {
                self.over_order.push_back(id.clone());
            }
            if self.over_order.len() > OVER_MAX
                && let Some(oldest) = self.over_order.pop_front()
            {
                self.over.remove(&oldest);
            }
        } else if !self.over.contains(id) {
            let posted = self.posted(text, text.message.at);
            self.firing.insert(id.clone(), posted);
        }
    }

    fn posted(&self, text: &Text, now: Timestamp) -> Posted {
        let fields = &text.fields;
        let known = self.firing.get(&text.message.incident);
        let ends_at = match text.message.transition {
            Transition::Resolved => fields.ends_at.unwrap_or(text.message.at),
            Transition::Fired
            | Transition::Repeated
            | Transition::Escalated
            | Transition::Acknowledged => now + FIRES_FOR,
        };
        Posted {
            labels: known.map_or_else(|| labels(text), |known| known.labels.clone()),
            annotations: annotations(text),
            starts_at: known.map_or(fields.starts_at, |known| known.starts_at),
            ends_at,
            generator_url: text.link.clone(),
        }
    }
}

fn labels(text: &Text) -> BTreeMap<&'static str, String> {
    let fields = &text.fields;
    let labels = [
        ("alertname", Some(fields.rule.clone())),
        ("severity", Some(fields.severity.clone())),
        ("subject", Some(fields.subject.clone())),
        ("incident", Some(text.message.incident.clone())),
        ("queue", fields.queue.clone()),
        ("team", text.message.team.clone()),
        ("channel", fields.channel.clone()),
        ("source", Some("floorwalker".to_owned())),
    ];
    let given = labels.into_iter();
    given
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn annotations(text: &Text) -> BTreeMap<&'static str, String> {
    let mut annotations: BTreeMap<&'static str, String> = text
        .facts()
        .into_iter()
        .filter(|(name, _)| ["contacts", "covers", "runbook"].contains(name))
        .collect();
    annotations.insert("summary", text.why().to_owned());
    annotations.insert("state", text.state());
    annotations.extend(text.action().map(|action| ("action", action.to_owned())));
    annotations
}
