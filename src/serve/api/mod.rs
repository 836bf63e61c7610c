//! The HTTP API on the read model: scorecards, alerts, contacts, news. `/openapi.json` describes it.

mod agents;
mod alerts;
mod contacts;
mod description;
mod directory;
mod entities;
mod floor;
mod paging;
mod queue_agents;
mod recognitions;
mod records;
mod sent;
mod session;
mod silences;
mod state;
mod stream;
mod tag;

use std::sync::Arc;

use self::state::Side;
use super::{problem::Problem, side::ReadSide};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{StatusCode, Uri},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{delete, get},
};

/// An acknowledgement is a name and a note, a silence has a few matchers more.
const BODY_BYTES_MAX: usize = 16 << 10;

pub(super) use self::tag::tag_compressed;

/// All paths of the API. Its description names tokens if there are any.
pub(super) fn routes(side: &Arc<ReadSide>, has_tokens: bool) -> Router {
    let alert = get(alerts::show_alert).post(alerts::acknowledge);
    let alert = alert.fallback(alerts::refuse_method);
    let silences = get(silences::list_silences).post(silences::create_silence);
    let history = get(contacts::show_history);
    Router::new()
        .route("/api/v1/entities", get(entities::list_entities))
        .route("/api/v1/entities/{entity}/kpis", get(entities::show_kpis))
        .route(
            "/api/v1/queues/{queue}/agents",
            get(queue_agents::list_queue_agents),
        )
        .route("/api/v1/floor", get(floor::show_floor))
        .route("/api/v1/trends", get(floor::list_trends))
        .route("/api/v1/alerts", get(alerts::list_alerts))
        // An id may hold slashes.
        .route("/api/v1/alerts/{*id}", alert)
        .route(
            "/api/v1/agents/{agent}/scorecard",
            get(agents::show_scorecard),
        )
        .route("/api/v1/recognitions", get(recognitions::list_recognitions))
        .route("/api/v1/contacts/{id}", get(contacts::show_contact))
        .route("/api/v1/contacts/{id}/history", history)
        .route("/api/v1/silences", silences)
        .route("/api/v1/silences/{id}", delete(silences::end_silence))
        .route("/api/v1/directory", get(directory::list_statements))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .route_layer(from_fn_with_state(Arc::clone(side), refuse_until_caught_up))
        .with_state(Arc::clone(side))
        .route("/api/v1/session", get(session::show_session))
        .route(
            "/openapi.json",
            get(async move |uri: Uri| describe(&uri, has_tokens)),
        )
        .layer(from_fn(tag::tag))
}

/// News: no answer that has an end.
pub(super) fn stream_route(side: &Arc<ReadSide>) -> Router {
    Router::new()
        .route("/api/v1/stream", get(stream::listen))
        .route_layer(from_fn_with_state(Arc::clone(side), refuse_until_caught_up))
        .with_state(Arc::clone(side))
}

fn describe(uri: &Uri, has_tokens: bool) -> Result<Json<serde_json::Value>, Problem> {
    (description::document(has_tokens).map(Json)).map_err(|error| Problem::broken(uri, &error))
}

/// Half of the figures would be worse than none.
async fn refuse_until_caught_up(State(side): Side, request: Request, next: Next) -> Response {
    if side.model.is_caught_up() {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        request.uri().path(),
        "the topics are being read and their end is not reached yet",
        "ask again in a moment; /readyz shows when",
    )
    .into_response()
}

/// What is at no path of ours.
pub(super) async fn nothing_here(uri: Uri) -> Response {
    Problem::not_found(
        &uri,
        "there is nothing here".to_owned(),
        "/openapi.json names the paths of a process with the role `serve`; /metrics, /healthz and /readyz are of every process",
    )
    .into_response()
}
