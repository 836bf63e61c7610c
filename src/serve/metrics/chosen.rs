//! What `/metrics/kpi` has series of: so much that Prometheus lives, whatever names a feed makes up.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::page::{Named, Page};
use crate::serve::{Entity, Score, ServeSettings};
use floorwalker_core::event::{Span, Timestamp};

/// Entities and windows with series.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    pub(super) windows: Vec<String>,
    /// All, and the busiest queues, teams, sites, channels and reasons, by name. A reason takes nobody's place.
    pub(super) groups: Vec<&'a Entity>,
    pub(super) agents: Vec<(&'a Entity, &'a Score)>,
    /// By kind, how many there are beside.
    hidden: BTreeMap<&'a str, usize>,
    queues: BTreeSet<&'a str>,
}

impl<'a> Chosen<'a> {
    pub(super) fn of(
        entities: &'a [Arc<Entity>],
        settings: &ServeSettings,
        query: Option<&str>,
    ) -> Result<Self, String> {
        let windows = windows(entities, settings, query)?;
        let idle = settings.metrics.idle;
        // Of a past that is loaded, too.
        let newest = entities.iter().filter_map(|entity| entity.clock()).max();
        let now = newest.unwrap_or_default();
        let alive = entities.iter().map(Arc::as_ref);
        let alive = alive.filter(|entity| !is_idle(entity, idle, now));
        let (agents, mut groups): (Vec<_>, Vec<_>) = alive.partition(|entity| entity.is_agent());
        groups.sort_by_key(|entity| {
            let (kind, name) = entity.kind_and_name();
            // There are few channels, and one "all".
            let few = matches!(kind, "all" | "channel");
            let is_reason = kind == "reason";
            (
                Reverse((few, !is_reason, entity.waiting() > 0, load(entity))),
                name,
            )
        });
        let most = settings.metrics.entities_max.min(groups.len());
        let mut hidden = BTreeMap::new();
        for entity in groups.split_off(most) {
            *hidden.entry(entity.kind_and_name().0).or_default() += 1;
        }
        groups.sort_by_key(|entity| &entity.name);
        let queues = groups.iter().map(|entity| entity.kind_and_name());
        let queues = queues.filter(|(kind, _)| *kind == "queue");
        Ok(Self {
            queues: queues.map(|(_, name)| name).collect(),
            agents: worst(&agents, &windows, settings),
            windows,
            groups,
            hidden,
        })
    }

    pub(super) fn has_queue(&self, queue: &str) -> bool {
        self.queues.contains(queue)
    }

    #[expect(clippy::cast_precision_loss, reason = "few")]
    pub(super) fn write_hidden(&self, page: &mut Page) {
        const HIDDEN: Named = (
            "floorwalker_kpi_hidden_entities",
            "Queues and groups without series here (serve.metrics_entities_max); /api/v1/entities has them",
        );
        for kind in ["queue", "team", "site", "channel", "reason"] {
            let count = self.hidden.get(kind).copied().unwrap_or(0);
            page.gauge(HIDDEN, &[("kind", kind)], count as f64);
        }
    }
}

/// Waits and engagements of the window that has most of them.
fn load(entity: &Entity) -> i64 {
    let loads = entity.scores.iter().map(|score| score.load);
    loads.max().unwrap_or(0)
}

/// Nobody waits, and nothing was counted for so long. Without a window that is as short, by the clock of its figures.
fn is_idle(entity: &Entity, idle: Span, now: Timestamp) -> bool {
    if entity.waiting() > 0 {
        return false;
    }
    let within = entity.scores.iter().filter_map(|score| {
        let length = length(&score.window)?;
        (length <= idle).then_some((length, score.load))
    });
    let old = entity.clock().is_none_or(|clock| clock + idle < now);
    match within.max_by_key(|(length, _)| *length) {
        // An agent or a team may have states and no contact.
        Some((_, load)) if !is_of_people(entity) => old || load == 0,
        _ => old,
    }
}

fn is_of_people(entity: &Entity) -> bool {
    matches!(entity.kind_and_name().0, "agent" | "team" | "site" | "all")
}

/// Of a sliding window, by its name.
fn length(window: &str) -> Option<Span> {
    let duration = humantime::parse_duration(window).ok()?;
    Some(Span(i64::try_from(duration.as_micros()).ok()?))
}

/// Those that the query names, else those of the settings.
fn windows(
    entities: &[Arc<Entity>],
    settings: &ServeSettings,
    query: Option<&str>,
) -> Result<Vec<String>, String> {
    let asked = query
        .unwrap_or_default()
        .split('&')
        .filter(|it| !it.is_empty());
    let asked: Vec<&str> = asked
        .map(|part| {
            part.strip_prefix("window=").ok_or_else(|| {
                format!("`{part}` is not asked for here; write for instance ?window=1h&window=24h")
            })
        })
        .collect::<Result<_, _>>()?;
    if asked.is_empty() {
        return Ok(settings.metrics.windows.clone());
    }
    let scores = entities.iter().flat_map(|entity| &entity.scores);
    let known: BTreeSet<&str> = scores.map(|score| score.window.as_str()).collect();
    for window in &asked {
        if !known.is_empty() && !known.contains(window) {
            let known: Vec<_> = known.into_iter().collect();
            return Err(format!(
                "there is no window `{window}`; there are {}",
                known.join(", ")
            ));
        }
    }
    Ok(asked.into_iter().map(str::to_owned).collect())
}

/// All agents, or for each window those who surely miss the largest share.
fn worst<'a>(
    agents: &[&'a Entity],
    windows: &[String],
    settings: &ServeSettings,
) -> Vec<(&'a Entity, &'a Score)> {
    let mut by_window: BTreeMap<&str, Vec<(&Entity, &Score)>> = BTreeMap::new();
    for agent in agents {
        let shown = agent.scores.iter();
        for score in shown.filter(|score| windows.contains(&score.window)) {
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
