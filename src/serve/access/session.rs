//! Signing in and out, in a browser.

use std::time::Duration;

use axum::{
    Form, Router,
    body::Body,
    extract::{DefaultBodyLimit, OriginalUri, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use cookie::Cookie;
use serde::Deserialize;
use tower_http::timeout::TimeoutLayer;

use super::{
    browser::{cookie, is_same_origin, origin},
    gate::Gate,
    token::Scope,
};
use crate::serve::{traffic::add_one, wallboard};

/// A token and a path.
const FORM_BYTES_MAX: usize = 16 << 10;
const FORM_WITHIN: Duration = Duration::from_secs(10);

pub(super) const SIGN_IN: &str = "/sign-in";
pub(super) const SIGN_OUT: &str = "/sign-out";

/// Signing in and out.
pub(in crate::serve) fn routes(gate: &Gate) -> Router {
    Router::new()
        .route("/sign-in", get(show_sign_in).post(sign_in))
        .route("/sign-out", post(sign_out))
        // Strangers reach these, and are to hold up nobody.
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            FORM_WITHIN,
        ))
        .with_state(gate.clone())
}

#[derive(Deserialize)]
struct Entered {
    token: String,
    /// Where the reader wanted to go.
    #[serde(default)]
    next: String,
}

async fn show_sign_in(headers: HeaderMap, OriginalUri(uri): OriginalUri) -> Response {
    page(&headers, &uri, None)
}

/// Keeps the token in the browser until that is closed, and leads to where the reader wanted to go.
async fn sign_in(
    State(gate): State<Gate>,
    headers: HeaderMap,
    Form(entered): Form<Entered>,
) -> Response {
    let next = own_path(&entered.next);
    if gate.is_open() {
        return see(next);
    }
    let wrong = |status: StatusCode| {
        let uri = next.parse().unwrap_or_default();
        let mut answer = page(&headers, &uri, Some(status));
        *answer.status_mut() = status;
        answer
    };
    if !is_same_origin(&headers) {
        add_one(&gate.traffic.other_site);
        return wrong(StatusCode::FORBIDDEN);
    }
    let secret = entered.token.trim();
    match gate.find(secret) {
        Some(token) if token.allows(Scope::Read) => {
            let secure = gate.has_tls || origin(&headers).starts_with("https://");
            let mut answer = see(next);
            set_cookie(&mut answer, &cookie(secret, secure));
            answer
        }
        Some(_) => {
            add_one(&gate.traffic.no_scope);
            wrong(StatusCode::FORBIDDEN)
        }
        None => {
            add_one(&gate.traffic.unknown_token);
            wrong(StatusCode::UNAUTHORIZED)
        }
    }
}

async fn sign_out() -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let mut gone = cookie("", false);
    gone.set_max_age(cookie::time::Duration::ZERO);
    set_cookie(&mut answer, &gone);
    answer
}

/// The page to sign in on; `wrong` is why the last token did not do.
pub(super) fn page(headers: &HeaderMap, uri: &Uri, wrong: Option<StatusCode>) -> Response<Body> {
    let next = uri.path_and_query().map_or("/", |it| it.as_str());
    wallboard::sign_in_page(headers, own_path(next), wrong)
}

fn see(path: &str) -> Response {
    let to = HeaderValue::from_str(path);
    let to = to.unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// A path of this server, and no page to sign in on: nobody is led elsewhere.
fn own_path(next: &str) -> &str {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\n', '\r', '\t']);
    let is_way_in = next.starts_with(SIGN_IN) || next.starts_with(SIGN_OUT);
    if is_own && !is_way_in { next } else { "/" }
}

fn set_cookie(answer: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        answer.headers_mut().insert(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site_by_signing_in() {
        for (next, expected) in [
            ("/alerts?over=1", "/alerts?over=1"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/sign-in?x=1", "/"),
        ] {
            assert_eq!(own_path(next), expected, "{next}");
        }
    }
}
