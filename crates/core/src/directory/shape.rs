//! JSON Schema of a statement, for its producers. Its fields and words are the parser's; `tests/it/schemas.rs` compares the
//! rest with the parser both ways.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use super::fields::{OfNothing, OfPolicy, OfQueue, OfTitled};
use crate::{
    contact::{Measure, Opens},
    decode::TEXT_BYTES_MAX,
};

/// Subjects whose statements have the same fields, with these fields.
struct Kind {
    names: &'static [&'static str],
    fields: Value,
}

/// Returns the schema in draft 7. It can't express that a calendar must exist and that `short_abandon` must not exceed the threshold.
#[must_use]
pub fn schema() -> Value {
    let mut policy = fields::<OfPolicy>();
    // Other measures have no choice.
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

/// Returns the schema of an object that can be read into this type, beside the fields of every statement.
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
