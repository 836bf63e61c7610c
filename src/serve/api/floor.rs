//! The whole floor at once: what a wallboard shows first, and where in the stream to go on from there.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    records::{AlertRecord, KpiRecord},
    state::Side,
};
use crate::{
    kafka::clock,
    serve::{
        ReadModel,
        model::{Entity, Score, Trend, kind_and_name},
        policies,
        problem::Problem,
        wallboard,
    },
};
use floorwalker_core::{contact::Policy, event::Timestamp};

/// The busiest; about 2 KB each.
const GROUPS_MAX: usize = 1_000;
/// The latest.
const ALERTS_MAX: usize = 2_000;
const DEFAULT_WINDOW: &str = "30m";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FloorFilter {
    /// Figures of this window; `30m` if left out. An entity without it has its shortest one.
    window: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Floor {
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Send it as `Last-Event-ID` to `/api/v1/stream`: what comes after this answer.
    stream: String,
    /// Version of the wallboard's files: another than before, and an open page should be loaded anew.
    assets: String,
    /// The windows that there are, shortest first.
    windows: Vec<String>,
    policies: Vec<PolicyLine>,
    /// How many queues and groups there are, shown or not.
    groups_total: usize,
    /// Queues, teams, sites, channels and `all`: those with somebody waiting first, then the busiest; 1,000 at most.
    groups: Vec<Group>,
    /// How many alerts fire, shown or not.
    alerts_total: usize,
    /// Firing alerts, with who acknowledged them; the latest transition first, 2,000 at most.
    #[schema(value_type = Vec<AlertRecord>)]
    alerts: Vec<Arc<RawValue>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Group {
    entity: String,
    /// What the directory calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// As on the topic `kpis`.
    #[schema(value_type = KpiRecord)]
    record: Arc<RawValue>,
}

/// A promise that is in force.
#[derive(Debug, Serialize, ToSchema)]
struct PolicyLine {
    name: String,
    measure: &'static str,
    /// Seconds.
    threshold: f64,
    /// Share of decided obligations to be met.
    target: f64,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TrendFilter {
    /// Only this kind: `queue`, `team`, …
    kind: Option<String>,
    /// Only this entity: `queue:billing`, `all`.
    entity: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TrendList {
    /// By entity.
    trends: BTreeMap<String, Trend>,
}

/// All that a wallboard shows first, in one answer: policies, figures of queues and groups, firing alerts.
#[utoipa::path(get, path = "/api/v1/floor", params(FloorFilter),
    responses(
        (status = 200, description = "The floor, and where in the stream to go on", body = Floor),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_floor(
    State(side): Side,
    filter: Result<Query<FloorFilter>, QueryRejection>,
) -> Result<Json<Floor>, Problem> {
    let Query(filter) = filter?;
    let model = &side.model;
    // Before the figures: what changes meanwhile comes again by the stream, and is the same.
    let stream = model.changes().newest().to_string();
    let now = clock::wall();
    let entities = model.entities();
    let groups: Vec<_> = entities.iter().filter(|it| it.is_group()).collect();
    let window = filter.window.as_deref().unwrap_or(DEFAULT_WINDOW);
    let directory = policies::directory(model, &side.configured.contact);
    let policies = policies::in_force(&directory, &side.configured.contact, now);
    let (alerts_total, alerts) = latest_alerts(model);
    Ok(Json(Floor {
        at: now,
        stream,
        assets: wallboard::version().to_owned(),
        windows: windows(&groups),
        policies: policies.values().map(PolicyLine::new).collect(),
        groups_total: groups.len(),
        groups: busiest(model, &groups, window),
        alerts_total,
        alerts,
    }))
}

fn latest_alerts(model: &ReadModel) -> (usize, Vec<Arc<RawValue>>) {
    let mut alerts = model.alerts(false);
    alerts.sort_by_key(|alert| Reverse(alert.fields.at));
    let shown = alerts.iter().take(ALERTS_MAX);
    (
        alerts.len(),
        shown.map(|alert| model.shown(alert)).collect(),
    )
}

/// Those of the entity that has the most.
fn windows(groups: &[&Arc<Entity>]) -> Vec<String> {
    let most = groups.iter().max_by_key(|group| group.scores.len());
    let scores = most.into_iter().flat_map(|group| &group.scores);
    scores.map(|score| score.window.clone()).collect()
}

fn busiest(model: &ReadModel, groups: &[&Arc<Entity>], window: &str) -> Vec<Group> {
    let titles = model.titles();
    let score = |group: &Entity| -> Option<Arc<Score>> {
        let asked = group.scores.iter().find(|score| score.window == window);
        asked.or_else(|| group.scores.first()).cloned()
    };
    let scored = groups.iter().filter_map(|it| Some((*it, score(it)?)));
    let mut scored: Vec<_> = scored.collect();
    scored.sort_by_key(|(group, it)| Reverse((group.waiting() > 0, it.load)));
    let shown = scored.into_iter().take(GROUPS_MAX);
    let group = |(entity, shows): (&Arc<Entity>, Arc<Score>)| Group {
        entity: entity.name.clone(),
        title: titles.get(&entity.name).cloned(),
        record: Arc::clone(&shows.record),
    };
    shown.map(group).collect()
}

impl PolicyLine {
    fn new(policy: &Policy) -> Self {
        Self {
            name: policy.name.clone(),
            measure: policy.measure.name(),
            threshold: policy.threshold.as_secs(),
            target: policy.target,
        }
    }
}

/// How queues and groups went over the last two hours, minute by minute.
///
/// A process begins it anew from what the topic `kpis` still holds.
#[utoipa::path(get, path = "/api/v1/trends", params(TrendFilter),
    responses(
        (status = 200, description = "Columns by entity, one row a minute", body = TrendList),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_trends(
    State(side): Side,
    filter: Result<Query<TrendFilter>, QueryRejection>,
) -> Result<Json<TrendList>, Problem> {
    let Query(filter) = filter?;
    let model = &side.model;
    let names: Vec<String> = match filter.entity {
        Some(entity) => vec![entity],
        None => model.entities().iter().map(|it| it.name.clone()).collect(),
    };
    let asked = names.into_iter().filter(|name| {
        let kind = filter.kind.as_ref();
        kind.is_none_or(|kind| kind == kind_and_name(name).0)
    });
    let trends = asked.filter_map(|name| Some((name.clone(), model.trend(&name)?)));
    Ok(Json(TrendList {
        trends: trends.collect(),
    }))
}
