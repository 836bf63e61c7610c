//! When it became today, for whom.

use jiff::civil::Date;

use super::{Settings, roster::Roster};
use floorwalker_core::event::{AgentId, QueueId, Timestamp};

/// Local midnight, or the first instant of a date whose midnight is skipped. An agent is at the site of its last state, be it
/// too old or not.
pub(super) fn began_at(
    entity: &str,
    settings: &Settings,
    roster: &Roster<'_>,
    clock: Timestamp,
) -> Timestamp {
    let groups = match entity.split_once(':') {
        Some(("site", _)) => vec![entity.to_owned()],
        Some(("queue", queue)) => roster.of_queue(&QueueId::new(queue), clock),
        Some(("agent", agent)) => roster.of_agent(&AgentId::new(agent), clock),
        _ => Vec::new(),
    };
    let site = groups.iter().find_map(|group| group.strip_prefix("site:"));
    let zone = site.and_then(|site| settings.zones.get(site));
    let zone = zone.unwrap_or(&settings.zone);
    let begins_at = |date: Date| {
        let begins = date.to_zoned(zone.clone()).ok()?.timestamp();
        Some(Timestamp(begins.as_microsecond()))
    };
    let instant = jiff::Timestamp::from_microsecond(clock.0).unwrap_or_default();
    let date = zone.to_datetime(instant).date();
    // Where clocks go back over midnight, the new date has begun and stays begun.
    let latest_first = [date.tomorrow(), Ok(date)].into_iter().flatten();
    let mut begun = latest_first.filter_map(begins_at);
    begun.find(|at| *at <= clock).unwrap_or(clock)
}
