//! The description of the API, `/openapi.json`: records in it have the schemas that they have everywhere.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{agents, alerts, contacts, directory, entities, fault::Fault, floor, silences, stream};
use floorwalker_core::schema;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Floorwalker",
        description = "What a contact center's figures, alerts and contacts are now.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        entities::list_entities,
        entities::show_kpis,
        floor::show_floor,
        floor::list_trends,
        alerts::list_alerts,
        alerts::show_alert,
        alerts::acknowledge,
        agents::show_scorecard,
        contacts::show_contact,
        contacts::show_history,
        silences::list_silences,
        silences::create_silence,
        silences::end_silence,
        directory::list_statements,
        stream::listen,
    ),
    components(schemas(Fault))
)]
struct Description;

/// What stands for which file.
const PLACES: [(&str, &str); 6] = [
    ("KpiRecord", "v1/kpi.json"),
    ("AlertRecord", "v1/alert.json"),
    ("ContactRecord", "v1/contact.json"),
    ("ScorecardRecord", "v1/scorecard.json"),
    ("DirectoryStatement", "v1/statement.json"),
    ("SilenceRecord", "v1/silence.json"),
];

/// The whole document.
pub(super) fn document() -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(Description::openapi())?;
    // Nobody is asked who they are: whoever needs that puts something before it that does.
    document["security"] = json!([]);
    document["servers"] = json!([{"url": "/", "description": "This process"}]);
    let mut schemas = Map::new();
    for file in schema::files() {
        let place = PLACES.iter().find(|(_, path)| *path == file.path);
        if let Some((name, _)) = place {
            add(name, file.content, &mut schemas);
        }
    }
    add_answers(&mut schemas);
    if let Some(known) = document["components"]["schemas"].as_object_mut() {
        known.extend(schemas);
    }
    Ok(document)
}

/// What answers have beside the records on the topics.
fn add_answers(schemas: &mut Map<String, Value>) {
    let more = [
        (
            "AlertRecord",
            "silenced_by",
            json!({"type": ["string", "null"], "description": "The id of the silence by which it calls nobody, or `maintenance:NAME`."}),
        ),
        (
            "AlertRecord",
            "covers",
            json!({"type": "integer", "minimum": 0, "description": "How many firing alerts it covers. Only where one alert is asked for, which is not about a contact."}),
        ),
        (
            "SilenceRecord",
            "status",
            json!({"type": "string", "enum": ["active", "pending", "expired"], "description": "Whether it holds now."}),
        ),
    ];
    for (record, field, schema) in more {
        if let Some(known) = schemas.get_mut(record) {
            known["properties"][field] = schema;
        }
    }
}

/// A schema of draft 7 with its definitions becomes components, each under the name of its record.
fn add(name: &str, mut schema: Value, schemas: &mut Map<String, Value>) {
    let mut own = Map::new();
    if let Some(fields) = schema.as_object_mut() {
        for field in ["$schema", "$id"] {
            fields.remove(field);
        }
        if let Some(Value::Object(definitions)) = fields.remove("definitions") {
            own = definitions;
        }
    }
    for (definition, mut of) in own {
        refer(&mut of, name);
        schemas.insert(format!("{name}.{definition}"), of);
    }
    refer(&mut schema, name);
    schemas.insert(name.to_owned(), schema);
}

/// References to definitions become references to components, and lists of fixed items what they are called since draft 2020-12.
fn refer(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(fields) => {
            if let Some(items) = fields.get_mut("items").filter(|items| items.is_array()) {
                let items = items.take();
                fields.insert("prefixItems".to_owned(), items);
                let more = fields.remove("additionalItems");
                fields.insert("items".to_owned(), more.unwrap_or(Value::Bool(true)));
            }
            for (field, value) in fields {
                let target = value.as_str().filter(|_| field == "$ref");
                let definition = target.and_then(|text| text.strip_prefix("#/definitions/"));
                match definition {
                    Some(own) => *value = json!(format!("#/components/schemas/{name}.{own}")),
                    None => refer(value, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
