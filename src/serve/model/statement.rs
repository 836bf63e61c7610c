//! Statements of the directory as their readers need them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{json, value::RawValue};

use floorwalker_core::event::Timestamp;

/// What holds of a subject from an instant on.
#[derive(Debug, Clone)]
pub struct Statement {
    /// `queue:billing`.
    pub subject: String,
    pub valid_from: Timestamp,
    /// What people call it.
    pub title: Option<String>,
    /// The record as it was written.
    pub json: Arc<RawValue>,
}

impl Statement {
    pub(super) fn read(json: &[u8]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Fields {
            subject: String,
            valid_from: When,
            title: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum When {
            Millis(i64),
            Text(String),
        }
        let fields: Fields = serde_json::from_slice(json)?;
        let valid_from = match fields.valid_from {
            When::Millis(millis) => Timestamp::from_millis(millis),
            When::Text(text) => Timestamp::parse(&text).map_err(serde::de::Error::custom)?,
        };
        Ok(Self {
            subject: fields.subject,
            valid_from,
            title: fields.title,
            json: serde_json::from_slice::<Box<RawValue>>(json)?.into(),
        })
    }

    /// The record was deleted: nothing holds any more.
    pub(super) fn removal(subject: &str, at: Timestamp) -> serde_json::Result<Self> {
        let json = json!({"subject": subject, "valid_from": at, "removed": true});
        Self::read(json.to_string().as_bytes())
    }

    /// By subject, then time.
    pub(in crate::serve) fn key(&self) -> String {
        format!("{} {:020}", self.subject, self.valid_from.0)
    }
}

/// What people call each subject at `now`.
pub(super) fn titles(statements: &[Arc<Statement>], now: Timestamp) -> BTreeMap<String, String> {
    let mut titles = BTreeMap::new();
    // Those of one subject come oldest first.
    for statement in statements.iter().filter(|it| it.valid_from <= now) {
        match &statement.title {
            Some(title) => titles.insert(statement.subject.clone(), title.clone()),
            None => titles.remove(&statement.subject),
        };
    }
    titles
}
