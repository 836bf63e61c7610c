//! One statement: what a subject is from an instant on, as one JSON object.

use std::fmt;

use serde_json::{Map, Value};

use super::{Content, fields};
use crate::{
    contact::ContactSettings,
    decode::TEXT_BYTES_MAX,
    event::{AgentId, QueueId, SiteId, TeamId, Timestamp},
};

/// A subject's content from an instant on.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub subject: Subject,
    pub valid_from: Timestamp,
    pub content: Content,
}

/// Subject of a statement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Queue(QueueId),
    Team(TeamId),
    Site(SiteId),
    Agent(AgentId),
    /// By name.
    Policy(String),
}

impl Statement {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// Returns a sentence: what is wrong where, and what to write instead.
    pub fn read(json: &[u8], settings: &ContactSettings) -> Result<Self, String> {
        let mut object: Map<String, Value> = serde_json::from_slice(json)
            .map_err(|error| format!("this is no JSON object: {error}"))?;
        let subject = Subject::read(object.get("subject"))?;
        object.remove("subject");
        let valid_from = fields::time(object.get("valid_from"))?;
        object.remove("valid_from");
        let removed = fields::flag("removed", object.remove("removed"))?;
        let content = match (&subject, removed) {
            (_, true) => fields::nothing(object)?,
            (Subject::Queue(_), false) => fields::queue(object)?,
            (Subject::Team(_) | Subject::Site(_) | Subject::Agent(_), false) => {
                fields::titled(object)?
            }
            (Subject::Policy(name), false) => fields::policy(name, object, settings)?,
        };
        Ok(Self {
            subject,
            valid_from,
            content,
        })
    }
}

impl Subject {
    fn read(given: Option<&Value>) -> Result<Self, String> {
        const EXPECTED: &str = "`subject` names what this is about: write queue:ID, team:ID, site:ID, agent:ID or policy:NAME";
        let Some(Value::String(text)) = given else {
            return Err(EXPECTED.to_owned());
        };
        Self::from_name(text).ok_or_else(|| format!("`{text}` is no subject; {EXPECTED}"))
    }

    /// Parses the name that keys and statements have: `queue:billing`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (kind, id) = name.split_once(':')?;
        if !(1..=TEXT_BYTES_MAX).contains(&id.len()) {
            return None;
        }
        match kind {
            "queue" => Some(Self::Queue(QueueId::new(id))),
            "team" => Some(Self::Team(TeamId::new(id))),
            "site" => Some(Self::Site(SiteId::new(id))),
            "agent" => Some(Self::Agent(AgentId::new(id))),
            "policy" => Some(Self::Policy(id.to_owned())),
            _ => None,
        }
    }
}

impl Subject {
    pub(super) fn queue(&self) -> Option<&QueueId> {
        if let Self::Queue(id) = self {
            Some(id)
        } else {
            None
        }
    }

    pub(super) fn policy(&self) -> Option<&String> {
        if let Self::Policy(name) = self {
            Some(name)
        } else {
            None
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(id) => write!(formatter, "queue:{id}"),
            Self::Team(id) => write!(formatter, "team:{id}"),
            Self::Site(id) => write!(formatter, "site:{id}"),
            Self::Agent(id) => write!(formatter, "agent:{id}"),
            Self::Policy(name) => write!(formatter, "policy:{name}"),
        }
    }
}
