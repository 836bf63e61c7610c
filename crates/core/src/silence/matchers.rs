//! What an alert must be for a silence to cover it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::decode::TEXT_BYTES_MAX;

/// An exact value, or with `*` at its end the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    is_prefix: bool,
}

/// What an alert must be: each value that is given must match, at least one is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("minProperties" = 1))]
pub struct Matchers {
    /// `queue.surge`, or `queue.*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Pattern>,
    /// `queue:billing`, `agent:ana`, `reason:outage`, `feed:voice`, `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Pattern>,
    /// The queue that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Pattern>,
    /// The team that answers for its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Pattern>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Pattern>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Pattern>,
    /// The agent that it is about, or who has the contact that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Pattern>,
}

/// What of an alert is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AlertTraits<'a> {
    pub rule: &'a str,
    pub subject: &'a str,
    pub queue: Option<&'a str>,
    pub team: Option<&'a str>,
    pub channel: Option<&'a str>,
    pub severity: &'a str,
    /// As in the record: for a queue those who caused it, who are not whom it is about.
    pub agents: &'a [String],
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// A sentence: what is wrong and what to write instead.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > TEXT_BYTES_MAX {
            return Err(format!(
                "a matcher's value has 1 to {TEXT_BYTES_MAX} bytes; leave the matcher out if anything will do"
            ));
        }
        let prefix = text.strip_suffix('*');
        let value = prefix.unwrap_or(text);
        if value.contains('*') {
            return Err(format!(
                "`{text}` has a `*` that is not at its end; write a value such as \"queue.surge\", or its beginning such as \"queue.*\""
            ));
        }
        Ok(Self {
            text: value.to_owned(),
            is_prefix: prefix.is_some(),
        })
    }

    /// Returns whether a value is the one that is meant, or begins with it.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        match self.is_prefix {
            true => value.starts_with(&self.text),
            false => value == self.text,
        }
    }

    /// Returns whether it matches all that another one does.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match self.is_prefix {
            true => other.text.starts_with(&self.text),
            false => !other.is_prefix && other.text == self.text,
        }
    }
}

impl Matchers {
    /// Returns whether there is none: they would cover every alert.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns whether the team of an alert's queue matters.
    #[must_use]
    pub const fn need_team(&self) -> bool {
        self.team.is_some()
    }

    /// Returns whether every alert that others match is one of these, too. Without matchers all are.
    #[must_use]
    pub fn cover(&self, others: &Self) -> bool {
        let pairs = [
            (&self.rule, &others.rule),
            (&self.subject, &others.subject),
            (&self.queue, &others.queue),
            (&self.team, &others.team),
            (&self.channel, &others.channel),
            (&self.severity, &others.severity),
            (&self.agent, &others.agent),
        ];
        pairs.into_iter().all(|(ours, theirs)| {
            let covers = |own: &Pattern| theirs.as_ref().is_some_and(|it| own.covers(it));
            ours.as_ref().is_none_or(covers)
        })
    }

    /// Returns whether the alert is covered.
    #[must_use]
    pub fn match_all(&self, alert: &AlertTraits<'_>) -> bool {
        let of_kind = |kind: &str| alert.subject.strip_prefix(kind);
        let has = |wanted: &Option<Pattern>, found: Option<&str>| {
            let matches = |it: &Pattern| found.is_some_and(|found| it.matches(found));
            wanted.as_ref().is_none_or(matches)
        };
        !self.is_empty()
            && has(&self.rule, Some(alert.rule))
            && has(&self.subject, Some(alert.subject))
            && has(&self.queue, alert.queue.or_else(|| of_kind("queue:")))
            && has(&self.team, alert.team.or_else(|| of_kind("team:")))
            && has(&self.channel, alert.channel)
            && has(&self.severity, Some(alert.severity))
            && (self.agent.as_ref()).is_none_or(|agent| is_about(alert, agent))
    }
}

fn is_about(alert: &AlertTraits<'_>, agent: &Pattern) -> bool {
    let own = alert.subject.strip_prefix("agent:");
    let has_contact = alert.subject.starts_with("contact:");
    own.is_some_and(|own| agent.matches(own))
        || has_contact && alert.agents.iter().any(|it| agent.matches(it))
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.is_prefix { "*" } else { "" };
        write!(formatter, "{}{end}", self.text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).map_err(de::Error::custom)
    }
}

impl JsonSchema for Pattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^[^*]*\*?$", "minLength": 1, "maxLength": TEXT_BYTES_MAX})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matchers(json: &str) -> Matchers {
        serde_json::from_str(json).unwrap()
    }

    fn surge() -> AlertTraits<'static> {
        AlertTraits {
            rule: "queue.surge",
            subject: "queue:billing",
            queue: Some("billing"),
            team: Some("north"),
            channel: Some("voice"),
            severity: "warning",
            agents: &[],
        }
    }

    #[test]
    fn each_matcher_that_is_given_must_match() {
        for (json, expected) in [
            (r#"{"rule":"queue.surge"}"#, true),
            (r#"{"rule":"queue.*"}"#, true),
            (r#"{"rule":"queue.surg"}"#, false),
            (r#"{"rule":"*","queue":"bill*"}"#, true),
            (r#"{"rule":"queue.*","queue":"tech"}"#, false),
            (r#"{"subject":"queue:billing","severity":"warning"}"#, true),
            (r#"{"subject":"billing"}"#, false),
            (r#"{"team":"north","channel":"voice"}"#, true),
            (r#"{"team":"south"}"#, false),
            (r#"{"severity":"critical"}"#, false),
            (r#"{"agent":"*"}"#, false),
            ("{}", false),
        ] {
            assert_eq!(matchers(json).match_all(&surge()), expected, "{json}");
        }
    }

    #[test]
    fn an_alert_without_a_value_matches_no_value() {
        let feed = AlertTraits {
            rule: "feed.silent",
            subject: "feed:voice",
            severity: "critical",
            ..AlertTraits::default()
        };
        assert!(!matchers(r#"{"queue":"*"}"#).match_all(&feed));
        assert!(matchers(r#"{"subject":"feed:*"}"#).match_all(&feed));
    }

    #[test]
    fn an_agent_is_whom_it_is_about_or_who_has_the_contact() {
        let ana = matchers(r#"{"agent":"ana"}"#);
        let agents = ["ana".to_owned()];
        let about = |subject: &'static str| AlertTraits {
            subject,
            agents: &agents,
            ..surge()
        };
        assert!(ana.match_all(&about("agent:ana")));
        assert!(ana.match_all(&about("contact:c1")));
        assert!(!ana.match_all(&about("agent:bo")));
        // She is one of those who left: the queue's trouble is no less.
        assert!(!ana.match_all(&about("queue:billing")));
    }

    #[test]
    fn what_is_no_matcher_is_refused() {
        let why = |json: &str| {
            serde_json::from_str::<Matchers>(json)
                .unwrap_err()
                .to_string()
        };
        assert!(why(r#"{"rule":"*.surge"}"#).contains("not at its end"));
        assert!(why(r#"{"rule":""}"#).contains("1 to 256 bytes"));
        assert!(why(r#"{"site":"oslo"}"#).contains("unknown field `site`"));
        let text = r#"{"rule":"queue.*","queue":"billing"}"#;
        assert_eq!(serde_json::to_string(&matchers(text)).unwrap(), text);
    }
}
