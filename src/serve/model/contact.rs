//! A contact's record, and how the contact came about: its parts in time order, as lines.

use serde::{Deserialize, Serialize};

use super::{Acknowledgement, Alert};
use crate::event::Timestamp;

/// What is looked at of a contact's record.
#[derive(Debug, Deserialize)]
struct ContactTold {
    channel: Option<String>,
    direction: String,
    reason: Option<String>,
    began_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    #[serde(default)]
    episodes: Vec<Episode>,
    #[serde(default)]
    engagements: Vec<Engagement>,
    #[serde(default)]
    obligations: Vec<Obligation>,
    #[serde(default)]
    alerts: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Episode {
    queue: String,
    queued_at: Timestamp,
    ended_at: Option<Timestamp>,
    outcome: Option<String>,
    wait: Option<f64>,
    agent: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Engagement {
    agent: String,
    queue: Option<String>,
    answered_at: Timestamp,
    ended_at: Option<Timestamp>,
    talk: Option<f64>,
    hold: f64,
    wrap: Option<f64>,
    transferred: bool,
    complete: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Obligation {
    policy: String,
    queue: Option<String>,
    opened_at: Timestamp,
    due_at: Timestamp,
    outcome: Option<String>,
    decided_at: Option<Timestamp>,
    agent: Option<String>,
}

/// One thing that happened to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Line {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What kind of thing: `contact`, `wait`, `engagement`, `obligation` or `alert`.
    pub part: &'static str,
    pub text: String,
    /// Of an alert, its id.
    pub alert: Option<String>,
}

/// A contact's alert with who acknowledged it.
pub(super) type OwnAlert = (std::sync::Arc<Alert>, Option<Acknowledgement>);

/// The ids of the alerts that a contact has caused.
pub(super) fn alert_ids(record: &str) -> serde_json::Result<Vec<String>> {
    Ok(serde_json::from_str::<ContactTold>(record)?.alerts)
}

/// All that happened, in time order.
pub(super) fn history(record: &str, alerts: &[OwnAlert]) -> serde_json::Result<Vec<Line>> {
    let told: ContactTold = serde_json::from_str(record)?;
    let mut lines = told.frame();
    lines.extend(told.episodes.iter().flat_map(Episode::lines));
    lines.extend(told.engagements.iter().flat_map(Engagement::lines));
    lines.extend(told.obligations.iter().flat_map(Obligation::lines));
    lines.extend(alerts.iter().flat_map(alert_lines));
    lines.extend(told.end());
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}

impl Line {
    fn new(part: &'static str, at: Timestamp, text: String) -> Self {
        let alert = None;
        Self {
            at,
            part,
            text,
            alert,
        }
    }
}

impl ContactTold {
    fn frame(&self) -> Vec<Line> {
        let channel = self.channel.as_deref().unwrap_or("other");
        let about = self.reason.as_ref();
        let about = about.map_or_else(String::new, |reason| format!(", about {reason}"));
        let text = format!("begins: {} on {channel}{about}", self.direction);
        let line = |at| Line::new("contact", at, text);
        self.began_at.map(line).into_iter().collect()
    }

    fn end(&self) -> Option<Line> {
        let over = "over for the customer".to_owned();
        self.ended_at.map(|at| Line::new("contact", at, over))
    }
}

impl Episode {
    fn lines(&self) -> Vec<Line> {
        let queue = &self.queue;
        let begin = Line::new("wait", self.queued_at, format!("waits in {queue}"));
        let end = self.ended_at.map(|at| {
            let wait = self.wait.unwrap_or_default();
            let outcome = self.outcome.as_deref().unwrap_or("ended");
            let agent = self.agent.as_ref();
            let by = agent.map_or_else(String::new, |agent| format!(" by {agent}"));
            let text = format!("{outcome}{by} after {wait} s in {queue}");
            Line::new("wait", at, text)
        });
        [Some(begin), end].into_iter().flatten().collect()
    }
}

impl Engagement {
    fn lines(&self) -> Vec<Line> {
        let agent = &self.agent;
        let queue = self.queue.as_ref();
        let of = queue.map_or_else(String::new, |queue| format!(" for {queue}"));
        let begin = Line::new(
            "engagement",
            self.answered_at,
            format!("{agent} takes it{of}"),
        );
        let end = (self.ended_at).map(|at| Line::new("engagement", at, self.end_text()));
        [Some(begin), end].into_iter().flatten().collect()
    }

    fn end_text(&self) -> String {
        let (agent, hold) = (&self.agent, self.hold);
        let seconds = |part: Option<f64>| part.unwrap_or_default();
        let (talk, wrap) = (seconds(self.talk), seconds(self.wrap));
        let mut text = format!("{agent} is done: talk {talk} s, hold {hold} s, wrap-up {wrap} s");
        if self.transferred {
            text.push_str(", transferred");
        }
        if self.complete == Some(false) {
            text.push_str(", incomplete");
        }
        text
    }
}

impl Obligation {
    fn lines(&self) -> Vec<Line> {
        let (policy, due) = (&self.policy, self.due_at);
        let queue = self.queue.as_ref();
        let place = queue.map_or_else(String::new, |queue| format!(" in {queue}"));
        let begin = format!("{policy}{place}: due {due}");
        let begin = Line::new("obligation", self.opened_at, begin);
        let end = self.decided_at.map(|at| {
            let outcome = self.outcome.as_deref().unwrap_or("decided");
            let agent = self.agent.as_ref();
            let by = agent.map_or_else(String::new, |agent| format!(", {agent}"));
            Line::new("obligation", at, format!("{policy}{place}: {outcome}{by}"))
        });
        [Some(begin), end].into_iter().flatten().collect()
    }
}

fn alert_lines((alert, ack): &OwnAlert) -> Vec<Line> {
    let told = &alert.told;
    let line = |at, text| Line {
        alert: Some(told.id.clone()),
        ..Line::new("alert", at, text)
    };
    let what = (told.policy.as_ref()).map_or_else(
        || told.rule.clone(),
        |policy| format!("{} of {policy}", told.rule),
    );
    let begin = line(told.starts_at, format!("{what} fires ({})", told.severity));
    let acknowledged = ack.as_ref().map(|ack| {
        let note = ack.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        line(ack.at, format!("{what} acknowledged by {}{note}", ack.by))
    });
    let end = told.ends_at.map(|at| {
        let reason = told.reason.as_deref().unwrap_or("no reason given");
        line(at, format!("{what} is over: {reason}"))
    });
    let lines = [Some(begin), acknowledged, end];
    lines.into_iter().flatten().collect()
}
