//! Escalations: the obligations of a contact that need attention, `sla.at_risk` and `sla.missed`, and how each ended.

use xxhash_rust::xxh3::xxh3_64;

use super::AlertSettings;
use crate::{
    contact::{Closed, Fold, Obligation, Owed, Verdict},
    event::Timestamp,
};

/// Rule of this stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuleName {
    AtRisk,
    Missed,
}

/// One alert of a contact, as its fold has it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escalation {
    pub rule: RuleName,
    /// Index into the fold's obligations.
    pub obligation: usize,
    /// Hash of the rule, the policy, what is owed and the instant that began it: the same input always gives the same.
    pub digest: u64,
    pub starts_at: Timestamp,
    /// When and why it was resolved; `None` while it fires.
    pub ended: Option<(Timestamp, Reason)>,
}

/// Why an alert is resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Answered,
    Abandoned,
    Left,
    Stale,
    Declined,
    Withdrawn,
    Replied,
    Resolved,
    Ended,
    /// An `sla.at_risk` became an `sla.missed`.
    Missed,
    /// Late evidence shows that it should not have been raised.
    Corrected,
}

/// Transition of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    Fired(Escalation),
    Resolved(Escalation),
    /// It is no longer in the fold.
    Corrected(Escalation),
}

/// Returns all alerts that a fold has caused.
pub fn escalations<'f>(
    fold: &'f Fold,
    settings: &'f AlertSettings,
) -> impl Iterator<Item = Escalation> + 'f {
    fold.obligations
        .iter()
        .enumerate()
        .flat_map(move |(place, obligation)| {
            let at_risk = (settings.at_risk.enabled && obligation.at_risk)
                .then(|| at_risk(place, obligation));
            let missed = (settings.missed.enabled)
                .then(|| missed(place, obligation))
                .flatten();
            at_risk.into_iter().chain(missed)
        })
}

/// Returns the transitions between two folds, in the order of the obligations. An alert that is new and already over fires and is
/// resolved, as if one by one.
#[must_use]
pub fn transitions(before: &Fold, after: &Fold, settings: &AlertSettings) -> Vec<Transition> {
    if before.obligations == after.obligations {
        return Vec::new();
    }
    let old: Vec<Escalation> = escalations(before, settings).collect();
    let new: Vec<Escalation> = escalations(after, settings).collect();
    let mut transitions = Vec::new();
    for alert in &new {
        let known = old.iter().find(|known| known.digest == alert.digest);
        let fires_anew = known.is_none_or(|known| known.ended.is_some() && alert.ended.is_none());
        if fires_anew {
            transitions.push(Transition::Fired(*alert));
        }
        let ended_as_known = known.is_some_and(|known| known.ended == alert.ended);
        if alert.ended.is_some() && !ended_as_known {
            transitions.push(Transition::Resolved(*alert));
        }
    }
    let gone = (old.iter()).filter(|known| new.iter().all(|alert| alert.digest != known.digest));
    transitions.extend(gone.map(|known| Transition::Corrected(*known)));
    transitions
}

fn at_risk(place: usize, obligation: &Obligation) -> Escalation {
    let ended = obligation.decided.map(|decided| {
        let closed = obligation.closed.as_ref();
        let reason = match decided.verdict {
            Verdict::Missed if closed.is_none_or(|closed| closed.at != decided.at) => {
                Reason::Missed
            }
            Verdict::Met | Verdict::Missed | Verdict::Excluded => {
                closed.map_or(Reason::Missed, |closed| closed.how.into())
            }
        };
        (decided.at, reason)
    });
    Escalation {
        rule: RuleName::AtRisk,
        obligation: place,
        digest: digest(RuleName::AtRisk, obligation),
        starts_at: obligation.risk_at,
        ended,
    }
}

fn missed(place: usize, obligation: &Obligation) -> Option<Escalation> {
    let decided = obligation
        .decided
        .filter(|decided| decided.verdict == Verdict::Missed)?;
    Some(Escalation {
        rule: RuleName::Missed,
        obligation: place,
        digest: digest(RuleName::Missed, obligation),
        starts_at: decided.at,
        ended: obligation
            .closed
            .as_ref()
            .map(|closed| (closed.at, closed.how.into())),
    })
}

fn digest(rule: RuleName, obligation: &Obligation) -> u64 {
    let owed = match (obligation.owed, &obligation.agent, &obligation.queue) {
        (Owed::Accept(_), Some(agent), _) => agent.as_str(),
        (_, _, queue) => queue.as_ref().map_or("", |queue| queue.as_str()),
    };
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(rule.name().as_bytes());
    bytes.extend_from_slice(&obligation.policy.to_be_bytes());
    bytes.extend_from_slice(&obligation.opened_at.0.to_be_bytes());
    bytes.extend_from_slice(owed.as_bytes());
    xxh3_64(&bytes)
}

impl Escalation {
    /// Returns the alert's id: its subject and its digest.
    #[must_use]
    pub fn id(&self, contact: &str) -> String {
        format!("contact:{contact}/{:016x}", self.digest)
    }
}

impl RuleName {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AtRisk => "sla.at_risk",
            Self::Missed => "sla.missed",
        }
    }
}

impl Reason {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::Left => "left",
            Self::Stale => "stale",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Replied => "replied",
            Self::Resolved => "resolved",
            Self::Ended => "ended",
            Self::Missed => "missed",
            Self::Corrected => "corrected",
        }
    }
}

impl From<Closed> for Reason {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Answered => Self::Answered,
            Closed::Abandoned => Self::Abandoned,
            Closed::Left => Self::Left,
            Closed::Stale => Self::Stale,
            Closed::Declined => Self::Declined,
            Closed::Withdrawn => Self::Withdrawn,
            Closed::Replied => Self::Replied,
            Closed::Resolved => Self::Resolved,
            Closed::Ended => Self::Ended,
        }
    }
}

/// Returns the ids of the contact's alerts, for its record.
#[must_use]
pub fn ids(contact: &str, fold: &Fold, settings: &AlertSettings) -> Vec<String> {
    escalations(fold, settings)
        .map(|alert| alert.id(contact))
        .collect()
}

/// Counts the alerts of each rule that have fired and ended. Two folds with the same counts have no transitions between them, except
/// corrections within one count.
#[must_use]
pub fn outlook(fold: &Fold) -> [usize; 4] {
    let count = |met: fn(&Obligation) -> bool| {
        fold.obligations
            .iter()
            .filter(|obligation| met(obligation))
            .count()
    };
    [
        count(|obligation| obligation.at_risk),
        count(|obligation| obligation.at_risk && obligation.decided.is_some()),
        count(is_missed),
        count(|obligation| is_missed(obligation) && obligation.closed.is_some()),
    ]
}

fn is_missed(obligation: &Obligation) -> bool {
    obligation
        .decided
        .is_some_and(|decided| decided.verdict == Verdict::Missed)
}
