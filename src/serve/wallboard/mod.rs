//! The wallboard: pages for people, in a browser. One shell for all of them; scripts ask the API for the rest.
//!
//! Contract: nothing here depends on data. All files are in the binary, and a browser asks no other host.

mod assets;
mod language;
mod sign_in;

use axum::{
    Router,
    body::Body,
    extract::{Path, RawQuery},
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::get,
};

use assets::Asset;

pub(super) use assets::version;
pub(super) use sign_in::sign_in_page;

/// Scripts, styles and data come from this server alone, no text becomes markup, and no other site may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
     require-trusted-types-for 'script'; trusted-types 'none'";
/// Paths with the version of all files in them never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The pages and their files.
pub(super) fn routes() -> Router {
    let mut routes = Router::new();
    for page in [
        "/",
        "/queues",
        "/queues/{name}",
        "/groups/{entity}",
        "/agents",
        "/agents/{name}",
        "/alerts",
        // An id may hold slashes.
        "/alerts/{*id}",
        "/contacts/{id}",
        "/feed",
    ] {
        routes = routes.route(page, get(show_page));
    }
    routes.route("/assets/{version}/{*path}", get(show_asset))
}

/// The shell, in the language that the reader asks for.
async fn show_page(headers: HeaderMap, RawQuery(query): RawQuery) -> Response<Body> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let language = language::choose(query.as_deref(), accepted);
    let mut answer = assets::shell(language).answer(&headers, "no-cache");
    let sent = answer.headers_mut();
    sent.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    sent.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    sent.insert(
        header::VARY,
        HeaderValue::from_static("accept-language, accept-encoding"),
    );
    answer
}

/// A page that was loaded before an update asks for files of the version before: it is given those of now, which are not kept.
async fn show_asset(
    headers: HeaderMap,
    Path((asked, path)): Path<(String, String)>,
) -> Response<Body> {
    let kept = if asked == version() {
        FOR_EVER
    } else {
        "no-cache"
    };
    match assets::find(&path) {
        Some(asset) => asset.answer(&headers, kept),
        None => not_found(),
    }
}

fn not_found() -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer
}

impl Asset {
    /// The file, compressed for who takes gzip; nothing for who has it already.
    fn answer(&self, asked: &HeaderMap, cache: &'static str) -> Response<Body> {
        let has = |name, part: &str| {
            let value = asked.get(name);
            let value = value.and_then(|value: &HeaderValue| value.to_str().ok());
            value.is_some_and(|value| value.split(',').any(|it| it.trim() == part))
        };
        let mut answer = Response::new(Body::empty());
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if let Ok(tag) = HeaderValue::from_str(&self.tag) {
            headers.insert(header::ETAG, tag);
        }
        if has(header::IF_NONE_MATCH, &self.tag) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let body = if takes_gzip(asked) {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            self.gzip.clone()
        } else {
            self.plain.clone()
        };
        *answer.body_mut() = Body::from(body);
        answer
    }
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    let accepted = asked.get(header::ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let mut codings = accepted.unwrap_or_default().split(',');
    codings.any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        name == "gzip" && !parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_who_takes_it() {
        for (accepted, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("br", false),
        ] {
            let value = HeaderValue::from_static(accepted);
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]);
            assert_eq!(takes_gzip(&headers), expected, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
