//! Microsoft Teams: an Adaptive Card for a webhook of Workflows. Such a card can't be changed later: what follows is a card of its own.

use serde_json::{Value, json};

use super::text::Text;

/// The newest version that all clients of Teams show.
const VERSION: &str = "1.4";

pub(super) fn body(text: &Text) -> Value {
    let colour = match (text.is_over(), text.fields.severity.as_str()) {
        (true, _) => "Good",
        (false, "critical") => "Attention",
        (false, _) => "Warning",
    };
    let block = |words: &str| json!({"type": "TextBlock", "text": plain(words), "wrap": true});
    let mut blocks = vec![
        json!({"type": "TextBlock", "text": plain(&text.title()), "wrap": true, "weight": "Bolder", "size": "Medium",
            "color": colour}),
        block(text.why()),
    ];
    blocks.extend(text.action().map(block));
    let facts = text.facts();
    let facts = facts
        .iter()
        .map(|(name, fact)| json!({"title": name, "value": plain(fact)}));
    blocks.push(json!({"type": "FactSet", "facts": facts.collect::<Vec<_>>()}));
    let actions = text.link.iter();
    let actions = actions
        .map(|link| json!({"type": "Action.OpenUrl", "title": "Open the wallboard", "url": link}));
    json!({"type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": VERSION,
            "body": blocks,
            "actions": actions.collect::<Vec<_>>(),
        },
    }]})
}

/// Names may hold what Markdown takes for emphasis or a link.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if "\\`*_[]()~".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}
