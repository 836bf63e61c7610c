//! What the read side holds and shows.

use std::ops::RangeInclusive;

use toml::Spanned;

use super::setting::{At as _, count, narrow, over_zero, put};
use crate::{
    config::{fault::Fault, file},
    serve::ServeSettings,
};
use floorwalker_core::kpi::Window;

/// At 2 KB a record, 10 million are all the memory of a large machine.
const RECORDS_HELD: RangeInclusive<i64> = 1..=10_000_000;
const WORST_AGENTS: RangeInclusive<i64> = 0..=1_000;
/// At 3 KB of text for each window, a thousand queues are what a scrape should carry.
const ENTITIES_SHOWN: RangeInclusive<i64> = 1..=100_000;

pub(super) fn settings(given: file::Serve, windows: &[Window]) -> Result<ServeSettings, Fault> {
    let mut settings = ServeSettings::default();
    let limits = [
        (&mut settings.contacts_max, &given.contacts_max),
        (&mut settings.alerts_max, &given.alerts_max),
        (&mut settings.entities_max, &given.entities_max),
    ];
    for (limit, wanted) in limits {
        if let Some(number) = wanted {
            *limit = count(narrow(number, RECORDS_HELD)?);
        }
    }
    if let Some(agents) = &given.worst_agents {
        settings.worst_agents = count(narrow(agents, WORST_AGENTS)?);
    }
    put(&mut settings.all_agents, given.all_agents);
    let shown = given.metrics_entities_max.as_ref();
    let shown = shown
        .map(|number| narrow(number, ENTITIES_SHOWN))
        .transpose()?;
    put(&mut settings.metrics.entities_max, shown.map(count));
    put(
        &mut settings.metrics.idle,
        over_zero(given.metrics_idle.as_ref())?,
    );
    if let Some(wanted) = given.metrics_windows {
        settings.metrics.windows = wanted
            .into_iter()
            .map(|window| known(window, windows))
            .collect::<Result<_, _>>()?;
    }
    Ok(settings)
}

fn known(wanted: Spanned<String>, windows: &[Window]) -> Result<String, Fault> {
    let name = wanted.get_ref();
    if windows.iter().any(|window| window.name == *name) {
        return Ok(wanted.into_inner());
    }
    let names: Vec<_> = windows.iter().map(|window| window.name.as_str()).collect();
    Err(wanted.fault(format!(
        "there is no window `{name}`; `kpi.windows` has {}",
        names.join(", ")
    )))
}
