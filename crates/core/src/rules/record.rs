//! The alert record of a rule.

use std::borrow::Cow;

use super::{Alarm, GroupRule, LifeChange, RuleKind};
use crate::alert::{AlertRecord, Essentials, Links};

impl Alarm {
    /// Returns the record of the change. `seq` is the number of the step that writes it; `history` is true where the task is more than a minute
    /// behind the wall clock.
    #[must_use]
    pub fn record(&self, rule: &GroupRule, seq: u64, history: bool) -> AlertRecord<'_> {
        let is_over = matches!(self.change, LifeChange::Resolved | LifeChange::Lapsed);
        let essentials = Essentials {
            links: Links::of_entity(
                &self.id,
                self.entity(),
                self.contacts.first().map(|contact| contact.as_str()),
            ),
            id: self.id.clone(),
            rule: Cow::Borrowed(&self.rule),
            severity: rule.severity,
            score: self.score,
            subject: self.subject.clone(),
            group: Some(self.subject.clone()),
            starts_at: self.starts_at,
            at: self.at,
            ended: is_over.then_some("cleared"),
            history,
            value: thousandths(self.value),
            threshold: thousandths(self.threshold),
            unit: self.unit,
            formula: self.formula.clone(),
            n: u32::try_from(self.n).unwrap_or(0),
            why: self.why.clone(),
            action: self.action.clone(),
            queue: self.queue.as_ref().map(|queue| queue.as_str()),
            channel: self.channel,
            recipients: self.recipients(rule),
            seq,
        };
        AlertRecord {
            causes: self.causes.clone(),
            contacts: (self.contacts.iter())
                .map(|contact| Cow::Borrowed(contact.as_str()))
                .collect(),
            contacts_more: u32::try_from(self.contacts_more).unwrap_or(u32::MAX),
            agents: (self.agents.iter())
                .map(|agent| Cow::Borrowed(agent.as_str()))
                .collect(),
            escalation: u32::from(self.escalation),
            inhibited_by: self.inhibited_by.clone(),
            interrupts: rule.interrupts && self.urgent,
            flapping: self.flapping,
            runbook: runbook(self.kind, rule),
            ..AlertRecord::of(essentials)
        }
    }

    /// Returns whose figures show it.
    fn entity(&self) -> &str {
        let is_entity = ["queue:", "agent:"]
            .iter()
            .any(|kind| self.subject.starts_with(kind));
        if is_entity { &self.subject } else { "all" }
    }

    fn recipients(&self, rule: &GroupRule) -> Vec<String> {
        let is_of_all = matches!(self.kind, RuleKind::WorkSlow | RuleKind::ReasonSurge);
        let owner = if is_of_all || self.kind.is_of_feed() {
            "operations"
        } else {
            &self.subject
        };
        let mut recipients = rule.recipients.clone();
        if recipients.is_empty() {
            recipients.push(owner.to_owned());
        }
        let levels = ["supervisors", "operations"].into_iter();
        for level in levels.take(usize::from(self.escalation)) {
            if recipients.iter().all(|known| known != level) {
                recipients.push(level.to_owned());
            }
        }
        recipients
    }
}

/// Returns where to read what to do: by default the rule's section of the documentation.
fn runbook(kind: RuleKind, rule: &GroupRule) -> Option<String> {
    if !rule.runbook.is_empty() {
        return Some(rule.runbook.clone());
    }
    let has_section = !matches!(kind, RuleKind::Own(_));
    let anchor = kind.name().replace('.', "");
    has_section.then(|| format!("docs/alerts.md#{anchor}"))
}

/// Returns a figure as records have it, in whole thousandths.
pub(super) fn thousandths(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
