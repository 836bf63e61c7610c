//! Alerts: which fire, one with its details, and that somebody has taken it up.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::{cmp::Reverse, sync::Arc};

use axum::{
    Extension, Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{Asked, Page, default_limit},
    records::AlertRecord,
    sent::Sent,
    session::author,
    state::{Side, read_back},
};
use crate::{
    kafka::{clock, topics::Topic},
    serve::{
        ReadSide,
        access::Caller,
        model::{AcknowledgedEvent, Alert, AlertFields},
        problem::Problem,
    },
};

const EXAMPLE: &str = r#"{"by":"ana","note":"calling back"}"#;
const NOTE_BYTES_MAX: usize = 4_096;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AlertFilter {
    /// `firing` if left out.
    #[serde(default)]
    #[param(inline)]
    status: Status,
    /// Only of this rule, such as `sla.missed`.
    rule: Option<String>,
    /// Only of this queue.
    queue: Option<String>,
    /// Only those that are silenced, or only those that are not.
    silenced: Option<bool>,
    /// Only those that somebody has taken up, or only those that nobody has.
    acknowledged: Option<bool>,
    /// Only those that would call a person now, or only the others: an alert that is silenced or covered calls nobody.
    interrupts: Option<bool>,
    /// Only those that this alert covers.
    inhibited_by: Option<String>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Where to go on: as the header `Link` of the page before has it.
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Firing,
    Resolved,
    All,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Alerts {
    /// How many there are, shown or not.
    total: usize,
    /// Records as on the topic `alerts`, with who acknowledged, silences and covers them; those that began last first.
    #[schema(value_type = Vec<AlertRecord>)]
    alerts: Vec<Arc<RawValue>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledge {
    /// The person who takes it up; by default, and always with a token, the token's name.
    by: Option<String>,
    note: Option<String>,
}

/// The alerts that fire, or did.
#[utoipa::path(get, path = "/api/v1/alerts", params(AlertFilter),
    responses(
        (status = 200, description = "The alerts, those that began last first", body = Alerts),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_alerts(
    State(side): Side,
    uri: Uri,
    filter: Result<Query<AlertFilter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter?;
    let mut alerts = side.model.alerts(filter.status != Status::Firing);
    alerts.retain(|alert| filter.asks_for(alert) && filter.asks_for_standing(&side, alert));
    let total = alerts.len();
    let page = Asked {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        uri: &uri,
    };
    // When it began is the same as long as there is an alert; when it changed last is not.
    let key = |alert: &Arc<Alert>| {
        let AlertFields { starts_at, id, .. } = &alert.fields;
        (Reverse(starts_at.0), id.clone())
    };
    let Page { lines, link } = page.cut(alerts, key)?;
    Ok(link.with(Alerts {
        total,
        alerts: lines.iter().map(|alert| side.model.shown(alert)).collect(),
    }))
}

impl AlertFilter {
    fn asks_for(&self, alert: &Alert) -> bool {
        let rule = self.rule.as_ref();
        let queue = self.queue.as_ref();
        let status = match self.status {
            Status::Firing => alert.is_firing(),
            Status::Resolved => !alert.is_firing(),
            Status::All => true,
        };
        status
            && rule.is_none_or(|rule| *rule == alert.fields.rule)
            && queue.is_none_or(|queue| alert.fields.queue.as_ref() == Some(queue))
    }

    fn asks_for_standing(&self, side: &ReadSide, alert: &Alert) -> bool {
        let standing = side.model.standing(alert);
        let fits = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        let by = self.inhibited_by.as_ref();
        fits(self.silenced, standing.silenced_by.is_some())
            && fits(self.acknowledged, standing.ack.is_some())
            && fits(self.interrupts, alert.calls(&standing))
            && by.is_none_or(|by| standing.inhibited_by.as_ref() == Some(by))
    }
}

/// Returns an alert, with who acknowledged, silences and covers it, and how many it covers itself.
#[utoipa::path(get, path = "/api/v1/alerts/{id}",
    params(("id" = String, Path, description = "The alert's id; its slashes may stand as they are")),
    responses(
        (status = 200, description = "The alert", body = AlertRecord),
        (status = 404, description = "There is no such alert", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn show_alert(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<Arc<RawValue>>, Problem> {
    let alert = find(&side, &uri, &id)?;
    Ok(Json(side.model.shown_whole(&alert)))
}

fn find(side: &ReadSide, uri: &Uri, id: &str) -> Result<Arc<Alert>, Problem> {
    let no_alert = || {
        Problem::not_found(
            uri,
            format!("there is no alert `{id}`"),
            "/api/v1/alerts?status=all lists those that are remembered",
        )
    };
    side.model.alert(id).ok_or_else(no_alert)
}

/// Notes that somebody has taken an alert up; the newest acknowledgement counts.
///
/// Answers with the alert: 200 when the acknowledgement is in it, 202 when it is written and not yet read back.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledge", request_body = Acknowledge,
    params(("id" = String, Path, description = "The alert's id; its slashes may stand as they are")),
    responses(
        (status = 200, description = "The alert, with the acknowledgement", body = AlertRecord),
        (status = 202, description = "The alert; the acknowledgement is written and not read back yet", body = AlertRecord),
        (status = 400, description = "The body is no JSON, or breaks a rule", body = Problem),
        (status = 404, description = "There is no such alert", body = Problem),
        (status = 403, description = "`by` is not the token's own name, or the token may not act", body = Problem),
        (status = 408, description = "The body did not come in time", body = Problem),
        (status = 409, description = "The alert is resolved", body = Problem),
        (status = 413, description = "The body is too long", body = Problem),
        (status = 415, description = "The body is not declared as JSON", body = Problem),
        (status = 422, description = "The JSON has other fields than these", body = Problem),
        (status = 503, description = "Kafka did not take it, or the topics are still being read", body = Problem)))]
pub(super) async fn acknowledge(
    State(side): Side,
    uri: Uri,
    Path(path): Path<String>,
    Extension(caller): Extension<Caller>,
    body: Sent<Acknowledge>,
) -> Result<(StatusCode, Json<Arc<RawValue>>), Problem> {
    let Some(id) = path.strip_suffix("/acknowledge") else {
        return Err(Problem::not_found(
            &uri,
            "nothing can be sent here".to_owned(),
            "add /acknowledge to the alert's path",
        ));
    };
    let alert = find(&side, &uri, id)?;
    let Acknowledge { by, note } = body.read(EXAMPLE)?;
    let refused = |what: String| Problem::body_like(what, EXAMPLE);
    let by = author(&caller, by, refused)?;
    check_note(note.as_deref()).map_err(refused)?;
    if !alert.is_firing() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            uri.path(),
            "the alert is resolved: there is nothing left to take up",
            "look at /api/v1/alerts for those that fire",
        ));
    }
    let at = clock::wall();
    let event = AcknowledgedEvent {
        occurred_at: at,
        source: "api",
        r#type: "alert_acknowledged",
        alert: id,
        by: &by,
        note: note.as_deref(),
    };
    write(&side, &event).await?;
    // It, or something later.
    let is_shown = || side.model.ack(id).is_some_and(|ack| at <= ack.at);
    let status = read_back(StatusCode::OK, is_shown).await;
    let alert = side.model.alert(id).unwrap_or(alert);
    Ok((status, Json(side.model.shown(&alert))))
}

/// One route has both paths: which methods there are depends on how it ends. The reason is added for all paths alike.
pub(super) async fn refuse_method(uri: Uri) -> Response {
    let allowed = match uri.path().ends_with("/acknowledge") {
        true => "POST",
        false => "GET,HEAD",
    };
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, allowed)]).into_response()
}

fn check_note(note: Option<&str>) -> Result<(), String> {
    let bytes = note.map_or(0, str::len);
    if bytes > NOTE_BYTES_MAX {
        return Err(format!(
            "`note` has {bytes} bytes; {NOTE_BYTES_MAX} are the most"
        ));
    }
    Ok(())
}

async fn write(side: &ReadSide, event: &AcknowledgedEvent<'_>) -> Result<(), Problem> {
    let json = serde_json::to_vec(event);
    let json = json.map_err(|error| Problem::body_like(error.to_string(), EXAMPLE))?;
    let written = (side.writer).write(Topic::Acknowledgements, event.alert, &json);
    (written.await).map_err(|error| Problem::unwritten("acknowledgement", &error))
}
