//! An alert of a rule: where it is in its life, and what covers it.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use xxhash_rust::xxh3::xxh3_64;

use super::{Finding, GroupRule, Life, LifeChange, RuleKind};
use crate::{
    alert::Cause,
    event::{AgentId, Channel, ContactId, QueueId, Span, Timestamp},
};

/// What is remembered of a rule's alert about a subject.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub(super) struct Tracked {
    #[n(0)]
    pub life: Life,
    /// Of the alert that fires, or last fired.
    #[n(1)]
    pub id: String,
    /// The id of the alert that covers it.
    #[n(2)]
    pub inhibited_by: Option<String>,
    /// When it last resolved.
    #[n(3)]
    pub ended_at: Option<Timestamp>,
    /// Since when it has been strong enough to call a person.
    #[n(4)]
    pub urgent_since: Option<Timestamp>,
    /// Somebody has taken it up.
    #[n(5)]
    pub acknowledged: bool,
    /// How many levels it went up because nobody had.
    #[n(6)]
    pub escalation: u8,
}

/// An alert goes up so many levels at most: to the supervisors, then to operations.
const ESCALATIONS_MAX: u8 = 2;

impl Tracked {
    /// Returns when it goes one level up if nobody takes it up. `None`: it doesn't.
    pub(super) fn escalates_at(&self, rule: &GroupRule) -> Option<Timestamp> {
        let since = self.urgent_since?;
        let after = rule.escalate_after?;
        let level = i64::from(self.escalation) + 1;
        (self.escalation < ESCALATIONS_MAX).then(|| since + Span(after.0 * level))
    }
}

/// The alerts of all rules that are remembered.
#[derive(Debug, Default)]
pub(super) struct Alarms(BTreeMap<RuleKind, BTreeMap<String, Tracked>>);

impl Alarms {
    pub(super) fn get(&self, kind: RuleKind, subject: &str) -> Option<&Tracked> {
        self.0.get(&kind)?.get(subject)
    }

    pub(super) fn insert(&mut self, kind: RuleKind, subject: String, tracked: Tracked) {
        self.0.entry(kind).or_default().insert(subject, tracked);
    }

    pub(super) fn remove(&mut self, kind: RuleKind, subject: &str) {
        if let Some(all) = self.0.get_mut(&kind) {
            all.remove(subject);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RuleKind, &str, &Tracked)> {
        self.0.iter().flat_map(|(kind, all)| {
            all.iter()
                .map(|(subject, tracked)| (*kind, subject.as_str(), tracked))
        })
    }

    /// Returns those that are pending or fire.
    pub(super) fn alive(&self) -> BTreeSet<(RuleKind, &str)> {
        self.iter()
            .filter(|(.., tracked)| tracked.life.is_alive())
            .map(|(kind, subject, _)| (kind, subject))
            .collect()
    }
}

/// A change in the life of a rule's alert, with all that its record has.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub kind: RuleKind,
    /// Its name in records.
    pub rule: String,
    pub change: LifeChange,
    /// The same for all records of one alert: `queue:billing/1c77aa02e9b3f5d4`.
    pub id: String,
    pub subject: String,
    pub at: Timestamp,
    pub starts_at: Timestamp,
    pub value: f64,
    pub threshold: f64,
    pub n: i64,
    /// 1 to 10.
    pub score: u8,
    pub unit: &'static str,
    pub formula: String,
    pub why: String,
    pub action: String,
    pub causes: Vec<Cause>,
    pub contacts: Vec<ContactId>,
    /// Further contacts, beyond those that are named.
    pub contacts_more: usize,
    pub agents: Vec<AgentId>,
    pub queue: Option<QueueId>,
    pub channel: Option<Channel>,
    pub flapping: bool,
    /// How many levels it went up because nobody had taken it up.
    pub escalation: u8,
    /// It is strong enough to call a person.
    pub urgent: bool,
    pub inhibited_by: Option<String>,
}

/// Returns the id of an alert: its subject, and a hash of the rule and the instant that began it.
pub(super) fn id_of(rule: &str, subject: &str, starts_at: Timestamp) -> String {
    let mut bytes = Vec::with_capacity(32);
    bytes.extend_from_slice(rule.as_bytes());
    bytes.extend_from_slice(&starts_at.0.to_be_bytes());
    format!("{subject}/{:016x}", xxh3_64(&bytes))
}

/// Returns 6 at the threshold, and one more for each half of it beyond.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "1 to 10"
)]
pub(super) fn score(finding: &Finding, threshold: f64) -> u8 {
    let times = if threshold > 0.0 {
        finding.strength / threshold
    } else {
        1.0
    };
    (4.0 + 2.0 * times).clamp(1.0, 10.0) as u8
}
