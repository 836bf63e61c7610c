//! The statements of the directory.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::sync::Arc;

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::Uri,
    response::Response,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{Asked, Page, default_limit},
    records::DirectoryStatement,
    state::Side,
};
use crate::serve::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SubjectFilter {
    /// Only this one, such as `queue:billing`.
    subject: Option<String>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Where to go on: as the header `Link` of the page before has it.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Statements {
    /// How many there are, shown or not.
    total: usize,
    /// By subject, oldest first, as on the topic `directory`.
    #[schema(value_type = Vec<DirectoryStatement>)]
    statements: Vec<Arc<RawValue>>,
}

/// What queues, teams, sites, agents and policies are, and from when on.
#[utoipa::path(get, path = "/api/v1/directory", params(SubjectFilter),
    responses(
        (status = 200, description = "The statements, by subject, oldest first", body = Statements),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_statements(
    State(side): Side,
    uri: Uri,
    filter: Result<Query<SubjectFilter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter?;
    let mut statements = side.model.statements();
    if let Some(subject) = &filter.subject {
        statements.retain(|it| it.subject == *subject);
    }
    let total = statements.len();
    let page = Asked {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        uri: &uri,
    };
    let Page { lines, link } = page.cut(statements, |it| it.key())?;
    Ok(link.with(Statements {
        total,
        statements: lines.iter().map(|it| Arc::clone(&it.json)).collect(),
    }))
}
