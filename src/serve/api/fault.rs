//! What is wrong with a request: what, where, what to do.

use axum::{
    Json,
    extract::rejection::{JsonRejection, QueryRejection},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The answer to a request that can't be met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(in crate::serve) struct Fault {
    #[serde(skip)]
    status: u16,
    /// What is wrong.
    what: String,
    /// Where: the path, or the part of the request.
    r#where: String,
    /// What to do about it.
    what_to_do: String,
}

impl Fault {
    pub(in crate::serve) fn new(
        status: StatusCode,
        r#where: impl Into<String>,
        what: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self {
            status: status.as_u16(),
            what: what.into(),
            r#where: r#where.into(),
            what_to_do: what_to_do.into(),
        }
    }

    pub(super) fn not_found(r#where: &Uri, what: String, what_to_do: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, r#where.path(), what, what_to_do)
    }

    pub(super) fn body(what: impl Into<String>) -> Self {
        Self::body_like(what, r#"{"by":"ana","note":"calling back"}"#)
    }

    /// A body that should look like the example.
    pub(super) fn body_like(what: impl Into<String>, example: &str) -> Self {
        let hint = format!("send JSON such as {example}");
        Self::new(StatusCode::BAD_REQUEST, "body", what, hint)
    }

    /// A body that can't be read, and should look like the example.
    pub(super) fn unread(rejection: &JsonRejection, example: &str) -> Self {
        Self {
            status: rejection.status().as_u16(),
            ..Self::body_like(rejection.body_text(), example)
        }
    }

    /// A record that Kafka did not take.
    pub(super) fn unwritten(what: &str, error: &anyhow::Error) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "kafka",
            format!("the {what} was not written: {error:#}"),
            "try again; /readyz and the log show how Kafka is doing",
        )
    }

    /// A record of ours that can't be read.
    pub(super) fn broken(r#where: &Uri, error: &serde_json::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            r#where.path(),
            format!("the record can't be read: {error}"),
            "look at the record in its topic; was it written by a newer version?",
        )
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        (
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Json(self),
        )
            .into_response()
    }
}

impl From<QueryRejection> for Fault {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "query",
            rejection.body_text(),
            "/openapi.json names the parameters of each path",
        )
    }
}

impl From<JsonRejection> for Fault {
    fn from(rejection: JsonRejection) -> Self {
        Self {
            status: rejection.status().as_u16(),
            ..Self::body(rejection.body_text())
        }
    }
}
