//! The statements of the directory.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{fault::Fault, records::DirectoryStatement, state::Side};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SubjectFilter {
    /// Only this one, such as `queue:billing`.
    subject: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statements {
    /// By subject, oldest first, as on the topic `directory`.
    #[schema(value_type = Vec<DirectoryStatement>)]
    statements: Vec<Arc<RawValue>>,
}

/// What queues, teams, sites, agents and policies are, and from when on.
#[utoipa::path(get, path = "/api/v1/directory", params(SubjectFilter),
    responses(
        (status = 200, description = "The statements, by subject, oldest first", body = Statements),
        (status = 400, description = "The query can't be read", body = Fault),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Fault)))]
pub(super) async fn list_statements(
    State(side): Side,
    filter: Result<Query<SubjectFilter>, QueryRejection>,
) -> Result<Json<Statements>, Fault> {
    let Query(filter) = filter?;
    let statements = side.model.statements();
    let asked = statements.iter().filter(|it| {
        let subject = filter.subject.as_ref();
        subject.is_none_or(|subject| *subject == it.subject)
    });
    Ok(Json(Statements {
        statements: asked.map(|it| Arc::clone(&it.json)).collect(),
    }))
}
