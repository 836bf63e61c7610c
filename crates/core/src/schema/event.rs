//! JSON Schema of events, for their producers. The words and limits are the decoder's; a test compares the table with it
//! both ways (`tests/it/schemas.rs`).

use serde_json::{Map, Value, json};

use crate::{
    decode::TEXT_BYTES_MAX,
    event::{
        AgentState, Author, Channel, DeclineCause, Direction, EndedBy, LeftWhy,
        names::{words, words_or_null},
    },
};

/// A kind of event: its `type`, what it means, fields that it needs, and others that it may have.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub about: &'static str,
    pub needs: &'static [&'static str],
    pub may_have: &'static [&'static str],
}

const fn kind(
    name: &'static str,
    about: &'static str,
    needs: &'static [&'static str],
    may_have: &'static [&'static str],
) -> Kind {
    Kind {
        name,
        about,
        needs,
        may_have,
    }
}

const CONTACT: &str = "contact_id";

/// All kinds, without the fields of every event.
pub const KINDS: [Kind; 20] = [
    kind(
        "transferred",
        "Ends that agent's talk and opens nothing: the wait or answer it causes is its own event. To at most one target.",
        &[CONTACT, "agent"],
        &["to_queue", "to_agent", "to_external", "warm"],
    ),
    kind(
        "contact_queued",
        "Begins to wait in a queue, again after a transfer to a queue. An inbound one needs the queue.",
        &[CONTACT],
        &["queue", "direction", "priority", "reason", "leg", "thread"],
    ),
    kind(
        "contact_left_queue",
        "Left without an agent and was not abandoned: a flow-out.",
        &[CONTACT],
        &["why"],
    ),
    kind(
        "agent_offered",
        "It rings, or is reserved, at an agent.",
        &[CONTACT, "agent"],
        &["queue", "leg"],
    ),
    kind(
        "offer_declined",
        "The offer came back; withdrawn counts against nobody.",
        &[CONTACT, "agent", "cause"],
        &[],
    ),
    kind(
        "agent_answered",
        "The agent takes it: an engagement begins. Never sent for a bot.",
        &[CONTACT, "agent"],
        &["queue", "leg"],
    ),
    kind(
        "agent_left",
        "That agent's talk ends without a transfer: wrap-up begins, the contact goes on.",
        &[CONTACT, "agent"],
        &["leg"],
    ),
    kind(
        "contact_paused",
        "Waits for the customer or a third party: pending, on hold, snoozed.",
        &[CONTACT],
        &["reason"],
    ),
    kind(
        "contact_continued",
        "Is ours again.",
        &[CONTACT],
        &["reason"],
    ),
    kind("hold_started", "A hold begins.", &[CONTACT, "agent"], &[]),
    kind("hold_ended", "A hold ends.", &[CONTACT, "agent"], &[]),
    kind(
        "message_sent",
        "A message, mail, post or segment of a transcript. One by an agent names the agent; a private note counts for nothing.",
        &[CONTACT, "by"],
        &["agent", "public", "queue", "text", "sentiment"],
    ),
    kind(
        "contact_ended",
        "The customer's side is over; ends all talk.",
        &[CONTACT, "by"],
        &["reason"],
    ),
    kind(
        "wrap_up_ended",
        "After-contact work is done: the engagement ends.",
        &[CONTACT, "agent"],
        &["disposition", "resolved"],
    ),
    kind(
        "engagement_reported",
        "A vendor's authoritative summary of one leg: at least one of talk, hold and wrap_up.",
        &[CONTACT, "agent"],
        &["leg", "talk", "hold", "wrap_up", "hold_count"],
    ),
    kind(
        "contact_resolved",
        "The ticket is solved.",
        &[CONTACT],
        &["agent"],
    ),
    kind(
        "contact_reopened",
        "It is taken up again.",
        &[CONTACT],
        &["agent"],
    ),
    kind(
        "survey_answered",
        "The customer's rating; the score lies on its scale.",
        &[CONTACT, "score", "scale_min", "scale_max"],
        &["comment"],
    ),
    kind(
        "agent_state_changed",
        "A full state, so that a feed of snapshots maps onto it.",
        &["agent", "state"],
        &["reason", "team", "site", "skills"],
    ),
    kind(
        "alert_acknowledged",
        "Somebody has taken up an alert.",
        &["alert", "by"],
        &["note"],
    ),
];

/// Fields that an event of any kind may have.
const ENVELOPE: [&str; 5] = ["event_id", "source", "sequence", "channel", "customer_id"];

/// Type of a field.
enum Holds {
    Id,
    /// Text of a person, of any length.
    Prose,
    Remark,
    Bool,
    Integer,
    Number,
    Words(Value),
    Else(Value),
}

/// Returns the schema of all kinds. Events of other kinds are counted and skipped.
pub(super) fn schema() -> Value {
    let kinds: Vec<Value> = KINDS.iter().map(of_kind).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Event",
        "description": "What happens in a contact center, one flat object a record. `null` is absent; fields that are not named here are \
                        ignored; a `type` that is not named here is counted and skipped.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "examples": KINDS.map(|kind| kind.name)}},
        "allOf": kinds,
    })
}

fn of_kind(kind: &Kind) -> Value {
    let mut properties = Map::new();
    properties.insert("occurred_at".to_owned(), occurred_at());
    for name in kind.needs {
        properties.insert((*name).to_owned(), field(kind.name, name, true));
    }
    for name in kind.may_have.iter().chain(&ENVELOPE) {
        properties.insert((*name).to_owned(), field(kind.name, name, false));
    }
    let needs = ["occurred_at"].iter().chain(kind.needs);
    let mut then = json!({
        "description": kind.about,
        "required": needs.collect::<Vec<_>>(),
        "properties": properties,
    });
    if let Some(rules) = rules(kind.name) {
        then["allOf"] = rules;
    }
    json!({
        "if": {"required": ["type"], "properties": {"type": {"const": kind.name}}},
        "then": then,
    })
}

/// Returns the rules between two fields of a kind.
fn rules(kind: &str) -> Option<Value> {
    let present = |name: &str| json!({"required": [name], "properties": {name: {"type": "string", "minLength": 1}}});
    let both = |one, other| json!({"not": {"allOf": [present(one), present(other)]}});
    match kind {
        "transferred" => Some(json!([
            both("to_queue", "to_agent"),
            both("to_queue", "to_external"),
            both("to_agent", "to_external"),
        ])),
        "contact_queued" => Some(json!([{
            "if": {"properties": {"direction": {"enum": [Direction::Inbound.name(), null]}}},
            "then": present("queue"),
        }])),
        "message_sent" => Some(json!([{
            "if": {"properties": {"by": {"const": "agent"}}},
            "then": {"required": ["agent"], "properties": {"agent": field("", "agent", true)}},
        }])),
        _ => None,
    }
}

fn occurred_at() -> Value {
    json!({
        "type": ["string", "integer"],
        "format": "date-time",
        "description": "When it happened: RFC 3339 with an offset, or whole milliseconds since 1970. Of the years 2000 to 2200.",
    })
}

fn field(kind: &str, name: &str, needed: bool) -> Value {
    let of_type = |word: &str| match needed {
        true => json!({"type": word}),
        false => json!({"type": [word, "null"]}),
    };
    let mut schema = match holds(kind, name, needed) {
        Holds::Id => {
            let mut id = of_type("string");
            id["minLength"] = json!(1);
            id["maxLength"] = json!(TEXT_BYTES_MAX);
            id
        }
        Holds::Prose => of_type("string"),
        Holds::Remark => {
            let mut remark = of_type("string");
            remark["maxLength"] = json!(TEXT_BYTES_MAX);
            remark
        }
        Holds::Bool => of_type("boolean"),
        Holds::Integer => of_type("integer"),
        Holds::Number => of_type("number"),
        Holds::Words(words) => json!({"enum": words}),
        Holds::Else(schema) => schema,
    };
    if let Some(about) = about(kind, name) {
        schema["description"] = json!(about);
    }
    schema
}

fn closed<T: Copy>(all: &[T], name: fn(T) -> &'static str, needed: bool) -> Holds {
    Holds::Words(match needed {
        true => words(all, name),
        false => words_or_null(all, name),
    })
}

fn holds(kind: &str, name: &str, needed: bool) -> Holds {
    match (name, kind) {
        ("channel", _) => closed(&Channel::ALL, Channel::name, needed),
        ("direction", _) => closed(&Direction::ALL, Direction::name, needed),
        ("why", _) => closed(&LeftWhy::ALL, LeftWhy::name, needed),
        ("cause", _) => closed(&DeclineCause::ALL, DeclineCause::name, needed),
        ("state", _) => closed(&AgentState::ALL, AgentState::name, needed),
        ("by", "contact_ended") => closed(&EndedBy::ALL, EndedBy::name, needed),
        ("by", "message_sent") => Holds::Words(json!(Author::NAMES)),
        ("by", _) => Holds::Id,
        // Only an agent's message is checked for it.
        ("agent", "message_sent") => Holds::Else(json!({})),
        ("warm" | "public" | "resolved", _) => Holds::Bool,
        ("priority" | "hold_count" | "sequence", _) => Holds::Integer,
        ("talk" | "hold" | "wrap_up" | "score" | "scale_min" | "scale_max", _) => Holds::Number,
        ("text" | "comment" | "source", _) => Holds::Prose,
        ("reason" | "leg" | "thread" | "to_external" | "disposition" | "note", _) => Holds::Remark,
        ("sentiment", _) => {
            Holds::Else(json!({"type": ["number", "null"], "minimum": -1, "maximum": 1}))
        }
        ("skills", _) => Holds::Else(json!({
            "type": ["array", "null"],
            "items": {"type": "string", "maxLength": TEXT_BYTES_MAX},
        })),
        ("alert", _) => Holds::Else(
            json!({"type": "string", "pattern": r"^[\s\S]+/[^/]*$", "maxLength": TEXT_BYTES_MAX + 64}),
        ),
        _ => Holds::Id,
    }
}

fn about(kind: &str, name: &str) -> Option<&'static str> {
    Some(match (name, kind) {
        ("event_id", _) => {
            "Shared by all repeats of this event. Without one, the content is the id."
        }
        ("source", _) => "System that sent it.",
        ("sequence", _) => {
            "Its place among the events of one contact, or agent, and instant; counts where all of them carry one. 64 bits, signed."
        }
        ("contact_id", _) => {
            "The root interaction: legs that a vendor numbers anew carry the first one's id."
        }
        ("customer_id", _) => "Leaves the process only as a keyed hash.",
        ("talk" | "hold" | "wrap_up", _) => "Seconds; absent, the figure of the events counts.",
        ("agent", "transferred") => "Who gave the contact away.",
        ("direction", _) => "Unsaid: the contact's, else inbound.",
        ("public", _) => "Unsaid: true.",
        ("why", _) => "Unsaid: other.",
        ("text" | "comment", _) => "Read past: in no state and no output.",
        ("alert", _) => "The alert's id.",
        _ => return None,
    })
}
