//! PagerDuty: events of its API v2. All messages of an alert have one `dedup_key`: PagerDuty opens one incident, and ends it.

use serde_json::{Value, json};

use super::text::Text;
use crate::notify::notification::Transition;

/// PagerDuty's limits.
const KEY_BYTES_MAX: usize = 255;
const SUMMARY_CHARS_MAX: usize = 1_024;

pub(super) fn body(text: &Text, routing_key: &str) -> Value {
    let fields = &text.fields;
    let action = match text.message.transition {
        Transition::Fired | Transition::Repeated | Transition::Escalated => "trigger",
        Transition::Acknowledged => "acknowledge",
        Transition::Resolved => "resolve",
    };
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(text),
        "client": "Floorwalker",
    });
    let links = text.link.iter();
    let links = links.map(|link| json!({"href": link, "text": "Wallboard"}));
    event["links"] = links.collect();
    if let Some(link) = &text.link {
        event["client_url"] = json!(link);
    }
    if action == "trigger" {
        let summary: String = text.why().chars().take(SUMMARY_CHARS_MAX).collect();
        let facts = text.facts().into_iter();
        let mut details: serde_json::Map<String, Value> = facts
            .map(|(name, fact)| (name.to_owned(), json!(fact)))
            .collect();
        details.extend(text.action().map(|it| ("action".to_owned(), json!(it))));
        details.insert("state".to_owned(), json!(text.state()));
        event["payload"] = json!({
            "summary": summary,
            "source": fields.subject,
            "severity": if fields.severity == "critical" { "critical" } else { "warning" },
            "timestamp": text.message.at,
            "component": fields.queue,
            "group": text.message.team,
            "class": fields.rule,
            "custom_details": details,
        });
    }
    event
}

/// The id of the alert, or where that is too long the key of its first message.
fn dedup_key(text: &Text) -> String {
    let id = &text.message.incident;
    match id.len() <= KEY_BYTES_MAX {
        true => id.clone(),
        false => text.first_id(),
    }
}
