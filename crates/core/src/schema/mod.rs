//! What goes in and what comes out, described for programs: JSON Schemas and an AsyncAPI document.
//!
//! Contract: the schemas of records are generated from the records' own types, those of events and of the directory's statements from
//! their readers' words and limits. Within a version what was valid stays valid (`tests/it/schema_compat.rs`).
//!
//! ```
//! let files = floorwalker_core::schema::files();
//! assert!(files.iter().any(|file| file.path == "v1/kpi.json"));
//! ```

mod asyncapi;
mod event;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{
    alert::AlertRecord, balance::ScorecardRecord, contact::ContactRecord, directory, kpi::KpiRecord,
};

pub use event::KINDS;

/// The version of all records and events: what can't be read as before is another one.
pub const VERSION: u32 = 1;

/// A kind of record that the engine writes.
#[derive(Debug, Clone, Copy)]
pub struct RecordKind {
    /// `kpi`: names the schema's file.
    pub name: &'static str,
    /// The topic's name behind the prefix.
    pub topic: &'static str,
    /// What the records' keys are.
    pub key: &'static str,
    schema: fn() -> Value,
}

const SCORECARD_KEY: &str = "`agent:ID/queue:ID/channel:NAME`, with `%2F` for a slash and `%25` for a percent sign in an id. Without a value: there is \
                             none any more.";

/// All of them: another record is another line.
pub const RECORDS: [RecordKind; 4] = [
    RecordKind::of::<KpiRecord<'_>>("kpi", "kpis", "`entity/window`"),
    RecordKind::of::<AlertRecord<'_>>("alert", "alerts", "The alert's id"),
    RecordKind::of::<ContactRecord<'_>>("contact", "contacts", "The contact's id"),
    RecordKind::of::<ScorecardRecord<'_>>("scorecard", "scorecards", SCORECARD_KEY),
];

/// A description as a file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// `v1/kpi.json`.
    pub path: String,
    pub content: Value,
}

impl RecordKind {
    const fn of<Record: JsonSchema>(
        name: &'static str,
        topic: &'static str,
        key: &'static str,
    ) -> Self {
        Self {
            name,
            topic,
            key,
            schema: of::<Record>,
        }
    }

    /// As draft 7 of JSON Schema, which AsyncAPI's tools read. Fields that it does not name are allowed.
    #[must_use]
    pub fn schema(&self) -> Value {
        with_id(self.name, (self.schema)())
    }
}

/// Every description there is.
#[must_use]
pub fn files() -> Vec<File> {
    let records = RECORDS.iter().map(|kind| (kind.name, kind.schema()));
    let inputs = [
        ("event", event::schema()),
        ("statement", directory::schema()),
    ];
    let schemas = records.chain(inputs.map(|(name, schema)| (name, with_id(name, schema))));
    let mut files: Vec<File> = schemas
        .map(|(name, content)| File {
            path: path(name),
            content,
        })
        .collect();
    files.push(File {
        path: "asyncapi.json".to_owned(),
        content: asyncapi::document(),
    });
    files
}

/// Where a schema lies, as the AsyncAPI document beside its folder names it.
fn path(name: &str) -> String {
    format!("v{VERSION}/{name}.json")
}

fn of<Record: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<Record>()
        .into()
}

fn with_id(name: &str, mut schema: Value) -> Value {
    schema["$id"] = json!(format!("urn:floorwalker:v{VERSION}:{name}"));
    schema
}
