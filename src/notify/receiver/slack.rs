//! Slack: the body of an incoming webhook. Such a message can't be changed later: what follows is a message of its own.

use serde_json::{Value, json};

use super::text::Text;

/// Slack's limits on what blocks hold.
const HEADER_CHARS_MAX: usize = 150;
const SECTION_CHARS_MAX: usize = 3_000;

pub(super) fn body(text: &Text) -> Value {
    let mut lines = vec![escaped(text.why())];
    lines.extend(text.action().map(|action| format!("*{}*", escaped(action))));
    let facts = text.facts();
    let facts = facts
        .iter()
        .map(|(name, fact)| format!("{name}: {}", escaped(fact)));
    let context = facts.collect::<Vec<_>>().join("  ·  ");
    let mut blocks = vec![
        json!({"type": "header", "text": {
            "type": "plain_text", "text": cut(&text.title(), HEADER_CHARS_MAX)}}),
        json!({"type": "section", "text": {
            "type": "mrkdwn", "text": cut(&lines.join("\n"), SECTION_CHARS_MAX)}}),
        json!({"type": "context", "elements": [{
            "type": "mrkdwn", "text": cut(&context, SECTION_CHARS_MAX)}]}),
    ];
    blocks.extend(text.link.as_ref().map(|link| {
        let link = format!("<{}|Open the wallboard>", escaped(link));
        json!({"type": "section", "text": {"type": "mrkdwn", "text": link}})
    }));
    // What a notification on a phone shows.
    let short = format!("{}: {}", text.title(), text.why());
    json!({"text": escaped(&short), "blocks": blocks})
}

/// The characters that mean something in Slack's text.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

fn cut(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept = text.chars().take(chars_max - 1);
    kept.chain(['…']).collect()
}
