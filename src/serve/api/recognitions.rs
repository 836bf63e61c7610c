//! What agents and teams have done well.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::{cmp::Reverse, sync::Arc};

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
    records::RecognitionRecord,
    state::Side,
};
use crate::serve::{model::Recognition, problem::Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RecognitionFilter {
    /// Only of this agent.
    agent: Option<String>,
    /// Only of this team, and of the agents who were in it.
    team: Option<String>,
    /// Only of this rule, such as `recognition.streak`.
    rule: Option<String>,
    /// At most so many.
    #[serde(default = "default_limit")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: usize,
    /// Where to go on: as the header `Link` of the page before has it.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Recognitions {
    /// How many there are, shown or not.
    total: usize,
    /// Records as on the topic `recognition`, newest first: by time, not by merit.
    #[schema(value_type = Vec<RecognitionRecord>)]
    recognitions: Vec<Arc<RawValue>>,
}

/// What agents and teams have done well within 30 days.
#[utoipa::path(get, path = "/api/v1/recognitions", params(RecognitionFilter),
    responses(
        (status = 200, description = "The recognitions, newest first", body = Recognitions),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "The topics are still being read: ask again in a moment", body = Problem)))]
pub(super) async fn list_recognitions(
    State(side): Side,
    uri: Uri,
    filter: Result<Query<RecognitionFilter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter?;
    let mut all = side.model.recognitions();
    all.retain(|it| filter.asks_for(it));
    let total = all.len();
    let page = Asked {
        limit: filter.limit,
        cursor: filter.cursor.as_deref(),
        uri: &uri,
    };
    let key = |it: &Arc<Recognition>| (Reverse(it.fields.at.0), it.fields.id.clone());
    let Page { lines, link } = page.cut(all, key)?;
    Ok(link.with(Recognitions {
        total,
        recognitions: lines.iter().map(|it| Arc::clone(&it.record)).collect(),
    }))
}

impl RecognitionFilter {
    fn asks_for(&self, recognition: &Recognition) -> bool {
        let fields = &recognition.fields;
        let fits = |wanted: &Option<String>, is: Option<&String>| {
            wanted.as_ref().is_none_or(|wanted| is == Some(wanted))
        };
        fits(&self.agent, fields.agent.as_ref())
            && fits(&self.team, fields.team.as_ref())
            && fits(&self.rule, Some(&fields.rule))
    }
}
