//! The AsyncAPI document: topics, their messages, and who sends what, beside the schemas.

use serde_json::{Map, Value, json};

use super::{RECORDS, RecordKind, path};

const DRAFT_7: &str = "application/schema+json;version=draft-07";

/// Returns the document in AsyncAPI 3.0, from this application's view: it receives events and sends records.
pub(super) fn document() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    let mut add = |name: &str, parts: Parts| {
        channels.insert(name.to_owned(), parts.channel);
        operations.insert(
            format!("{}_{name}", parts.action),
            operation(parts.action, name),
        );
        messages.insert(name.to_owned(), parts.message);
    };
    add("events", events());
    for kind in &RECORDS {
        add(kind.topic, records(kind));
    }
    add("directory", directory());
    add("acknowledgements", acknowledgements());
    add("silences", silences());
    add("dead_letters", dead_letters());
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Floorwalker",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events of a contact center in, figures, alerts and contacts out, through Kafka. All topics are to be read with \
                            `isolation.level=read_committed`. With `[outputs] format = \"protobuf\"` records are the messages of `proto/`, \
                            field by field.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    })
}

struct Parts {
    action: &'static str,
    channel: Value,
    message: Value,
}

fn operation(action: &str, name: &str) -> Value {
    json!({"action": action, "channel": {"$ref": format!("#/channels/{name}")}})
}

fn channel(name: &str, address: &str, about: &str) -> Value {
    let mut channel = json!({
        "address": address,
        "description": about,
        "messages": {name: {"$ref": format!("#/components/messages/{name}")}},
    });
    if address.contains("{prefix}") {
        channel["parameters"] = json!({
            "prefix": {"description": "`kafka.prefix` of the settings.", "default": "floorwalker"},
        });
    }
    channel
}

fn payload(schema: &str) -> Value {
    json!({"schemaFormat": DRAFT_7, "schema": {"$ref": format!("./{}", path(schema))}})
}

fn key(about: &str) -> Value {
    json!({"kafka": {"key": {"type": "string", "description": about}}})
}

fn events() -> Parts {
    let about = "A source topic of the settings, yours. Any number of partitions; keyed by contact id if you can choose.";
    Parts {
        action: "receive",
        channel: json!({
            "address": "{source}",
            "description": about,
            "parameters": {"source": {"description": "A topic of `[[sources]]`.", "default": "contact-events"}},
            "messages": {"events": {"$ref": "#/components/messages/events"}},
        }),
        message: json!({
            "name": "Event",
            "summary": "What happens to a contact or an agent.",
            "contentType": "application/json",
            "payload": payload("event"),
        }),
    }
}

fn records(kind: &RecordKind) -> Parts {
    let schema = kind.schema();
    Parts {
        action: "send",
        channel: channel(
            kind.topic,
            &format!("{{prefix}}.{}", kind.topic),
            "Compacted: the newest record of each key stays.",
        ),
        message: json!({
            "name": schema["title"],
            "summary": schema["description"],
            "contentType": "application/json",
            "bindings": key(kind.key),
            "payload": payload(kind.name),
        }),
    }
}

fn directory() -> Parts {
    let about = "What queues, teams, sites, agents and policies are from an instant on, while all runs: from you. Compacted.";
    let subject = "The statement's subject. Without a value it is as the configuration has it, from when that was written on.";
    Parts {
        action: "receive",
        channel: channel("directory", "{prefix}.directory", about),
        message: json!({
            "name": "Statement",
            "summary": "What one of them is from an instant on.",
            "contentType": "application/json",
            "bindings": key(subject),
            "payload": payload("statement"),
        }),
    }
}

fn acknowledgements() -> Parts {
    let about = "Who has taken up which alert: from the API, or from you. Compacted; the newest of an alert counts.";
    Parts {
        action: "receive",
        channel: channel("acknowledgements", "{prefix}.acknowledgements", about),
        message: json!({
            "name": "Acknowledgement",
            "summary": "An event of the type `alert_acknowledged`.",
            "contentType": "application/json",
            "bindings": key("The alert's id"),
            "payload": payload("event"),
        }),
    }
}

fn silences() -> Parts {
    let about = "Which alerts call nobody for a while: from the API, or from you. Compacted; the newest of an id counts.";
    Parts {
        action: "receive",
        channel: channel("silences", "{prefix}.silences", about),
        message: json!({
            "name": "Silence",
            "summary": "What an alert must be, from when and until when it calls nobody.",
            "contentType": "application/json",
            "bindings": key("The silence's id. Without a value there is none any more."),
            "payload": payload("silence"),
        }),
    }
}

fn dead_letters() -> Parts {
    let text = |about: &str| json!({"type": "string", "description": about});
    let headers = json!({
        "floorwalker-topic": text("Where it was read."),
        "floorwalker-partition": text("A whole number."),
        "floorwalker-offset": text("A whole number."),
        "floorwalker-reason": text("The code of the rule that is broken. There may be more within a version."),
        "floorwalker-sentence": text("What is wrong, for people."),
    });
    let required: Vec<String> = headers
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    let mut headers = headers;
    headers["floorwalker-cut"] = text(
        "Only of a record too large to be kept whole: what was left out of it, one or more of payload, key and headers.",
    );
    headers["floorwalker-bytes"] = text("Only with a cut: how many bytes the payload had.");
    headers["floorwalker-sha256"] =
        text("Only with a cut: the SHA-256 of the whole payload, in hexadecimal.");
    let about = "What could not be used, byte for byte, with its key and headers.";
    Parts {
        action: "send",
        channel: channel("dead_letters", "{prefix}.dead-letters", about),
        message: json!({
            "name": "DeadLetter",
            "summary": "A record as it was read, and what is wrong with it in headers.",
            "contentType": "application/octet-stream",
            "headers": {"type": "object", "required": required, "properties": headers},
        }),
    }
}
