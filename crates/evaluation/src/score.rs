//! How good a set of rules was on some days.

use std::collections::BTreeMap;

use floorwalker_core::event::Span;
use serde::Serialize;

use crate::{
    alert::Alert,
    day::Day,
    fits::{first_to_name, names},
};

/// Agents of one supervisor.
const AGENTS_A_SUPERVISOR: f64 = 40.0;

/// Whose alerts are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// The engine's.
    Engine,
    /// Those with fixed thresholds, all of them.
    Fixed,
}

/// How good a set of rules was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    pub by_kind: BTreeMap<String, KindScore>,
    /// Alerts about queues, agents and feeds that call somebody, an hour for a supervisor of 40 agents, on days with incidents.
    pub struck_per_hour: f64,
    /// The same on days without.
    pub quiet_per_hour: f64,
    /// The same with those about contacts that no other alert covers.
    pub struck_with_contacts_per_hour: f64,
    pub quiet_with_contacts_per_hour: f64,
    /// Alerts about queues, agents and feeds on days with incidents.
    pub alerts: usize,
    /// Of these the share that names an incident; `None` without alerts.
    pub belonging: Option<f64>,
}

/// How many incidents of a kind were named, and how fast.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct KindScore {
    pub incidents: usize,
    /// Seconds from the begin to the first alert that names it, of each that was named, ascending.
    pub delays: Vec<f64>,
    /// How many are named by an alert that calls somebody, if it does not at once.
    pub called: usize,
}

impl KindScore {
    #[must_use]
    pub const fn named(&self) -> usize {
        self.delays.len()
    }

    /// How many were named within `seconds` of their begin.
    #[must_use]
    pub fn named_within(&self, seconds: f64) -> usize {
        self.delays.partition_point(|delay| *delay <= seconds)
    }

    /// Adds the incidents of another kind.
    pub fn merge(&mut self, other: &Self) {
        self.incidents += other.incidents;
        self.called += other.called;
        self.delays.extend(&other.delays);
        self.delays.sort_by(f64::total_cmp);
    }

    /// Seconds; of an even number the longer of the two in the middle.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.delays.get(self.delays.len() / 2).copied()
    }

    /// Seconds.
    #[must_use]
    pub fn worst(&self) -> Option<f64> {
        self.delays.last().copied()
    }
}

impl Score {
    /// Judges the rules on days with incidents and on quiet ones.
    #[must_use]
    pub fn of(struck: &[Day], quiet: &[Day], rules: Rules) -> Self {
        let mut by_kind: BTreeMap<String, KindScore> = BTreeMap::new();
        let (mut alerts, mut belonging) = (0, 0);
        for day in struck {
            let raised = raised(day, rules);
            for incident in &day.incidents {
                let score = by_kind.entry(incident.kind.clone()).or_default();
                score.incidents += 1;
                let calls = raised
                    .iter()
                    .any(|alert| alert.calls && names(incident, alert));
                score.called += usize::from(calls);
                let first = first_to_name(incident, raised);
                let delay = first.map(|alert| alert.fired_at - incident.begins_at);
                score.delays.extend(delay.map(Span::as_secs));
            }
            for alert in raised.iter().filter(|alert| is_of_group(alert)) {
                alerts += 1;
                belonging += usize::from(day.named_by(alert).is_some());
            }
        }
        for score in by_kind.values_mut() {
            score.delays.sort_by(f64::total_cmp);
        }
        Self {
            by_kind,
            struck_per_hour: per_hour(struck, rules, is_of_group),
            quiet_per_hour: per_hour(quiet, rules, is_of_group),
            struck_with_contacts_per_hour: per_hour(struck, rules, calls_somebody),
            quiet_with_contacts_per_hour: per_hour(quiet, rules, calls_somebody),
            alerts,
            belonging: (alerts > 0).then(|| ratio(belonging, alerts)),
        }
    }
}

fn raised(day: &Day, rules: Rules) -> &[Alert] {
    match rules {
        Rules::Engine => &day.alerts,
        Rules::Fixed => &day.fixed,
    }
}

fn calls_somebody(alert: &Alert) -> bool {
    alert.calls
}

fn is_of_group(alert: &Alert) -> bool {
    calls_somebody(alert) && !alert.is_of_contact()
}

/// Returns the hours that supervisors of 40 agents work in a time. There is at least one.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "agents of a contact center")]
pub fn supervisor_hours(length: Span, agents: usize) -> f64 {
    length.as_secs() / 3_600.0 * (agents as f64 / AGENTS_A_SUPERVISOR).max(1.0)
}

/// Alerts an hour for a supervisor.
#[expect(clippy::cast_precision_loss, reason = "counts of a day")]
fn per_hour(days: &[Day], rules: Rules, counts: fn(&Alert) -> bool) -> f64 {
    let hours = |day: &Day| supervisor_hours(day.length, day.agents);
    let all: f64 = days.iter().map(hours).sum();
    let fired = days.iter().flat_map(|day| raised(day, rules));
    let fired = fired.filter(|alert| counts(alert)).count();
    if all > 0.0 { fired as f64 / all } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a day")]
fn ratio(part: usize, of: usize) -> f64 {
    part as f64 / of as f64
}
