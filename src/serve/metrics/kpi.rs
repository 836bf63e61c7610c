//! `/metrics/kpi`: figures of queues and groups and of the agents that fare worst, and the alerts that fire.

use super::{
    alerts,
    chosen::Chosen,
    page::{Named, Page},
    promise::Promises,
};
use crate::serve::{Configured, Entity, ReadModel, Score, ServeSettings};
use floorwalker_core::{
    event::Timestamp,
    kpi::{ByName, Compliance, KpiRecord, LiveState, Ratio, Satisfaction, Scorecard},
};

/// Whose figures, and of which window.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    kind: &'a str,
    name: &'a str,
    window: &'a str,
}

/// What `/metrics/kpi` is made of.
#[derive(Debug, Clone, Copy)]
pub struct KpiPage<'a> {
    pub model: &'a ReadModel,
    pub settings: &'a ServeSettings,
    pub configured: &'a Configured,
    pub now: Timestamp,
}

impl KpiPage<'_> {
    /// Renders the windows that the query names, else those of the settings.
    ///
    /// # Errors
    /// A sentence: what the query asks for and there is not.
    pub fn render(&self, query: Option<&str>) -> Result<String, String> {
        let mut page = Page::default();
        let entities = self.model.entities();
        let chosen = Chosen::of(&entities, self.settings, query)?;
        let promises = Promises::of(self.model, self.configured, self.now);
        promises.write(&mut page);
        for group in &chosen.groups {
            write_group(&mut page, group, &chosen.windows);
            promises.write_of(&mut page, group);
            promises.write_place_of(&mut page, group);
        }
        for (agent, score) in &chosen.agents {
            write_score(&mut page, agent, score);
        }
        chosen.write_hidden(&mut page);
        alerts::write(&mut page, self.model, &chosen);
        Ok(page.render())
    }
}

fn write_group(page: &mut Page, group: &Entity, windows: &[String]) {
    const CLOCK: Named = (
        "floorwalker_kpi_clock_timestamp_seconds",
        "The instant whose figures are shown, since 1970",
    );
    let (kind, name) = group.kind_and_name();
    if let Some(clock) = group.clock() {
        let since = (clock - Timestamp::default()).as_secs();
        page.gauge(CLOCK, &[("kind", kind), ("name", name)], since);
    }
    let shown = group.scores.iter();
    for score in shown.filter(|score| windows.contains(&score.window)) {
        write_score(page, group, score);
    }
    let newest = group.scores.iter().max_by_key(|score| score.clock);
    if let Some(live) = newest.and_then(|score| read(score).live) {
        write_live(page, (kind, name), &live);
    }
}

fn write_score(page: &mut Page, entity: &Entity, score: &Score) {
    let (kind, name) = entity.kind_and_name();
    let window = score.window.as_str();
    let owner = Owner { kind, name, window };
    let kpis = read(score);
    write_counts(page, owner, &kpis);
    write_sla(page, owner, &kpis.sla);
    write_durations(page, owner, &kpis);
    write_shares(page, owner, &kpis);
    write_csat(page, owner, &kpis.csat);
    if let Some(concurrency) = kpis.concurrency {
        const MEAN: Named = (
            "floorwalker_concurrent_engagements",
            "Mean of an agent's open engagements while there is one",
        );
        page.gauge(MEAN, &owner.labels(), concurrency);
    }
}

/// Returns the figures of a record; none if it can't be read.
fn read(score: &Score) -> Scorecard<'static> {
    match serde_json::from_str::<KpiRecord<'static>>(score.record.get()) {
        Ok(record) => record.kpis,
        Err(error) => {
            tracing::warn!(window = score.window, "figures can't be read: {error}");
            Scorecard::default()
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
const fn number(count: i64) -> f64 {
    count as f64
}

/// A count and where it is in a record.
type CountOf = (Named, fn(&Scorecard<'_>) -> i64);

const COUNTS: [CountOf; 13] = [
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
            "floorwalker_callbacks_asked_waits",
            "Waits that left for a callback in the window",
        ),
        |kpis| kpis.callbacks.asked,
    ),
    (
        (
            "floorwalker_callbacks_reached_waits",
            "Callbacks that an agent's answer reached in the window",
        ),
        |kpis| kpis.callbacks.reached,
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

fn write_counts(page: &mut Page, owner: Owner<'_>, kpis: &Scorecard<'_>) {
    const ATTEMPTS: Named = (
        "floorwalker_outbound_attempts",
        "Outbound waits that ended in the window, by what became of them",
    );
    for (named, count) in COUNTS {
        page.gauge(named, &owner.labels(), number(count(kpis)));
    }
    let outbound = &kpis.outbound;
    let attempts = [
        ("answered", outbound.answered),
        ("silent", outbound.silent),
        ("unreached", outbound.unreached),
    ];
    for (outcome, count) in attempts {
        page.gauge(
            ATTEMPTS,
            &owner.labels_with(("outcome", outcome)),
            number(count),
        );
    }
}

fn write_sla(page: &mut Page, owner: Owner<'_>, sla: &ByName<'_, Compliance>) {
    const RATIO: Named = (
        "floorwalker_sla_ratio",
        "Met of the decided obligations of a policy in the window",
    );
    const UPPER: Named = (
        "floorwalker_sla_upper_ratio",
        "Upper end of the 95 % interval of the share: below the target, the target is missed and it is no chance",
    );
    const MET: Named = (
        "floorwalker_sla_met_obligations",
        "Obligations met in the window",
    );
    const MISSED: Named = (
        "floorwalker_sla_missed_obligations",
        "Obligations missed in the window",
    );
    for (policy, decided) in sla.iter() {
        let labels = owner.labels_with(("policy", policy));
        if let Some(ratio) = decided.ratio.value {
            page.gauge(RATIO, &labels, ratio);
        }
        if let Some((_, upper)) = decided.ratio.interval {
            page.gauge(UPPER, &labels, upper);
        }
        page.gauge(MET, &labels, number(decided.met));
        page.gauge(MISSED, &labels, number(decided.missed));
    }
}

fn write_durations(page: &mut Page, owner: Owner<'_>, kpis: &Scorecard<'_>) {
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
    const CALLBACK: [Named; 2] = [
        (
            "floorwalker_callback_mean_seconds",
            "Mean time from leaving for a callback to its answer",
        ),
        (
            "floorwalker_callback_seconds",
            "Percentiles of the times from leaving for a callback to its answer",
        ),
    ];
    let callbacks = &kpis.callbacks.time;
    let durations = [
        (ASA, kpis.asa.mean, kpis.asa.percentiles),
        (AHT, kpis.aht.mean, kpis.aht.percentiles),
        (CALLBACK, callbacks.mean, callbacks.percentiles),
    ];
    for (named, mean, percentiles) in durations {
        if let Some(mean) = mean {
            page.gauge(named[0], &owner.labels(), mean);
        }
        let percentiles = [
            ("50", percentiles.p50),
            ("90", percentiles.p90),
            ("99", percentiles.p99),
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
type ShareOf = (Named, &'static str, fn(&Scorecard<'_>) -> Option<Ratio>);

const SHARES: [ShareOf; 9] = [
    (
        (
            "floorwalker_abandonment_ratio",
            "Abandoned of the abandoned and answered, short ones left out",
        ),
        "abandonment",
        |kpis| kpis.abandonment,
    ),
    (
        (
            "floorwalker_transfer_ratio",
            "Of the handled, those that ended by a transfer",
        ),
        "transfer",
        |kpis| Some(kpis.transfer_rate),
    ),
    (
        ("floorwalker_offer_miss_ratio", "Offers declined or missed"),
        "offer_miss",
        |kpis| Some(kpis.offer_miss),
    ),
    (
        (
            "floorwalker_resolved_said_ratio",
            "Dispositions with resolved set",
        ),
        "resolved_said",
        |kpis| Some(kpis.resolved_said),
    ),
    (
        (
            "floorwalker_fcr_ratio",
            "Contacts resolved at first contact, as known so far",
        ),
        "fcr",
        |kpis| Some(kpis.fcr.ratio),
    ),
    (
        (
            "floorwalker_fcr_confirmed_ratio",
            "Contacts resolved at first contact, as settled",
        ),
        "fcr_confirmed",
        |kpis| Some(kpis.fcr_confirmed.ratio),
    ),
    (
        (
            "floorwalker_first_response_ratio",
            "First responses in time",
        ),
        "first_response",
        |kpis| Some(kpis.frr),
    ),
    (
        (
            "floorwalker_csat_response_ratio",
            "Surveyed of the answered contacts that ended",
        ),
        "csat_response",
        |kpis| Some(kpis.csat_response),
    ),
    (
        (
            "floorwalker_csat_low_ratio",
            "Surveys below the middle of their scale",
        ),
        "csat_low",
        |kpis| Some(kpis.csat.low),
    ),
];

fn write_shares(page: &mut Page, owner: Owner<'_>, kpis: &Scorecard<'_>) {
    const BASE: Named = (
        "floorwalker_ratio_denominator",
        "How many a ratio is a share of",
    );
    const LOWER: Named = (
        "floorwalker_abandonment_lower_ratio",
        "Lower end of the 95 % interval of the abandonment: above a limit, it is exceeded and it is no chance",
    );
    const OCCUPANCY: Named = (
        "floorwalker_occupancy_ratio",
        "Occupied of the logged-in time",
    );
    for (named, kpi, share) in SHARES {
        let Some(share) = share(kpis) else { continue };
        if let Some(value) = share.value {
            page.gauge(named, &owner.labels(), value);
        }
        page.gauge(BASE, &owner.labels_with(("kpi", kpi)), number(share.den));
    }
    let surely = kpis.abandonment.and_then(|share| share.interval);
    if let Some((lower, _)) = surely {
        page.gauge(LOWER, &owner.labels(), lower);
    }
    if let Some(occupancy) = kpis.occupancy.as_ref().and_then(|it| it.value) {
        page.gauge(OCCUPANCY, &owner.labels(), occupancy);
    }
}

fn write_csat(page: &mut Page, owner: Owner<'_>, csat: &Satisfaction) {
    const MEAN: Named = (
        "floorwalker_csat_ratio",
        "Mean survey score as a share of its scale",
    );
    const SURVEYS: Named = ("floorwalker_csat_surveys", "Surveys in the window");
    if let Some(mean) = csat.mean {
        page.gauge(MEAN, &owner.labels(), mean);
    }
    page.gauge(SURVEYS, &owner.labels(), number(csat.n));
}

/// Of now, whatever the window.
fn write_live(page: &mut Page, (kind, name): (&str, &str), live: &LiveState) {
    let labels = [("kind", kind), ("name", name)];
    let gauges: [(Named, f64); 3] = [
        (
            ("floorwalker_waiting_contacts", "Who waits now"),
            number(live.waiting),
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
            number(live.at_risk),
        ),
    ];
    for (named, value) in gauges {
        page.gauge(named, &labels, value);
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
