//! A contact's record, and how the contact came about: its parts in time order, as lines.

use serde::Serialize;

use super::{Acknowledgement, Alert};
use floorwalker_core::{
    contact::{ContactRecord, EngagementRecord, EpisodeRecord, ObligationRecord},
    event::Timestamp,
};

/// One thing that happened to a contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Line {
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What kind of thing: `contact`, `wait`, `engagement`, `obligation` or `alert`.
    pub part: &'static str,
    pub text: String,
    /// The id, if the line is about an alert.
    pub alert: Option<String>,
}

/// A contact's alert with who acknowledged it.
pub(super) type OwnAlert = (std::sync::Arc<Alert>, Option<Acknowledgement>);

/// The ids of the alerts that a contact has caused.
pub(super) fn alert_ids(record: &str) -> serde_json::Result<Vec<String>> {
    Ok(serde_json::from_str::<ContactRecord<'_>>(record)?.alerts)
}

/// All that happened, in time order.
pub(super) fn history(record: &str, alerts: &[OwnAlert]) -> serde_json::Result<Vec<Line>> {
    let contact: ContactRecord<'_> = serde_json::from_str(record)?;
    let mut lines: Vec<Line> = beginning(&contact).into_iter().collect();
    lines.extend(contact.episodes.iter().flat_map(episode_lines));
    lines.extend(contact.engagements.iter().flat_map(engagement_lines));
    lines.extend(contact.obligations.iter().flat_map(obligation_lines));
    lines.extend(alerts.iter().flat_map(alert_lines));
    lines.extend(end(&contact));
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

fn beginning(contact: &ContactRecord<'_>) -> Option<Line> {
    let channel = contact.channel.as_deref().unwrap_or("other");
    let direction = &contact.direction;
    let about = contact.reason.as_ref();
    let about = about.map_or_else(String::new, |reason| format!(", about {reason}"));
    let text = format!("begins: {direction} on {channel}{about}");
    contact.began_at.map(|at| Line::new("contact", at, text))
}

fn end(contact: &ContactRecord<'_>) -> Option<Line> {
    let over = match (contact.resolution.as_deref(), contact.resolution_settled) {
        (Some(resolution), Some(true)) => format!("over for the customer: {resolution}"),
        (Some(resolution), _) => format!("over for the customer: {resolution} so far"),
        (None, _) => "over for the customer".to_owned(),
    };
    contact.ended_at.map(|at| Line::new("contact", at, over))
}

fn episode_lines(episode: &EpisodeRecord<'_>) -> Vec<Line> {
    let queue = &episode.queue;
    let begin = Line::new("wait", episode.queued_at, format!("waits in {queue}"));
    let end = episode.ended_at.map(|at| {
        let wait = episode.wait.unwrap_or_default();
        let outcome = episode.outcome.as_deref().unwrap_or("ended");
        let agent = episode.agent.as_ref();
        let by = agent.map_or_else(String::new, |agent| format!(" by {agent}"));
        let text = format!("{outcome}{by} after {wait} s in {queue}");
        Line::new("wait", at, text)
    });
    [Some(begin), end].into_iter().flatten().collect()
}

fn engagement_lines(engagement: &EngagementRecord<'_>) -> Vec<Line> {
    let agent = &engagement.agent;
    let queue = engagement.queue.as_ref();
    let of = queue.map_or_else(String::new, |queue| format!(" for {queue}"));
    let begin = Line::new(
        "engagement",
        engagement.answered_at,
        format!("{agent} takes it{of}"),
    );
    let end = engagement.ended_at;
    let end = end.map(|at| Line::new("engagement", at, end_text(engagement)));
    [Some(begin), end].into_iter().flatten().collect()
}

fn end_text(engagement: &EngagementRecord<'_>) -> String {
    let agent = &engagement.agent;
    let parts = [engagement.talk, Some(engagement.hold), engagement.wrap];
    let [talk, hold, wrap] = parts.map(Option::unwrap_or_default);
    let mut text = format!("{agent} is done: talk {talk} s, hold {hold} s, wrap-up {wrap} s");
    if engagement.transferred {
        text.push_str(", transferred");
    }
    if engagement.complete == Some(false) {
        text.push_str(", incomplete");
    }
    text
}

fn obligation_lines(obligation: &ObligationRecord<'_>) -> Vec<Line> {
    let (policy, due) = (&obligation.policy, obligation.due_at);
    let queue = obligation.queue.as_ref();
    let place = queue.map_or_else(String::new, |queue| format!(" in {queue}"));
    let begin = format!("{policy}{place}: due {due}");
    let begin = Line::new("obligation", obligation.opened_at, begin);
    let end = obligation.decided_at.map(|at| {
        let outcome = obligation.outcome.as_deref().unwrap_or("decided");
        let agent = obligation.agent.as_ref();
        let by = agent.map_or_else(String::new, |agent| format!(", {agent}"));
        Line::new("obligation", at, format!("{policy}{place}: {outcome}{by}"))
    });
    [Some(begin), end].into_iter().flatten().collect()
}

fn alert_lines((alert, ack): &OwnAlert) -> Vec<Line> {
    let fields = &alert.fields;
    let line = |at, text| Line {
        alert: Some(fields.id.clone()),
        ..Line::new("alert", at, text)
    };
    let what = (fields.policy.as_ref()).map_or_else(
        || fields.rule.clone(),
        |policy| format!("{} of {policy}", fields.rule),
    );
    let begin = line(
        fields.starts_at,
        format!("{what} fires ({})", fields.severity),
    );
    let acknowledged = ack.as_ref().map(|ack| {
        let note = ack.note.as_ref();
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        line(ack.at, format!("{what} acknowledged by {}{note}", ack.by))
    });
    let end = fields.ends_at.map(|at| {
        let reason = fields.reason.as_deref().unwrap_or("no reason given");
        line(at, format!("{what} is over: {reason}"))
    });
    let lines = [Some(begin), acknowledged, end];
    lines.into_iter().flatten().collect()
}
