//! Silences: which hold, a new one, and the end of one.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, Uri},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    paging::{Asked, Page, default_limit},
    records::{SilenceMatchers, SilenceRecord},
    sent::Sent,
    session::author,
    state::{Side, read_back},
};
use crate::{
    kafka::{clock, topics::Topic},
    serve::{ReadSide, access::Caller, problem::Problem},
};
use floorwalker_core::{
    event::{Span, Timestamp},
    silence::{Maintenance, Matchers, Silence, SilenceStatus},
};

const EXAMPLE: &str = r#"{"matchers":{"rule":"queue.*","queue":"billing"},"ends_at":"2026-11-22T18:00:00Z","by":"ana"}"#;
/// That hold or will: each is compared with every alert.
const SILENCES_MAX: usize = 1_000;
/// The topic keeps a silence for as long as this and its length.
const AHEAD_MAX: Span = Span::from_secs(30 * 86_400);
/// Clocks of browsers are never quite right.
const BEHIND_MAX: Span = Span::from_secs(60);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SilenceFilter {
    /// Only those of this status; active and pending ones if left out.
    #[param(inline)]
    status: Option<Status>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Where to go on: as the header `Link` of the page before has it.
    cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Active,
    Pending,
    Expired,
    All,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SilenceList {
    /// How many there are, shown or not.
    total: usize,
    /// Those that end next first.
    #[schema(value_type = Vec<SilenceRecord>)]
    silences: Vec<Shown>,
    /// The windows of maintenance that hold now, on each page; none where only pending or expired silences are asked for.
    maintenance: Vec<Window>,
}

/// A window of maintenance that holds. It is of the configuration: nothing here ends it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Window {
    /// `maintenance:NAME`, as alerts have it in `silenced_by`.
    id: String,
    name: String,
    #[schema(value_type = SilenceMatchers)]
    matchers: Matchers,
    /// When it ends, for now.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// True: only the configuration changes it.
    read_only: bool,
}

/// A silence with its status.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    silence: Silence,
    status: SilenceStatus,
}

impl Window {
    fn new(window: &Maintenance, now: Timestamp) -> Self {
        Self {
            id: window.id(),
            name: window.name.clone(),
            matchers: window.matchers.clone(),
            ends_at: window.ends_at(now),
            read_only: true,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSilence {
    /// What an alert must be: all that are given must match.
    #[schema(value_type = SilenceMatchers)]
    matchers: Matchers,
    /// Now, if left out.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// At most 30 days after the start.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The person who wants it; by default, and always with a token, the token's name.
    by: Option<String>,
    /// The reason, for people.
    comment: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ending {
    /// The person who ends it; by default, and always with a token, the token's name.
    by: Option<String>,
}

type Answer = (StatusCode, Json<Shown>);

/// Which silences hold, and which will.
#[utoipa::path(get, path = "/api/v1/silences", params(SilenceFilter),
    responses(
        (status = 200, description = "The silences, those that end next first", body = SilenceList),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_silences(
    State(side): Side,
    uri: Uri,
    filter: Result<Query<SilenceFilter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter?;
    let now = clock::wall();
    let known = side.model.silences();
    let shown = known.iter().map(|it| Shown::new(it, now));
    let silences: Vec<Shown> = shown.filter(|it| filter.asks_for(it.status)).collect();
    let total = silences.len();
    let page = Asked {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        uri: &uri,
    };
    let key = |it: &Shown| (it.silence.ends_at.0, it.silence.id.clone());
    let Page { lines, link } = page.cut(silences, key)?;
    let windows = side.model.maintenance(now).map(|it| Window::new(it, now));
    let holds_now = filter.asks_for(SilenceStatus::Active);
    Ok(link.with(SilenceList {
        total,
        silences: lines,
        maintenance: windows.filter(|_| holds_now).collect(),
    }))
}

/// Makes a silence: alerts that match call nobody while it holds.
///
/// Answers with the silence: 201 when it has its effect, 202 when it is written and not yet read back.
#[utoipa::path(post, path = "/api/v1/silences", request_body = NewSilence,
    responses(
        (status = 201, description = "The silence", body = SilenceRecord),
        (status = 202, description = "The silence is written and not read back yet", body = SilenceRecord),
        (status = 400, description = "The body is no JSON, or breaks a rule", body = Problem),
        (status = 403, description = "`by` is not the token's own name, or the token may not act", body = Problem),
        (status = 408, description = "The body did not come in time", body = Problem),
        (status = 409, description = "There are too many silences", body = Problem),
        (status = 413, description = "The body is too long", body = Problem),
        (status = 415, description = "The body is not declared as JSON", body = Problem),
        (status = 422, description = "The JSON has other fields than these", body = Problem),
        (status = 503, description = "Kafka did not take it, or the topics are still being read", body = Problem)))]
pub(super) async fn create_silence(
    State(side): Side,
    uri: Uri,
    Extension(caller): Extension<Caller>,
    body: Sent<NewSilence>,
) -> Result<Answer, Problem> {
    let mut asked = body.read(EXAMPLE)?;
    let refused = |what: String| Problem::body_like(what, EXAMPLE);
    let by = author(&caller, asked.by.take(), refused)?;
    let now = clock::wall();
    let silence = asked.silence(by, now);
    check(&silence, now).map_err(refused)?;
    if side.model.silences_ahead(now) >= SILENCES_MAX {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            uri.path(),
            format!("there are {SILENCES_MAX} silences already"),
            "end some that are no longer needed, or write one with wider matchers such as \"queue.*\"",
        ));
    }
    write(&side, silence, StatusCode::CREATED).await
}

/// Ends a silence now.
///
/// Answers with the silence: 200 when alerts call again, 202 when its end is written and not yet read back.
#[utoipa::path(delete, path = "/api/v1/silences/{id}",
    params(("id" = String, Path, description = "The silence's id"), Ending),
    responses(
        (status = 200, description = "The silence, which is over", body = SilenceRecord),
        (status = 202, description = "Its end is written and not read back yet", body = SilenceRecord),
        (status = 400, description = "The query does not name who ends it", body = Problem),
        (status = 403, description = "`by` is not the token's own name, or the token may not act", body = Problem),
        (status = 404, description = "There is no such silence", body = Problem),
        (status = 409, description = "It is over already, or is a window of maintenance", body = Problem),
        (status = 503, description = "Kafka did not take it, or the topics are still being read", body = Problem)))]
pub(super) async fn end_silence(
    State(side): Side,
    uri: Uri,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    asked: Result<Query<Ending>, QueryRejection>,
) -> Result<Answer, Problem> {
    let refused =
        |what: &str, hint| Err(Problem::new(StatusCode::CONFLICT, uri.path(), what, hint));
    if id.starts_with("maintenance:") {
        return refused(
            "a window of maintenance ends as the configuration has it",
            "change its [[maintenance]] in the configuration",
        );
    }
    let Some(silence) = side.model.silence(&id) else {
        return Err(Problem::not_found(
            &uri,
            format!("there is no silence `{id}`"),
            "/api/v1/silences?status=all lists those that are remembered",
        ));
    };
    let Query(Ending { by }) = asked.map_err(|rejection| unnamed(rejection.body_text()))?;
    let by = author(&caller, by, unnamed)?;
    let now = clock::wall();
    match silence.status(now) {
        SilenceStatus::Active | SilenceStatus::Pending => {
            write(&side, silence.ended(now, &by), StatusCode::OK).await
        }
        SilenceStatus::Expired => refused(
            "the silence is over already",
            "look at /api/v1/silences for those that hold",
        ),
    }
}

fn unnamed(what: String) -> Problem {
    Problem::query(what, "add ?by= with the name of the person who ends it")
}

impl SilenceFilter {
    fn asks_for(&self, found: SilenceStatus) -> bool {
        match self.status {
            None => found != SilenceStatus::Expired,
            Some(Status::Active) => found == SilenceStatus::Active,
            Some(Status::Pending) => found == SilenceStatus::Pending,
            Some(Status::Expired) => found == SilenceStatus::Expired,
            Some(Status::All) => true,
        }
    }
}

impl Shown {
    fn new(silence: &Silence, now: Timestamp) -> Self {
        Self {
            status: silence.status(now),
            silence: silence.clone(),
        }
    }
}

impl NewSilence {
    fn silence(self, by: String, now: Timestamp) -> Silence {
        let mut silence = Silence {
            id: String::new(),
            matchers: self.matchers,
            starts_at: self.starts_at.unwrap_or(now),
            ends_at: self.ends_at,
            by,
            comment: self.comment,
            ended_by: None,
        };
        // Two that are alike in all of this, within a microsecond, are one.
        let text = format!("{now} {silence:?}");
        let hash = blake3::hash(text.as_bytes()).to_hex();
        silence.id = hash.chars().take(16).collect();
        silence
    }
}

/// Beside the rules of each silence: it has to have some effect, and the topic to keep it until its end.
fn check(silence: &Silence, now: Timestamp) -> Result<(), String> {
    silence.check()?;
    if silence.ends_at <= now {
        return Err("`ends_at` has passed".to_owned());
    }
    if silence.starts_at < now - BEHIND_MAX {
        return Err("`starts_at` has passed; leave it out to begin now".to_owned());
    }
    if silence.starts_at > now + AHEAD_MAX {
        return Err("`starts_at` may be 30 days ahead at most".to_owned());
    }
    Ok(())
}

/// Writes a silence, and waits until the read model shows it.
async fn write(side: &ReadSide, silence: Silence, done: StatusCode) -> Result<Answer, Problem> {
    let json = serde_json::to_vec(&silence)
        .map_err(|error| Problem::body_like(error.to_string(), EXAMPLE))?;
    let written = side.writer.write(Topic::Silences, &silence.id, &json).await;
    written.map_err(|error| Problem::unwritten("silence", &error))?;
    let is_it = |known: Arc<Silence>| *known == silence;
    let is_shown = || side.model.silence(&silence.id).is_some_and(is_it);
    let status = read_back(done, is_shown).await;
    Ok((status, Json(Shown::new(&silence, clock::wall()))))
}
