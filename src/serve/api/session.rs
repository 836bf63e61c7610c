//! Who asks, and whose name acknowledgements and silences have.

use axum::{Extension, Json, http::StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::{
    access::{Caller, Scope},
    problem::Problem,
};
use floorwalker_core::silence::check_by;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// The token's name; `null` where nobody is asked who they are.
    name: Option<String>,
    /// What the caller may do.
    scopes: Vec<Scope>,
}

/// Who asks, and what they may do.
#[utoipa::path(get, path = "/api/v1/session",
    responses((status = 200, description = "Who asks", body = Session)))]
pub(super) async fn show_session(Extension(caller): Extension<Caller>) -> Json<Session> {
    Json(Session {
        name: caller.name().map(str::to_owned),
        scopes: caller.scopes(),
    })
}

/// Returns who acts: the token's name. Where nobody is asked who they are, the name in the request.
///
/// # Errors
/// When a name is missing or none, or is not the token's own. `refused` makes a problem of a sentence.
pub(super) fn author(
    caller: &Caller,
    claimed: Option<String>,
    refused: impl Fn(String) -> Problem,
) -> Result<String, Problem> {
    match (caller.name(), claimed) {
        (Some(name), Some(claimed)) if claimed != name => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "by",
            format!("`by` is `{claimed}`, and the token is that of `{name}`"),
            "leave `by` out, or ask with a token of that name",
        )),
        (Some(name), _) => Ok(name.to_owned()),
        (None, claimed) => {
            let by = claimed.unwrap_or_default();
            check_by(&by).map_err(refused)?;
            Ok(by)
        }
    }
}
