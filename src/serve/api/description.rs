//! The description of the API, `/openapi.json`: records in it have the schemas that they have everywhere.

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{
    agents, alerts, contacts, directory, entities, floor, queue_agents, recognitions, session,
    silences, stream,
};
use crate::serve::{
    access::COOKIE,
    problem::{PROBLEM_JSON, Problem},
};
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
        recognitions::list_recognitions,
        queue_agents::list_queue_agents,
        contacts::show_contact,
        contacts::show_history,
        silences::list_silences,
        silences::create_silence,
        silences::end_silence,
        directory::list_statements,
        session::show_session,
        stream::listen,
    ),
    components(schemas(Problem))
)]
struct Description;

/// What stands for which file.
const PLACES: [(&str, &str); 7] = [
    ("KpiRecord", "v1/kpi.json"),
    ("AlertRecord", "v1/alert.json"),
    ("ContactRecord", "v1/contact.json"),
    ("ScorecardRecord", "v1/scorecard.json"),
    ("RecognitionRecord", "v1/recognition.json"),
    ("DirectoryStatement", "v1/statement.json"),
    ("SilenceRecord", "v1/silence.json"),
];

/// The whole document. Where there are tokens, each operation names the scope that it needs.
pub(super) fn document(has_tokens: bool) -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(Description::openapi())?;
    document["security"] = json!([]);
    document["components"]["responses"] = shared_responses();
    if has_tokens {
        document["components"]["securitySchemes"] = json!({
            "token": {"type": "http", "scheme": "bearer", "description": "A token of the configuration, such as `floorwalker token new` makes."},
            "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser that is signed in at /sign-in."},
        });
    }
    let paths = document["paths"].as_object_mut();
    let operations = paths.into_iter().flat_map(|paths| paths.values_mut());
    for methods in operations.filter_map(Value::as_object_mut) {
        for (method, operation) in methods.iter_mut() {
            complete(method, operation, has_tokens);
        }
    }
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

/// What any operation may answer.
const SHARED: [(&str, &str, &str); 5] = [
    ("400", "Malformed", "The path or the query can't be read"),
    (
        "401",
        "Unauthorized",
        "There is no token, or none that is known",
    ),
    (
        "403",
        "Forbidden",
        "The token lacks the scope, or a page of another site asks",
    ),
    (
        "421",
        "Misdirected",
        "The host is none of this server's names",
    ),
    (
        "503",
        "Unavailable",
        "There is no room for another connection, or the answer took too long: ask again in a moment",
    ),
];

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn shared_responses() -> Value {
    let shared = SHARED.map(|(_, name, description)| {
        let mut answer = problem(description);
        if name == "Unauthorized" {
            answer["headers"]["WWW-Authenticate"] = text_header("What to send (RFC 6750)");
        }
        (name.to_owned(), answer)
    });
    let unchanged = json!({
        "description": "Nothing has changed since the answer with this tag",
        "headers": {"ETag": text_header(TAG)},
    });
    let all = shared
        .into_iter()
        .chain([("Unchanged".to_owned(), unchanged)]);
    Value::Object(all.collect())
}

const TAG: &str = "The tag of this content: send it as `If-None-Match`";

fn text_header(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}

/// What the server adds to what an operation's own code has.
fn complete(method: &str, operation: &mut Value, has_tokens: bool) {
    let asks = method == "get";
    if has_tokens {
        let scope = if asks { "read" } else { "act" };
        operation["security"] = json!([{"token": [scope]}, {"session": [scope]}]);
    }
    let names: Vec<_> = (operation["parameters"].as_array().into_iter().flatten())
        .filter_map(|it| it["name"].as_str())
        .collect();
    let has_pages = names.contains(&"cursor");
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, answer) in responses.iter_mut() {
        if status.starts_with(['4', '5']) {
            let description = answer["description"].as_str().unwrap_or_default();
            *answer = problem(description);
        }
    }
    for (status, name, _) in SHARED {
        let is_of_tokens = ["401", "403"].contains(&status);
        if has_tokens || !is_of_tokens {
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            responses.entry(status).or_insert(reference);
        }
    }
    let is_json = responses
        .get("200")
        .is_some_and(|it| it["content"]["application/json"].is_object());
    if asks && is_json {
        responses["200"]["headers"]["ETag"] = text_header(TAG);
        let unchanged = json!({"$ref": "#/components/responses/Unchanged"});
        responses.insert("304".to_owned(), unchanged);
    }
    if has_pages {
        let link = "The way to the next page, `<…>; rel=\"next\"`; missing on the last one";
        responses["200"]["headers"]["Link"] = text_header(link);
    }
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
