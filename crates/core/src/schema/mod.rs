//! Descriptions for programs of what goes in and what comes out: JSON Schemas and an AsyncAPI document.
//!
//! Contract: the schemas of records are generated from the records' own types, those of events and of the directory's statements from
//! their parsers' words and limits. Within a version, what was valid stays valid (`tests/it/schema_compat.rs`).
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
    alert::AlertRecord, balance::ScorecardRecord, contact::ContactRecord, directory,
    kpi::KpiRecord, rules::RecognitionRecord, silence::Silence,
};

pub use event::KINDS;

/// Version of all records and events; an incompatible change needs a new one.
pub const VERSION: u32 = 1;

/// A kind of record that the engine writes.
#[derive(Debug, Clone, Copy)]
pub struct RecordKind {
    /// `kpi`: names the schema's file.
    pub name: &'static str,
    /// The topic's name behind the prefix.
    pub topic: &'static str,
    /// Meaning of the records' keys.
    pub key: &'static str,
    schema: fn() -> Value,
}

const SCORECARD_KEY: &str = "`agent:ID/queue:ID/channel:NAME`, with `%2F` for a slash and `%25` for a percent sign in an id. Without a value: there is \
                             none any more.";

/// All kinds of records.
pub const RECORDS: [RecordKind; 5] = [
    RecordKind::of::<KpiRecord<'_>>("kpi", "kpis", "`entity/window`"),
    RecordKind::of::<AlertRecord<'_>>("alert", "alerts", "The alert's id"),
    RecordKind::of::<ContactRecord<'_>>("contact", "contacts", "The contact's id"),
    RecordKind::of::<ScorecardRecord<'_>>("scorecard", "scorecards", SCORECARD_KEY),
    RecordKind::of::<RecognitionRecord<'_>>("recognition", "recognition", "The recognition's id"),
];

/// A description and its file.
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

    /// Returns the schema in draft 7, which AsyncAPI's tools read. It allows fields that it does not name.
    #[must_use]
    pub fn schema(&self) -> Value {
        with_id(self.name, (self.schema)())
    }
}

/// Returns all descriptions.
#[must_use]
pub fn files() -> Vec<File> {
    let records = RECORDS.iter().map(|kind| (kind.name, kind.schema()));
    let inputs = [
        ("event", event::schema()),
        ("statement", directory::schema()),
        ("silence", silence()),
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

/// Returns the schema of a silence, for who writes one and who reads it: what may be left out may be `null`.
fn silence() -> Value {
    let settings = SchemaSettings::draft07().for_deserialize();
    let generator = settings.into_generator();
    generator.into_root_schema_for::<Silence>().into()
}

/// Returns the path of a schema in the AsyncAPI document beside its folder.
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
