//! Which alert names which incident.

use floorwalker_core::event::Span;

use crate::{alert::Alert, truth::Incident};

/// What an incident causes may be seen for so long after its end.
const AFTERMATH: Span = Span::from_secs(600);

const OF_A_BUSY_QUEUE: [&str; 8] = [
    "sla.burn",
    "sla.lost",
    "queue.staffing",
    "queue.longest_wait",
    "queue.abandonment",
    // Rules with fixed thresholds.
    "service_level",
    "longest_wait",
    "abandonment",
];

/// Whether the rule fits a kind of incident beside those of a busy queue.
fn is_own_rule(kind: &str, rule: &str) -> bool {
    let own: &[&str] = match kind {
        "surge" => &["queue.surge"],
        "callback_storm" => &["queue.surge", "queue.callbacks"],
        "agents_absent" => &["queue.absence"],
        "slow_tool" => &["work.slow"],
        "bad_release" => &["queue.surge", "reason.surge"],
        "abandonment_wave" => &["queue.abandonment", "abandonment"],
        "struggling_agent" | "slow_drift" => &["agent.drift", "agent.sla", "handle_time"],
        "burned_out_agent" => &["agent.drift", "agent.overload", "agent.sla", "handle_time"],
        "rushing_agent" | "gaming_agent" => &["agent.drift", "agent.gaming", "handle_time"],
        "acd_outage" | "feed_lags" => &["feed.silent", "feed.late"],
        "feed_doubles" => &["feed.dirty"],
        _ => &[],
    };
    own.contains(&rule)
}

fn rule_fits(kind: &str, rule: &str) -> bool {
    let is_of_queues = [
        "surge",
        "callback_storm",
        "agents_absent",
        "slow_tool",
        "bad_release",
    ];
    let busy = is_of_queues.contains(&kind) && OF_A_BUSY_QUEUE.contains(&rule);
    busy || is_own_rule(kind, rule)
}

fn subject_fits(incident: &Incident, subject: &str) -> bool {
    let Some((of, name)) = subject.split_once(':') else {
        return subject == "all" && incident.kind == "slow_tool";
    };
    let has = |names: &[String]| names.iter().any(|it| it == name);
    match of {
        "queue" => has(&incident.queues),
        "agent" => incident.queues.is_empty() && has(&incident.agents),
        "feed" => name == "events" || has(&incident.channels),
        "reason" => incident.kind == "bad_release",
        _ => false,
    }
}

/// Returns the first of the alerts that names the incident.
pub(crate) fn first_to_name<'a>(incident: &Incident, alerts: &'a [Alert]) -> Option<&'a Alert> {
    let naming = alerts.iter().filter(|alert| names(incident, alert));
    naming.min_by_key(|alert| alert.fired_at)
}

/// Returns the first of the incidents that the alert names.
pub(crate) fn named_by<'i>(alert: &Alert, incidents: &'i [Incident]) -> Option<&'i Incident> {
    incidents.iter().find(|incident| names(incident, alert))
}

/// Whether the alert names the incident: its subject is the incident's queue, agent or feed, and its rule fits the kind.
pub(crate) fn names(incident: &Incident, alert: &Alert) -> bool {
    let fits = rule_fits(&incident.kind, &alert.rule) && subject_fits(incident, &alert.subject);
    let until = incident.ends_at + AFTERMATH;
    fits && incident.begins_at <= alert.fired_at && alert.fired_at <= until
}
