//! The record of a recognition, on the topic `recognition` under its id.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    RecognitionKind, RecognitionRule,
    merits::Doer,
    praise::{Praise, formula, unit, why},
};
use crate::{
    alert::EntityLinks,
    event::{TeamId, Timestamp},
    rules::{alarm::id_of, record::thousandths},
};

/// Something well done, with all that its record has.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognition {
    pub kind: RecognitionKind,
    pub id: String,
    pub doer: Doer,
    /// The team, or that of the agent.
    pub team: Option<TeamId>,
    pub at: Timestamp,
    praise: Praise,
}

/// Something that an agent or team has done well. Times are stream time. It compares nobody with others.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RecognitionRecord<'a> {
    /// `agent:ana/1c77aa02e9b3f5d4`.
    pub id: &'a str,
    /// There may be more.
    #[schemars(extend("examples" = ["recognition.target_held", "recognition.streak", "recognition.improvement"]))]
    pub rule: &'static str,
    /// Who has done it: `agent:ana`, `team:north`.
    pub subject: String,
    /// `null` of a team.
    pub agent: Option<&'a str>,
    /// The team, or the one that the agent was in last, if it is known.
    pub team: Option<&'a str>,
    /// When it was seen: at the end of the quarter of a minute that completes it.
    pub at: Timestamp,
    /// When what counts began.
    pub since: Timestamp,
    /// Raised while the task was more than a minute behind the wall clock.
    pub history: bool,
    /// In `unit`.
    pub value: f64,
    /// In `unit`: the target, the number of ratings, or the own past.
    pub threshold: f64,
    /// Unit of `value` and `threshold`. There may be more.
    #[schemars(extend("examples" = ["share of promises kept"]))]
    pub unit: &'static str,
    /// Number of observations in `value`.
    pub n: u32,
    /// What the value is at least, with 99 % certainty (Wilson). Of a streak `null`.
    pub at_least: Option<f64>,
    /// The own past. Only of an improvement.
    pub usual: Option<f64>,
    /// What has improved. There may be more.
    #[schemars(extend("examples" = ["promises kept", "top ratings"]))]
    pub measure: Option<&'static str>,
    /// The rule as text.
    pub formula: String,
    /// A sentence for people.
    pub why: String,
    /// Recipients, as in the settings.
    pub recipients: Vec<String>,
    /// Number of the task's step that wrote it.
    pub seq: u64,
    pub links: EntityLinks,
}

impl Recognition {
    pub(in crate::rules) fn new(
        kind: RecognitionKind,
        (doer, team): (&Doer, Option<&TeamId>),
        at: Timestamp,
        praise: Praise,
    ) -> Self {
        let team = match doer {
            Doer::Team(own) => Some(own),
            Doer::Agent(_) => team,
        };
        Self {
            kind,
            id: id_of(kind.name(), &doer.to_string(), at),
            doer: doer.clone(),
            team: team.cloned(),
            at,
            praise,
        }
    }

    /// Returns the record. `seq` is the number of the step that writes it; `history` is true where the task is more than a minute behind the wall
    /// clock.
    #[must_use]
    pub fn record(&self, rule: &RecognitionRule, seq: u64, history: bool) -> RecognitionRecord<'_> {
        let (kind, praise) = (self.kind, &self.praise);
        let subject = self.doer.to_string();
        let (agent, name) = match &self.doer {
            Doer::Agent(id) => (Some(id.as_str()), id.as_str()),
            Doer::Team(id) => (None, id.as_str()),
        };
        RecognitionRecord {
            id: &self.id,
            rule: kind.name(),
            agent,
            team: self.team.as_ref().map(|team| team.as_str()),
            at: self.at,
            since: praise.since,
            history,
            value: thousandths(praise.value),
            threshold: thousandths(praise.threshold),
            unit: unit(kind),
            n: u32::try_from(praise.n).unwrap_or(0),
            at_least: praise.at_least.map(thousandths),
            usual: praise.usual.map(thousandths),
            measure: praise.measure,
            formula: formula(kind, rule),
            why: why(kind, name, praise, rule.window),
            recipients: self.recipients(rule),
            seq,
            links: EntityLinks::of(&subject),
            subject,
        }
    }

    fn recipients(&self, rule: &RecognitionRule) -> Vec<String> {
        if !rule.recipients.is_empty() {
            return rule.recipients.clone();
        }
        let agent = matches!(self.doer, Doer::Agent(_)).then(|| self.doer.to_string());
        let team = self.team.as_ref().map(|team| format!("team:{team}"));
        agent.into_iter().chain(team).collect()
    }
}
