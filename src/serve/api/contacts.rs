//! A contact: its record, and how it came about.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::Uri,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{records::ContactRecord, state::Side};
use crate::serve::{ReadSide, model::Line, problem::Problem};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct History {
    contact_id: String,
    /// What happened, in time order.
    lines: Vec<Line>,
}

/// A contact's record, as on the topic `contacts`.
#[utoipa::path(get, path = "/api/v1/contacts/{id}",
    params(("id" = String, Path, description = "The contact's id; a slash in it is written %2F")),
    responses(
        (status = 200, description = "The contact's record", body = ContactRecord),
        (status = 404, description = "No record of it is at hand", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_contact(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<Arc<Box<RawValue>>>, Problem> {
    find(&side, &uri, &id).map(Json)
}

/// How a contact came about: its waits, engagements, obligations and alerts, line by line.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/history",
    params(("id" = String, Path, description = "The contact's id; a slash in it is written %2F")),
    responses(
        (status = 200, description = "What happened, in time order", body = History),
        (status = 404, description = "No record of it is at hand", body = Problem),
        (status = 500, description = "Its record can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_history(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<History>, Problem> {
    let record = find(&side, &uri, &id)?;
    let lines = side.model.history(&record);
    let lines = lines.map_err(|error| Problem::broken(&uri, &error))?;
    let contact_id = id;
    Ok(Json(History { contact_id, lines }))
}

pub(super) fn find(side: &ReadSide, uri: &Uri, id: &str) -> Result<Arc<Box<RawValue>>, Problem> {
    let kept = side.settings.contacts_max;
    let no_contact = || {
        Problem::not_found(
            uri,
            format!("no record of a contact `{id}` is at hand"),
            format!(
                "a contact has one once it is over or has caused an alert, and the newest {kept} are kept (serve.contacts_max); the topic `contacts` has it for 30 days"
            ),
        )
    };
    side.model.contact(id).ok_or_else(no_contact)
}
