//! An agent's scorecards: several measures beside each other, in each queue and channel.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::Uri,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{records::ScorecardRecord, state::Side};
use crate::serve::problem::Problem;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgentScorecard {
    agent: String,
    /// One record for each queue and channel, as on the topic `scorecards`.
    #[schema(value_type = Vec<ScorecardRecord>)]
    scorecards: Vec<Arc<RawValue>>,
}

/// An agent's measures, each with its interval, its place among peers of the same queue and channel, and its trend.
#[utoipa::path(get, path = "/api/v1/agents/{agent}/scorecard",
    params(("agent" = String, Path, description = "The agent's id; a slash in it is written %2F")),
    responses(
        (status = 200, description = "The agent's scorecards", body = AgentScorecard),
        (status = 404, description = "The agent has none", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_scorecard(
    State(side): Side,
    uri: Uri,
    Path(agent): Path<String>,
) -> Result<Json<AgentScorecard>, Problem> {
    let no_desk = || {
        Problem::not_found(
            &uri,
            format!("there is no scorecard of an agent `{agent}`"),
            "an agent has one a minute or so after handling, declining or missing a contact of a queue, unless `scorecards.enabled` is false; /api/v1/entities?kind=agent names the agents",
        )
    };
    let desks = side.model.desks(&agent).ok_or_else(no_desk)?;
    Ok(Json(AgentScorecard {
        agent,
        scorecards: desks.records.values().cloned().collect(),
    }))
}
