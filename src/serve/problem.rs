//! What is wrong with a request, as RFC 9457 has it: what, where, what to do.

use axum::{
    extract::{
        Request,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The media type of a problem.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";
/// The status is the kind of problem, and no page has more about it.
const BLANK: &str = "about:blank";

/// The answer to a request that can't be met (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status is the kind of problem.
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong.
    detail: String,
    /// Where: the path, or the part of the request.
    r#where: String,
    /// What to do about it.
    what_to_do: String,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        r#where: impl Into<String>,
        detail: impl Into<String>,
        what_to_do: impl Into<String>,
    ) -> Self {
        Self {
            r#type: BLANK,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            r#where: r#where.into(),
            what_to_do: what_to_do.into(),
        }
    }

    pub(super) fn not_found(r#where: &Uri, detail: String, what_to_do: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, r#where.path(), detail, what_to_do)
    }

    /// A parameter that is none, or has a value that it can't have.
    pub(super) fn query(detail: impl Into<String>, what_to_do: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "query", detail, what_to_do)
    }

    /// A body that should look like the example.
    pub(super) fn body_like(detail: impl Into<String>, example: &str) -> Self {
        let hint = format!("send JSON such as {example}");
        Self::new(StatusCode::BAD_REQUEST, "body", detail, hint)
    }

    /// A body that can't be read, and should look like the example.
    pub(super) fn unread(rejection: &JsonRejection, example: &str) -> Self {
        let hint = format!("send JSON such as {example}");
        Self::new(rejection.status(), "body", rejection.body_text(), hint)
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

    /// An answer that another part of the server has given without a reason.
    fn of_status(status: StatusCode, method: &Method, uri: &Uri, allowed: Option<&str>) -> Self {
        let (detail, what_to_do) = match status {
            StatusCode::METHOD_NOT_ALLOWED => (
                format!("there is no `{method}` here"),
                format!("here there is {}", allowed.unwrap_or("GET")),
            ),
            StatusCode::SERVICE_UNAVAILABLE => (
                "the answer took too long".to_owned(),
                "ask for less at once, or again in a moment".to_owned(),
            ),
            _ => (
                "the request can't be met".to_owned(),
                "/openapi.json describes each path".to_owned(),
            ),
        };
        Self::new(status, uri.path(), detail, what_to_do)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status);
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, PROBLEM_JSON)];
        (status, kind, body).into_response()
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let hint = "/openapi.json names the parameters of each path";
        Self::query(rejection.body_text(), hint)
    }
}

/// Errors of the framework become problems, too; a page for people stays one.
pub(super) async fn explain(request: Request, next: Next) -> Response {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answer = next.run(request).await;
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_explained = kind == PROBLEM_JSON || kind.starts_with("text/html");
    if is_explained || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let allow = answer.headers().get(header::ALLOW).cloned();
    let allowed = allow.as_ref().and_then(|allow| allow.to_str().ok());
    let mut problem = Problem::of_status(status, &method, &uri, allowed).into_response();
    if let Some(allow) = allow {
        problem.headers_mut().insert(header::ALLOW, allow);
    }
    problem
}

/// When to ask again, of an answer that there is no room for now.
pub(super) const IN_A_SECOND: HeaderValue = HeaderValue::from_static("1");
