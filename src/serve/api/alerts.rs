//! Alerts: which fire, one with its details, and that somebody has taken it up.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::JsonRejection, rejection::QueryRejection},
    http::{StatusCode, Uri},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::{
    fault::Fault,
    records::AlertRecord,
    state::{Side, read_back},
};
use crate::{
    kafka::{clock, topics::Topic},
    serve::{
        ReadSide,
        model::{AcknowledgedEvent, Alert},
    },
};
use floorwalker_core::{event::Timestamp, silence::check_by};

const ALERTS_MAX: usize = 10_000;
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
    /// At most so many, up to 10,000; 1,000 if left out.
    #[serde(default = "default_limit")]
    limit: usize,
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
    /// Records as on the topic `alerts`, with who acknowledged, silences and covers them; latest transition first.
    #[schema(value_type = Vec<AlertRecord>)]
    alerts: Vec<Arc<RawValue>>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledge {
    /// The person who takes it up.
    by: String,
    note: Option<String>,
}

const fn default_limit() -> usize {
    1_000
}

/// The alerts that fire, or did.
#[utoipa::path(get, path = "/api/v1/alerts", params(AlertFilter),
    responses(
        (status = 200, description = "The alerts, latest transition first", body = Alerts),
        (status = 400, description = "The query can't be read", body = Fault),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Fault)))]
pub(super) async fn list_alerts(
    State(side): Side,
    filter: Result<Query<AlertFilter>, QueryRejection>,
) -> Result<Json<Alerts>, Fault> {
    let Query(filter) = filter?;
    if filter.limit > ALERTS_MAX {
        return Err(Fault::new(
            StatusCode::BAD_REQUEST,
            "query",
            format!("limit={} is too many", filter.limit),
            format!("ask for {ALERTS_MAX} at most"),
        ));
    }
    let mut alerts = side.model.alerts(filter.status != Status::Firing);
    alerts.retain(|alert| filter.asks_for(alert) && filter.asks_for_standing(&side, alert));
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.fields.at));
    let shown = alerts.iter().take(filter.limit);
    Ok(Json(Alerts {
        total: alerts.len(),
        alerts: shown.map(|alert| side.model.shown(alert)).collect(),
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
        (status = 404, description = "There is no such alert", body = Fault),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Fault)))]
pub(super) async fn show_alert(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<Arc<RawValue>>, Fault> {
    let alert = find(&side, &uri, &id)?;
    Ok(Json(side.model.shown_whole(&alert)))
}

fn find(side: &ReadSide, uri: &Uri, id: &str) -> Result<Arc<Alert>, Fault> {
    let no_alert = || {
        Fault::not_found(
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
        (status = 400, description = "The body is no JSON, or breaks a rule", body = Fault),
        (status = 404, description = "There is no such alert", body = Fault),
        (status = 409, description = "The alert is resolved", body = Fault),
        (status = 413, description = "The body is too long", body = Fault),
        (status = 415, description = "The body is not declared as JSON", body = Fault),
        (status = 422, description = "The JSON has other fields than these", body = Fault),
        (status = 503, description = "Kafka did not take it, or the topics are still being read", body = Fault)))]
pub(super) async fn acknowledge(
    State(side): Side,
    uri: Uri,
    Path(path): Path<String>,
    body: Result<Json<Acknowledge>, JsonRejection>,
) -> Result<(StatusCode, Json<Arc<RawValue>>), Fault> {
    let Some(id) = path.strip_suffix("/acknowledge") else {
        return Err(Fault::not_found(
            &uri,
            "nothing can be sent here".to_owned(),
            "add /acknowledge to the alert's path",
        ));
    };
    let alert = find(&side, &uri, id)?;
    let Json(asked) = body?;
    asked.check()?;
    if !alert.is_firing() {
        return Err(Fault::new(
            StatusCode::CONFLICT,
            uri.path(),
            "the alert is resolved: there is nothing left to take up",
            "look at /api/v1/alerts for those that fire",
        ));
    }
    let at = clock::wall();
    asked.write(&side, id, at).await?;
    // It, or something later.
    let is_shown = || side.model.ack(id).is_some_and(|ack| at <= ack.at);
    let status = read_back(StatusCode::OK, is_shown).await;
    let alert = side.model.alert(id).unwrap_or(alert);
    Ok((status, Json(side.model.shown(&alert))))
}

impl Acknowledge {
    fn check(&self) -> Result<(), Fault> {
        check_by(&self.by).map_err(Fault::body)?;
        let note = self.note.as_ref().map_or(0, String::len);
        if note > NOTE_BYTES_MAX {
            return Err(Fault::body(format!(
                "`note` has {note} bytes; {NOTE_BYTES_MAX} are the most"
            )));
        }
        Ok(())
    }

    async fn write(&self, side: &ReadSide, id: &str, at: Timestamp) -> Result<(), Fault> {
        let event = AcknowledgedEvent {
            occurred_at: at,
            source: "api",
            r#type: "alert_acknowledged",
            alert: id,
            by: &self.by,
            note: self.note.as_deref(),
        };
        let event = serde_json::to_vec(&event).map_err(|error| Fault::body(error.to_string()))?;
        let written = side.writer.write(Topic::Acknowledgements, id, &event).await;
        written.map_err(|error| Fault::unwritten("acknowledgement", &error))
    }
}
