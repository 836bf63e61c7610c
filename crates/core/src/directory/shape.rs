//! The schema of a statement, for those who make them: its fields and words are the parser's, and `tests/it/schemas.rs` holds the
//! rest against the parser both ways.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::fields::{OfNothing, OfPolicy, OfQueue, OfTitled};
use crate::{
    contact::{Measure, Opens},
    decode::TEXT_BYTES_MAX,
};

/// The subjects whose statements have the same fields, and these.
struct Kind {
    names: &'static [&'static str],
    fields: Value,
}

/// As draft 7 of JSON Schema. That a calendar is there and that a `short_abandon` is not over its threshold it can't express.
#[must_use]
pub fn schema() -> Value {
    let mut policy = fields::<OfPolicy>();
    // Of another measure there is nothing to choose.
    policy["allOf"] = json!([{
        "if": {"required": ["opens"], "properties": {"opens": {"const": Opens::Queued.name()}}},
        "then": {"properties": {"measure": {"enum": [
            Measure::FirstResponse.name(), Measure::NextResponse.name(),
        ]}}},
    }]);
    let kinds = [
        kind(&["queue"], fields::<OfQueue>()),
        kind(&["team", "site", "agent"], fields::<OfTitled>()),
        kind(&["policy"], policy),
    ];
    let names = kinds.iter().flat_map(|kind| kind.names);
    let subjects: Vec<Value> = names.map(|name| subject(name)).collect();
    let removed = json!({
        "if": {"required": ["removed"], "properties": {"removed": {"const": true}}},
        "then": fields::<OfNothing>(),
    });
    let rules = [removed].into_iter().chain(kinds.iter().map(Kind::rule));
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Statement",
        "description": "What a queue, team, site, agent or policy is from an instant on, until the next statement of the same subject. \
                        Unlike in an event, a field that is not named here is a mistake.",
        "type": "object",
        "required": ["subject", "valid_from"],
        "properties": {
            "subject": {
                "type": "string",
                "description": "Of whom or what: the key of its record, too.",
                "anyOf": subjects,
            },
            "valid_from": {
                "type": ["string", "integer"],
                "format": "date-time",
                "description": "Since when: RFC 3339 with an offset, or whole milliseconds since 1970.",
            },
            "removed": {
                "type": "boolean",
                "description": "From then on it is as the configuration has it, or not there at all. With no further fields.",
            },
        },
        "allOf": rules.collect::<Vec<_>>(),
    })
}

const fn kind(names: &'static [&'static str], fields: Value) -> Kind {
    Kind { names, fields }
}

impl Kind {
    fn rule(&self) -> Value {
        let subject = format!("^({}):", self.names.join("|"));
        json!({
            "if": {"properties": {"subject": {"pattern": subject}, "removed": {"const": false}}},
            "then": self.fields,
        })
    }
}

fn subject(kind: &str) -> Value {
    let length_max = kind.len() + ":".len() + TEXT_BYTES_MAX;
    json!({"pattern": format!(r"^{kind}:[\s\S]+$"), "maxLength": length_max})
}

/// The object that may be read into this, beside what stands on every statement.
fn fields<Of: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().for_deserialize();
    let mut schema: Value = generator
        .into_generator()
        .into_root_schema_for::<Of>()
        .into();
    if let Value::Object(object) = &mut schema {
        object.remove("$schema");
        object.remove("title");
        object.remove("type");
    }
    for name in ["subject", "valid_from", "removed"] {
        schema["properties"][name] = json!(true);
    }
    schema
}
