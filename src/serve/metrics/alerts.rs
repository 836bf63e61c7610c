//! Series of the alerts that fire.

use std::collections::BTreeMap;

use super::{
    chosen::Chosen,
    page::{Named, Page},
};
use crate::serve::ReadModel;
use floorwalker_core::engine::OVERFLOW;

/// Writes the series of firing alerts. Only queues that have series are labels: a feed may make up any number of names.
pub(super) fn write(page: &mut Page, model: &ReadModel, chosen: &Chosen<'_>) {
    const ACTIVE: Named = (
        "floorwalker_active_alerts",
        "Alerts that fire, by rule, severity, queue, whether somebody has taken them up and whether they are silenced",
    );
    let mut counts: BTreeMap<[String; 5], u32> = BTreeMap::new();
    for alert in model.alerts(false) {
        let fields = &alert.fields;
        let standing = model.standing(&alert);
        let taken_up = standing.ack.is_some().to_string();
        let silenced = standing.silenced_by.is_some().to_string();
        let queue = fields.queue.as_deref().unwrap_or_default();
        let shown = queue.is_empty() || chosen.has_queue(queue);
        let queue = if shown { queue } else { OVERFLOW }.to_owned();
        let key = [
            fields.rule.clone(),
            fields.severity.clone(),
            queue,
            taken_up,
            silenced,
        ];
        *counts.entry(key).or_default() += 1;
    }
    for ([rule, severity, queue, taken_up, silenced], count) in &counts {
        let labels = [
            ("rule", rule.as_str()),
            ("severity", severity),
            ("queue", queue),
            ("acknowledged", taken_up),
            ("silenced", silenced),
        ];
        page.gauge(ACTIVE, &labels, f64::from(*count));
    }
}
