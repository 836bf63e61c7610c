//! `/metrics/kpi`: figures of queues and groups and of the agents that fare worst, and the alerts that fire.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    page::{Named, Page},
    told::{self, Csat, Kpis, Live, Share, Sla},
};
use crate::{
    event::Timestamp,
    serve::{Entity, ReadModel, Score, ServeSettings},
};

/// Whose figures, and of which window.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    kind: &'a str,
    name: &'a str,
    window: &'a str,
}

pub(in crate::serve) fn kpis(model: &ReadModel, settings: &ServeSettings) -> String {
    let mut page = Page::default();
    let entities = model.entities();
    let (agents, groups): (Vec<_>, Vec<_>) = entities.iter().partition(|it| it.is_agent());
    for group in groups {
        tell_group(&mut page, group);
    }
    for (agent, score) in chosen(&agents, settings) {
        tell_score(&mut page, agent, score);
    }
    tell_alerts(&mut page, model);
    page.render()
}

fn tell_group(page: &mut Page, group: &Entity) {
    const CLOCK: Named = (
        "floorwalker_kpi_clock_timestamp_seconds",
        "The instant whose figures are shown, since 1970",
    );
    let (kind, name) = group.kind_and_name();
    if let Some(clock) = group.clock() {
        let since = (clock - Timestamp::default()).as_secs();
        page.gauge(CLOCK, &[("kind", kind), ("name", name)], since);
    }
    for score in &group.scores {
        tell_score(page, group, score);
    }
    let newest = group.scores.iter().max_by_key(|score| score.clock);
    if let Some(live) = newest.and_then(|score| told::read(score).live) {
        tell_live(page, (kind, name), &live);
    }
}

/// All agents, or for each window those who surely miss the largest share.
fn chosen<'a>(
    agents: &[&'a Arc<Entity>],
    settings: &ServeSettings,
) -> Vec<(&'a Entity, &'a Score)> {
    let mut by_window: BTreeMap<&str, Vec<(&Entity, &Score)>> = BTreeMap::new();
    for agent in agents {
        for score in &agent.scores {
            let of_window = by_window.entry(&score.window).or_default();
            of_window.push((agent, score));
        }
    }
    if !settings.all_agents {
        for of_window in by_window.values_mut() {
            of_window.retain(|(_, score)| score.missed_at_least() > 0.0);
            of_window.sort_by(|(_, one), (_, other)| {
                other.missed_at_least().total_cmp(&one.missed_at_least())
            });
            of_window.truncate(settings.worst_agents);
        }
    }
    by_window.into_values().flatten().collect()
}

fn tell_score(page: &mut Page, entity: &Entity, score: &Score) {
    let (kind, name) = entity.kind_and_name();
    let window = score.window.as_str();
    let owner = Owner { kind, name, window };
    let kpis = told::read(score);
    tell_counts(page, owner, &kpis);
    tell_sla(page, owner, &kpis.sla);
    tell_durations(page, owner, &kpis);
    tell_shares(page, owner, &kpis);
    tell_csat(page, owner, &kpis.csat);
    if let Some(concurrency) = kpis.concurrency {
        const MEAN: Named = (
            "floorwalker_concurrent_engagements",
            "Mean of an agent's open engagements while there is one",
        );
        page.gauge(MEAN, &owner.labels(), concurrency);
    }
}

/// A count and where it is in a record.
type CountOf = (Named, fn(&Kpis) -> f64);

const COUNTS: [CountOf; 11] = [
    (
        (
            "floorwalker_offered_waits",
            "Waits that began in the window",
        ),
        |kpis| kpis.offered,
    ),
    (
        (
            "floorwalker_answered_waits",
            "Waits that an answer ended in the window",
        ),
        |kpis| kpis.answered,
    ),
    (
        (
            "floorwalker_abandoned_waits",
            "Waits that the customer gave up in the window",
        ),
        |kpis| kpis.abandoned,
    ),
    (
        (
            "floorwalker_short_abandoned_waits",
            "Of the abandoned, those given up within moments",
        ),
        |kpis| kpis.short_abandoned,
    ),
    (
        (
            "floorwalker_left_waits",
            "Waits that ended by a flow-out or a move to another queue in the window",
        ),
        |kpis| kpis.left,
    ),
    (
        (
            "floorwalker_handled_engagements",
            "Engagements that ended in the window",
        ),
        |kpis| kpis.handled,
    ),
    (
        (
            "floorwalker_handled_outbound_engagements",
            "Outbound engagements that ended in the window",
        ),
        |kpis| kpis.handled_outbound,
    ),
    (
        (
            "floorwalker_transferred_engagements",
            "Engagements whose talk ended by a transfer in the window",
        ),
        |kpis| kpis.transferred,
    ),
    (
        (
            "floorwalker_incomplete_engagements",
            "Of the handled, those of which not all is known: in no mean",
        ),
        |kpis| kpis.incomplete,
    ),
    (
        (
            "floorwalker_complete_engagements",
            "Of the handled, those that the mean handle time is of",
        ),
        |kpis| kpis.aht.n,
    ),
    (
        ("floorwalker_reopened_contacts", "Reopenings in the window"),
        |kpis| kpis.reopened,
    ),
];

fn tell_counts(page: &mut Page, owner: Owner<'_>, kpis: &Kpis) {
    for (named, count) in COUNTS {
        page.gauge(named, &owner.labels(), count(kpis));
    }
}

fn tell_sla(page: &mut Page, owner: Owner<'_>, sla: &BTreeMap<String, Sla>) {
    const RATIO: Named = (
        "floorwalker_sla_ratio",
        "Met of the decided obligations of a policy in the window",
    );
    const MET: Named = (
        "floorwalker_sla_met_obligations",
        "Obligations met in the window",
    );
    const MISSED: Named = (
        "floorwalker_sla_missed_obligations",
        "Obligations missed in the window",
    );
    for (policy, decided) in sla {
        let labels = owner.labels_with(("policy", policy));
        if let Some(ratio) = decided.value {
            page.gauge(RATIO, &labels, ratio);
        }
        page.gauge(MET, &labels, decided.met);
        page.gauge(MISSED, &labels, decided.missed);
    }
}

fn tell_durations(page: &mut Page, owner: Owner<'_>, kpis: &Kpis) {
    const ASA: [Named; 2] = [
        ("floorwalker_asa_seconds", "Mean wait of answered waits"),
        (
            "floorwalker_asa_percentile_seconds",
            "Percentiles of the waits of answered waits",
        ),
    ];
    const AHT: [Named; 2] = [
        (
            "floorwalker_aht_seconds",
            "Mean handle time of complete engagements: talk, hold and wrap-up",
        ),
        (
            "floorwalker_aht_percentile_seconds",
            "Percentiles of the handle time of complete engagements",
        ),
    ];
    const PART: Named = (
        "floorwalker_aht_part_seconds",
        "What the mean handle time consists of",
    );
    for (named, durations) in [(ASA, &kpis.asa), (AHT, &kpis.aht)] {
        if let Some(mean) = durations.mean {
            page.gauge(named[0], &owner.labels(), mean);
        }
        let percentiles = [
            ("50", durations.p50),
            ("90", durations.p90),
            ("99", durations.p99),
        ];
        for (percentile, value) in percentiles {
            let Some(value) = value else { continue };
            page.gauge(
                named[1],
                &owner.labels_with(("percentile", percentile)),
                value,
            );
        }
    }
    let parts = [
        ("talk", kpis.aht.talk),
        ("hold", kpis.aht.hold),
        ("wrap", kpis.aht.wrap),
    ];
    for (part, mean) in parts {
        let Some(mean) = mean else { continue };
        page.gauge(PART, &owner.labels_with(("part", part)), mean);
    }
}

/// A ratio, its name as a label, and where it is in a record.
type ShareOf = (Named, &'static str, fn(&Kpis) -> &Option<Share>);

const SHARES: [ShareOf; 10] = [
    (
        (
            "floorwalker_abandonment_ratio",
            "Abandoned of the abandoned and answered, short ones left out",
        ),
        "abandonment",
        |kpis| &kpis.abandonment,
    ),
    (
        (
            "floorwalker_transfer_ratio",
            "Of the handled, those that ended by a transfer",
        ),
        "transfer",
        |kpis| &kpis.transfer_rate,
    ),
    (
        ("floorwalker_offer_miss_ratio", "Offers declined or missed"),
        "offer_miss",
        |kpis| &kpis.offer_miss,
    ),
    (
        (
            "floorwalker_resolved_said_ratio",
            "Dispositions that say resolved",
        ),
        "resolved_said",
        |kpis| &kpis.resolved_said,
    ),
    (
        (
            "floorwalker_fcr_ratio",
            "Contacts resolved at first contact, as known so far",
        ),
        "fcr",
        |kpis| &kpis.fcr,
    ),
    (
        (
            "floorwalker_fcr_confirmed_ratio",
            "Contacts resolved at first contact, as settled",
        ),
        "fcr_confirmed",
        |kpis| &kpis.fcr_confirmed,
    ),
    (
        (
            "floorwalker_first_response_ratio",
            "First responses in time",
        ),
        "first_response",
        |kpis| &kpis.frr,
    ),
    (
        (
            "floorwalker_csat_response_ratio",
            "Surveyed of the answered contacts that ended",
        ),
        "csat_response",
        |kpis| &kpis.csat_response,
    ),
    (
        (
            "floorwalker_csat_low_ratio",
            "Surveys below the middle of their scale",
        ),
        "csat_low",
        |kpis| &kpis.csat.low,
    ),
    (
        (
            "floorwalker_occupancy_ratio",
            "Occupied of the logged-in time",
        ),
        "occupancy",
        |kpis| &kpis.occupancy,
    ),
];

fn tell_shares(page: &mut Page, owner: Owner<'_>, kpis: &Kpis) {
    const BASE: Named = (
        "floorwalker_ratio_denominator",
        "How many a ratio is a share of",
    );
    for (named, kpi, share) in SHARES {
        let Some(share) = share(kpis) else { continue };
        if let Some(value) = share.value {
            page.gauge(named, &owner.labels(), value);
        }
        if let Some(den) = share.den {
            page.gauge(BASE, &owner.labels_with(("kpi", kpi)), den);
        }
    }
}

fn tell_csat(page: &mut Page, owner: Owner<'_>, csat: &Csat) {
    const MEAN: Named = (
        "floorwalker_csat_ratio",
        "Mean survey score as a share of its scale",
    );
    const SURVEYS: Named = ("floorwalker_csat_surveys", "Surveys in the window");
    if let Some(mean) = csat.mean {
        page.gauge(MEAN, &owner.labels(), mean);
    }
    page.gauge(SURVEYS, &owner.labels(), csat.n);
}

/// Of now, whatever the window.
fn tell_live(page: &mut Page, (kind, name): (&str, &str), live: &Live) {
    let labels = [("kind", kind), ("name", name)];
    let gauges: [(Named, f64); 3] = [
        (
            ("floorwalker_waiting_contacts", "Who waits now"),
            live.waiting,
        ),
        (
            (
                "floorwalker_longest_wait_seconds",
                "How long the one who waits longest has waited",
            ),
            live.longest_wait.unwrap_or(0.0),
        ),
        (
            (
                "floorwalker_at_risk_contacts",
                "Contacts with an obligation open past its at-risk level",
            ),
            live.at_risk,
        ),
    ];
    for (named, value) in gauges {
        page.gauge(named, &labels, value);
    }
}

fn tell_alerts(page: &mut Page, model: &ReadModel) {
    const ACTIVE: Named = (
        "floorwalker_active_alerts",
        "Alerts that fire, by rule, severity, queue and whether somebody has taken them up",
    );
    let mut counts: BTreeMap<[String; 4], u32> = BTreeMap::new();
    for alert in model.alerts(false) {
        let told = &alert.told;
        let taken_up = model.ack(&told.id).is_some().to_string();
        let queue = told.queue.clone().unwrap_or_default();
        let key = [told.rule.clone(), told.severity.clone(), queue, taken_up];
        *counts.entry(key).or_default() += 1;
    }
    for ([rule, severity, queue, taken_up], count) in &counts {
        let labels = [
            ("rule", rule.as_str()),
            ("severity", severity),
            ("queue", queue),
            ("acknowledged", taken_up),
        ];
        page.gauge(ACTIVE, &labels, f64::from(*count));
    }
}

impl<'a> Owner<'a> {
    fn labels(&self) -> [(&'a str, &'a str); 3] {
        [
            ("kind", self.kind),
            ("name", self.name),
            ("window", self.window),
        ]
    }

    fn labels_with<'b>(&self, more: (&'b str, &'b str)) -> [(&'b str, &'b str); 4]
    where
        'a: 'b,
    {
        let [kind, name, window] = self.labels();
        [kind, name, window, more]
    }
}
