//! Windows and beats.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use toml::Spanned;

use super::{
    calendar::zone,
    setting::{At as _, over_zero, put},
};
use crate::config::{fault::Fault, file, value::Value as _};
use floorwalker_core::{
    event::{QueueId, SiteId, Span, TeamId},
    kpi::{KpiSettings, Place, Places, Window},
};

const SECOND: i64 = 1_000_000;
/// Each costs every agent, queue and group up to 60 panes.
const WINDOWS_MAX: usize = 16;
/// Each costs every agent, queue and group up to 9 panes. There are no more offsets from UTC.
const ZONES_MAX: usize = 40;

pub(super) fn settings(given: file::Kpi) -> Result<KpiSettings, Fault> {
    let mut settings = KpiSettings::default();
    put(
        &mut settings.group_beat,
        over_zero(given.group_beat.as_ref())?,
    );
    put(
        &mut settings.agent_beat,
        over_zero(given.agent_beat.as_ref())?,
    );
    put(
        &mut settings.windows,
        given.windows.map(windows).transpose()?,
    );
    let zone = given.zone.as_ref().map(zone);
    put(&mut settings.zone, zone.transpose()?);
    Ok(settings)
}

/// The team and site that answer for each queue.
pub(super) fn places(queues: BTreeMap<String, file::Queue>) -> Result<Places, Fault> {
    let name = |given: Option<Spanned<String>>, what| match given {
        Some(empty) if empty.get_ref().trim().is_empty() => Err(empty.fault(format!(
            "a {what} needs a name; leave the line out for none"
        ))),
        given => Ok(given.map(Spanned::into_inner)),
    };
    let place = |(queue, given): (String, file::Queue)| {
        let place = Place {
            team: name(given.team, "team")?.as_deref().map(TeamId::new),
            site: name(given.site, "site")?.as_deref().map(SiteId::new),
        };
        Ok((QueueId::new(&queue), place))
    };
    queues.into_iter().map(place).collect()
}

/// The zones of sites that have one of their own.
pub(super) fn zones(
    sites: &BTreeMap<Spanned<String>, file::Site>,
) -> Result<BTreeMap<SiteId, TimeZone>, Fault> {
    let names: BTreeSet<&str> = (sites.values())
        .filter_map(|site| Some(site.zone.as_ref()?.get_ref().as_str()))
        .collect();
    let mut zones = BTreeMap::new();
    for (name, site) in sites {
        if name.get_ref().trim().is_empty() {
            return Err(name.fault("a site needs a name, such as [sites.oslo]"));
        }
        if names.len() > ZONES_MAX {
            return Err(name.fault(format!(
                "the sites have {} time zones; write at most {ZONES_MAX}",
                names.len()
            )));
        }
        if let Some(given) = &site.zone {
            zones.insert(SiteId::new(name.get_ref()), zone(given)?);
        }
    }
    Ok(zones)
}

/// Shortest first, then `today`, `all` last.
fn windows(given: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Window>, Fault> {
    let count = given.get_ref().len();
    if !(1..=WINDOWS_MAX).contains(&count) {
        return Err(given.fault(format!(
            "{count} windows; write 1 to {WINDOWS_MAX} of them, such as \"5m\", \"1h\", \"all\""
        )));
    }
    let mut windows: Vec<Window> = Vec::new();
    for one in given.into_inner() {
        let window = window(&one)?;
        if let Some(twin) = windows.iter().find(|other| other.reach == window.reach) {
            let sentence = format!(
                "`{}` is as long as `{}`; remove one",
                window.name, twin.name
            );
            return Err(one.fault(sentence));
        }
        if let Some(near) = windows
            .iter()
            .find(|other| differ_by_less_than_a_pane(other, &window))
        {
            let sentence = format!(
                "`{}` and `{}` differ by less than a pane of the longer, a sixtieth; remove one",
                near.name, window.name
            );
            return Err(one.fault(sentence));
        }
        windows.push(window);
    }
    windows.sort_by_key(|window| window.reach);
    Ok(windows)
}

/// The longer of two windows must reach back as far as the shorter wherever their panes lie.
fn differ_by_less_than_a_pane(one: &Window, other: &Window) -> bool {
    let longer = if one.length() > other.length() {
        one
    } else {
        other
    };
    let pane = longer.pane().unwrap_or(Span::ZERO);
    let lengths = one.length().zip(other.length());
    lengths.is_some_and(|(a, b)| (a.0 - b.0).abs() < pane.0)
}

fn window(given: &Spanned<String>) -> Result<Window, Fault> {
    let name = given.get_ref();
    match name.as_str() {
        "all" => Ok(Window::all()),
        "today" => Ok(Window::today()),
        _ => sliding(given),
    }
}

/// A window with a length.
pub(super) fn sliding(given: &Spanned<String>) -> Result<Window, Fault> {
    let name = given.get_ref();
    let length = Span::read(name).map_err(|sentence| given.fault(sentence))?;
    let window = Window::sliding(name, length);
    let pane = window.pane().unwrap_or(Span::ZERO);
    if length.0 < 5 * SECOND {
        return Err(given.fault(format!("`{name}` is too short; the least is \"5s\"")));
    }
    if pane.0 % SECOND != 0 || length.0 % pane.0 != 0 {
        return Err(given.fault(uneven(name, length)));
    }
    Ok(window)
}

/// Up to five minutes panes have 5 s; beyond, they are a sixtieth.
fn uneven(name: &str, length: Span) -> String {
    let step = if length.0 < 300 * SECOND { 5 } else { 60 };
    let below = length.0 / SECOND / step * step;
    format!(
        "`{name}` can't be cut into whole panes of a sixtieth, at least 5 s; write \"{below}s\" or \"{}s\"",
        below + step
    )
}
