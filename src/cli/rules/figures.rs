//! What one configuration raises, rule by rule.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;

use super::{period::Period, raised::Raised};

/// Groups of which a rule names those with the most alerts.
const MOST: usize = 3;

/// Rules that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Block {
    pub(super) rules: Vec<Figures>,
    pub(super) all: Figures,
}

/// The alerts of one rule, or of all of a block.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figures {
    pub(super) rule: String,
    /// False: the configuration has turned it off.
    pub(super) enabled: bool,
    pub(super) fired: usize,
    /// How many of them call a person.
    pub(super) calls: usize,
    pub(super) resolved: usize,
    pub(super) still_firing: usize,
    /// For a supervisor of 40 agents.
    pub(super) fired_per_hour: Option<f64>,
    pub(super) calls_per_hour: Option<f64>,
    /// Of an even number the longer of the two in the middle. What still fires counts up to the last event.
    pub(super) median_seconds: Option<f64>,
    pub(super) longest_seconds: Option<f64>,
    /// The groups with the most alerts: of contacts the queues, otherwise the subjects.
    pub(super) most: Vec<Most>,
    /// How many fired in each step.
    pub(super) timeline: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Most {
    pub(super) subject: String,
    pub(super) fired: usize,
}

impl Block {
    /// `names` are those of its rules, `off` those that are turned off.
    pub(super) fn of(names: &[&str], off: &[&str], (alerts, period): (&[Raised], &Period)) -> Self {
        let of = |of_rules: &[&str], rule: &str, enabled| {
            let alerts = alerts.iter();
            let alerts = alerts.filter(|it| of_rules.contains(&it.rule.as_str()));
            Figures::of((rule, enabled), &alerts.collect::<Vec<_>>(), period)
        };
        let rules = names
            .iter()
            .map(|name| of(&[name], name, !off.contains(name)));
        Self {
            rules: rules.collect(),
            all: of(names, "all", true),
        }
    }
}

impl Figures {
    fn of((rule, enabled): (&str, bool), alerts: &[&Raised], period: &Period) -> Self {
        let count = |counts: fn(&Raised) -> bool| alerts.iter().filter(|it| counts(it)).count();
        let calls = count(|it| it.calls);
        let resolved = count(|it| it.ended_at.is_some());
        let lengths = alerts.iter().map(|it| it.ends_by(period.until) - it.at);
        let mut lengths: Vec<f64> = lengths.map(|length| length.as_secs()).collect();
        lengths.sort_by(f64::total_cmp);
        Self {
            rule: rule.to_owned(),
            enabled,
            fired: alerts.len(),
            calls,
            resolved,
            still_firing: alerts.len() - resolved,
            fired_per_hour: period.per_hour(alerts.len()),
            calls_per_hour: period.per_hour(calls),
            median_seconds: lengths.get(lengths.len() / 2).copied(),
            longest_seconds: lengths.last().copied(),
            most: most(alerts),
            timeline: period.timeline.count(alerts.iter().map(|it| it.at)),
        }
    }
}

/// Of equal counts the first by name.
fn most(alerts: &[&Raised]) -> Vec<Most> {
    let mut fired_by_group: BTreeMap<&str, usize> = BTreeMap::new();
    for alert in alerts {
        *fired_by_group.entry(&alert.group).or_default() += 1;
    }
    let groups = fired_by_group.into_iter().map(|(subject, fired)| Most {
        subject: subject.to_owned(),
        fired,
    });
    let mut groups: Vec<Most> = groups.collect();
    groups.sort_by_key(|it| Reverse(it.fired));
    groups.truncate(MOST);
    groups
}
