//! A silence: the record on the topic `silences`, and when it holds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Matchers;
use crate::event::{Span, Timestamp};

/// A silence that lasts longer is a setting that somebody forgot.
pub const LENGTH_MAX: Span = Span::from_secs(30 * 86_400);
pub const BY_BYTES_MAX: usize = 256;
pub const COMMENT_BYTES_MAX: usize = 4_096;

/// Alerts that match call nobody from an instant to another. The newest record of an id counts; without a value there is no such silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silence {
    /// The key of its record, too.
    pub id: String,
    pub matchers: Matchers,
    pub starts_at: Timestamp,
    /// At most 30 days after `starts_at`.
    pub ends_at: Timestamp,
    /// The person who wants it.
    #[schemars(length(min = 1, max = BY_BYTES_MAX))]
    pub by: String,
    /// The reason, for people.
    #[serde(default)]
    #[schemars(length(max = COMMENT_BYTES_MAX))]
    pub comment: Option<String>,
    /// Who ended it before its time.
    #[serde(default)]
    pub ended_by: Option<String>,
}

/// Where an instant lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SilenceStatus {
    Active,
    /// It has not begun.
    Pending,
    Expired,
}

/// Checks the name of whoever silences alerts or takes one up.
///
/// # Errors
/// A sentence: what a name is.
pub fn check_by(by: &str) -> Result<(), String> {
    if by.trim().is_empty() || by.len() > BY_BYTES_MAX {
        return Err(format!(
            "`by` must name somebody, in at most {BY_BYTES_MAX} bytes"
        ));
    }
    Ok(())
}

impl Silence {
    /// Reads a record.
    ///
    /// # Errors
    /// A sentence: why it is none.
    pub fn read(key: &str, payload: &[u8]) -> Result<Self, String> {
        let silence: Self = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        if silence.id != key {
            return Err(format!("its id is `{}`, and its key is not", silence.id));
        }
        silence.check().map(|()| silence)
    }

    /// Checks what a type can't express.
    ///
    /// # Errors
    /// A sentence: which rule is broken.
    pub fn check(&self) -> Result<(), String> {
        if self.matchers.is_empty() {
            return Err(
                "`matchers` is empty, and would silence every alert; name a rule, subject, queue, team, channel, severity or agent"
                    .to_owned(),
            );
        }
        check_by(&self.by)?;
        let comment = self.comment.as_ref().map_or(0, String::len);
        if comment > COMMENT_BYTES_MAX {
            return Err(format!(
                "`comment` has {comment} bytes; {COMMENT_BYTES_MAX} are the most"
            ));
        }
        if self.ended_by.is_some() {
            return Ok(());
        }
        if self.ends_at <= self.starts_at {
            return Err("`ends_at` must be after `starts_at`".to_owned());
        }
        if self.ends_at - self.starts_at > LENGTH_MAX {
            return Err("`ends_at` may be 30 days after `starts_at` at most".to_owned());
        }
        Ok(())
    }

    #[must_use]
    pub fn status(&self, now: Timestamp) -> SilenceStatus {
        if self.ends_at <= now {
            SilenceStatus::Expired
        } else if self.starts_at <= now {
            SilenceStatus::Active
        } else {
            SilenceStatus::Pending
        }
    }

    /// Returns the same, ended at `now`.
    #[must_use]
    pub fn ended(&self, now: Timestamp, by: &str) -> Self {
        Self {
            ends_at: now,
            ended_by: Some(by.to_owned()),
            ..self.clone()
        }
    }
}

impl SilenceStatus {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Expired => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"id":"s1","matchers":{"queue":"billing"},"starts_at":"2026-11-22T10:00:00Z","ends_at":"2026-11-22T11:00:00Z","by":"lea"}"#;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_silence_holds_from_its_start_up_to_its_end() {
        let silence = Silence::read("s1", RECORD.as_bytes()).unwrap();
        for (now, expected) in [
            ("2026-11-22T09:59:59.999999Z", SilenceStatus::Pending),
            ("2026-11-22T10:00:00Z", SilenceStatus::Active),
            ("2026-11-22T10:59:59.999999Z", SilenceStatus::Active),
            ("2026-11-22T11:00:00Z", SilenceStatus::Expired),
        ] {
            assert_eq!(silence.status(at(now)), expected, "{now}");
        }
    }

    #[test]
    fn one_that_is_ended_has_expired_even_before_its_start() {
        let silence = Silence::read("s1", RECORD.as_bytes()).unwrap();
        for now in ["2026-11-22T09:00:00Z", "2026-11-22T10:30:00Z"] {
            let ended = silence.ended(at(now), "kim");
            assert_eq!(ended.status(at(now)), SilenceStatus::Expired, "{now}");
            let json = serde_json::to_vec(&ended).unwrap();
            assert_eq!(Silence::read("s1", &json).unwrap(), ended);
        }
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        for (from, to, expected) in [
            (r#""queue":"billing""#, "", "`matchers` is empty"),
            ("lea", " ", "`by` must name somebody"),
            ("11:00:00Z", "10:00:00Z", "must be after"),
            ("2026-11-22T11", "2026-12-22T11", "30 days"),
            (r#""by":"lea""#, r#""who":"lea""#, "missing field `by`"),
            ("s1", "s2", "its id is `s2`"),
        ] {
            let json = RECORD.replace(from, to);
            let why = Silence::read("s1", json.as_bytes()).unwrap_err();
            assert!(why.contains(expected), "{json}: {why}");
        }
        let exactly = RECORD.replace("2026-11-22T11", "2026-12-22T10");
        assert!(Silence::read("s1", exactly.as_bytes()).is_ok());
    }
}
