//! Scorecards of agents, queues and groups.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::Uri,
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{Asked, Page, default_limit},
    records::KpiRecord,
    state::Side,
};
use crate::serve::{
    model::{Entity, Score},
    problem::Problem,
};
use floorwalker_core::event::Timestamp;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntityFilter {
    /// Only agents, queues, channels, teams, sites: `agent`, `queue`, …
    kind: Option<String>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Where to go on: as the header `Link` of the page before has it.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entities {
    /// How many there are, shown or not.
    total: usize,
    entities: Vec<EntityLine>,
}

#[derive(Debug, Serialize, ToSchema)]
struct EntityLine {
    /// `agent:ana`, `queue:billing`, `all`.
    entity: String,
    /// What the directory calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The instant of its newest figures.
    #[schema(value_type = Option<String>, format = DateTime)]
    clock: Option<Timestamp>,
    windows: Vec<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WindowFilter {
    /// Only this window, such as `1h` or `today`.
    window: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Scorecards {
    entity: String,
    /// One record a window, shortest first, as on the topic `kpis`.
    #[schema(value_type = Vec<KpiRecord>)]
    scorecards: Vec<Arc<RawValue>>,
}

/// Whose figures there are.
#[utoipa::path(get, path = "/api/v1/entities", params(EntityFilter),
    responses(
        (status = 200, description = "The entities, by name", body = Entities),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_entities(
    State(side): Side,
    uri: Uri,
    filter: Result<Query<EntityFilter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter?;
    let asked = |entity: &Arc<Entity>| {
        let kind = filter.kind.as_ref();
        kind.is_none_or(|kind| kind == entity.kind_and_name().0)
    };
    let mut entities = side.model.entities();
    entities.retain(asked);
    let total = entities.len();
    let page = Asked {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        uri: &uri,
    };
    let Page { lines, link } = page.cut(entities, |it| it.name.clone())?;
    let titles = side.model.titles();
    let lines = lines.iter().map(|it| EntityLine {
        entity: it.name.clone(),
        title: titles.get(&it.name).cloned(),
        clock: it.clock(),
        windows: it.scores.iter().map(|it| it.window.clone()).collect(),
    });
    Ok(link.with(Entities {
        total,
        entities: lines.collect(),
    }))
}

/// The figures of an agent, a queue or a group.
#[utoipa::path(get, path = "/api/v1/entities/{entity}/kpis",
    params(("entity" = String, Path, description = "`agent:ana`, `queue:billing`, `channel:voice`, `all`"), WindowFilter),
    responses(
        (status = 200, description = "The figures, shortest window first", body = Scorecards),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 404, description = "Nothing was counted for it, or not in that window", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_kpis(
    State(side): Side,
    uri: Uri,
    Path(name): Path<String>,
    filter: Result<Query<WindowFilter>, QueryRejection>,
) -> Result<Json<Scorecards>, Problem> {
    let Query(filter) = filter?;
    let entity = (side.model.entity(&name)).ok_or_else(|| no_entity(&uri, &name))?;
    let asked = |score: &&Arc<Score>| {
        let window = filter.window.as_ref();
        window.is_none_or(|window| *window == score.window)
    };
    let scores: Vec<_> = entity.scores.iter().filter(asked).collect();
    if scores.is_empty() {
        let windows: Vec<_> = entity.scores.iter().map(|it| it.window.as_str()).collect();
        return Err(Problem::not_found(
            &uri,
            format!("{name} has no such window"),
            format!("ask for one of {}", windows.join(", ")),
        ));
    }
    let records = scores.into_iter().map(|score| Arc::clone(&score.record));
    Ok(Json(Scorecards {
        entity: name,
        scorecards: records.collect(),
    }))
}

fn no_entity(uri: &Uri, name: &str) -> Problem {
    Problem::not_found(
        uri,
        format!("nothing was counted for `{name}`"),
        "/api/v1/entities names all; a queue is written queue:NAME, an agent agent:NAME",
    )
}
