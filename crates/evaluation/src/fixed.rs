//! The rules that the usual products offer: a number over or under a fixed threshold.

use std::collections::BTreeMap;

use floorwalker_core::event::{Span, Timestamp};
use serde::Deserialize;

use crate::alert::Alert;

/// A rule's name, and for how long its condition must hold.
#[derive(Debug)]
struct Rule {
    name: &'static str,
    lasts: Span,
}

const SERVICE_LEVEL: Rule = Rule {
    name: "service_level",
    lasts: Span::from_secs(120),
};
const LONGEST_WAIT: Rule = Rule {
    name: "longest_wait",
    lasts: Span::ZERO,
};
const ABANDONMENT: Rule = Rule {
    name: "abandonment",
    lasts: Span::ZERO,
};
const HANDLE_TIME: Rule = Rule {
    name: "handle_time",
    lasts: Span::ZERO,
};

/// In the last quarter of an hour.
const SERVICE_LEVEL_MIN: f64 = 0.6;
const LONGEST_WAIT_SECS_MAX: f64 = 120.0;
const ABANDONMENT_MAX: f64 = 0.1;
/// An agent's handle time in the last hour against that of the last day.
const HANDLE_TIME_FACTOR_MAX: f64 = 1.5;
/// Fewer contacts than this are no mean.
const CONTACTS_MIN: i64 = 3;

/// Watches KPI records as a dashboard with alert rules does.
#[derive(Debug, Default)]
pub(crate) struct Fixed {
    alerts: Vec<Alert>,
    state_by_rule_and_subject: BTreeMap<(&'static str, String), State>,
    /// Of each agent's last day.
    usual_by_agent: BTreeMap<String, f64>,
}

#[derive(Debug, Default)]
struct State {
    since: Option<Timestamp>,
    /// Index of the alert that fires.
    fires: Option<usize>,
}

#[derive(Deserialize)]
struct KpiRecord {
    entity: String,
    window: String,
    kpis: Kpis,
}

#[derive(Deserialize)]
struct Kpis {
    #[serde(default)]
    sla: BTreeMap<String, Value>,
    abandonment: Option<Value>,
    aht: Mean,
    live: Option<Live>,
}

#[derive(Deserialize)]
struct Value {
    value: Option<f64>,
}

#[derive(Deserialize)]
struct Mean {
    n: i64,
    mean: Option<f64>,
}

#[derive(Deserialize)]
struct Live {
    longest_wait: Option<f64>,
}

impl Fixed {
    /// Takes a KPI record that was written at `now`.
    pub(crate) fn see(&mut self, now: Timestamp, payload: &[u8]) {
        let Ok(record) = serde_json::from_slice::<KpiRecord>(payload) else {
            return;
        };
        if record.entity.starts_with("queue:") && record.window == "15m" {
            self.see_queue(now, &record);
        } else if record.entity.starts_with("agent:") {
            self.see_agent(now, &record);
        }
    }

    fn see_queue(&mut self, now: Timestamp, record: &KpiRecord) {
        let KpiRecord { entity, kpis, .. } = record;
        let levels = kpis.sla.values().filter_map(|level| level.value);
        let is_low = levels
            .reduce(f64::min)
            .is_some_and(|it| it < SERVICE_LEVEL_MIN);
        self.judge(now, &SERVICE_LEVEL, entity, is_low);
        let longest = kpis.live.as_ref().and_then(|live| live.longest_wait);
        let waits = longest.is_some_and(|it| it > LONGEST_WAIT_SECS_MAX);
        self.judge(now, &LONGEST_WAIT, entity, waits);
        let abandoned = kpis.abandonment.as_ref().and_then(|it| it.value);
        let leave = abandoned.is_some_and(|it| it > ABANDONMENT_MAX);
        self.judge(now, &ABANDONMENT, entity, leave);
    }

    fn see_agent(&mut self, now: Timestamp, record: &KpiRecord) {
        let Mean { n, mean } = record.kpis.aht;
        let Some(mean) = mean.filter(|_| n >= CONTACTS_MIN) else {
            return;
        };
        if record.window == "24h" {
            self.usual_by_agent.insert(record.entity.clone(), mean);
        } else if record.window == "1h" {
            let usual = self.usual_by_agent.get(&record.entity);
            let is_slow = usual.is_some_and(|usual| mean > HANDLE_TIME_FACTOR_MAX * usual);
            self.judge(now, &HANDLE_TIME, &record.entity, is_slow);
        }
    }

    fn judge(&mut self, now: Timestamp, rule: &'static Rule, subject: &str, holds: bool) {
        let state = self
            .state_by_rule_and_subject
            .entry((rule.name, subject.to_owned()))
            .or_default();
        if !holds {
            state.since = None;
            if let Some(place) = state.fires.take() {
                self.alerts[place].ended_at = Some(now);
            }
            return;
        }
        let since = *state.since.get_or_insert(now);
        if state.fires.is_none() && since + rule.lasts <= now {
            state.fires = Some(self.alerts.len());
            self.alerts.push(Alert {
                id: format!("{subject}/{}/{}", rule.name, now.0),
                rule: rule.name.to_owned(),
                subject: subject.to_owned(),
                group: subject.to_owned(),
                fired_at: now,
                ended_at: None,
                calls: true,
                why: String::new(),
            });
        }
    }

    pub(crate) fn into_alerts(self) -> Vec<Alert> {
        self.alerts
    }
}
