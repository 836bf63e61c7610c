//! Answers have a tag of their content: whoever has them already is sent nothing (RFC 9110).

use axum::{
    body::{self, Body},
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const CHECK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// Gives an answer its tag, or answers that nothing has changed.
pub(super) async fn tag(request: Request, next: Next) -> Response {
    // Of HEAD there is no content to make a tag of.
    let asks = *request.method() == Method::GET;
    let known = request.headers().clone();
    let answer = next.run(request).await;
    if !asks || answer.status() != StatusCode::OK {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    // It is in memory as a whole already.
    let Ok(bytes) = body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let hash = blake3::hash(&bytes).to_hex();
    let (tag, _) = hash.split_at(32);
    parts
        .headers
        .entry(header::CACHE_CONTROL)
        .or_insert(CHECK_EACH_TIME);
    if let Some(theirs) = known_as(&known, tag) {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.insert(header::ETAG, theirs);
        return Response::from_parts(parts, Body::empty());
    }
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        parts.headers.insert(header::ETAG, tag);
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The tag of the reader's copy, if it is of this content, compressed or not.
fn known_as(headers: &HeaderMap, tag: &str) -> Option<HeaderValue> {
    let given = headers.get_all(header::IF_NONE_MATCH);
    let given = given.iter().filter_map(|given| given.to_str().ok());
    let mut known = given.flat_map(|given| given.split(',')).map(str::trim);
    let theirs = known.find(|known| {
        let known = known.strip_prefix("W/").unwrap_or(known).trim_matches('"');
        known.split('-').next() == Some(tag)
    })?;
    HeaderValue::from_str(theirs).ok()
}

/// What is compressed is not the same, byte for byte: its tag names how it was.
pub(in crate::serve) async fn tag_compressed(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let text = |name| {
        let value: Option<&HeaderValue> = answer.headers().get(name);
        value.and_then(|value| value.to_str().ok())
    };
    let plain = text(header::ETAG).and_then(|tag| tag.strip_suffix('"'));
    let coded = plain.zip(text(header::CONTENT_ENCODING));
    let coded =
        coded.and_then(|(tag, coding)| HeaderValue::from_str(&format!("{tag}-{coding}\"")).ok());
    if let Some(tag) = coded {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_known_by_its_tag_in_any_coding() {
        for (given, expected) in [
            ("\"abc\"", Some("\"abc\"")),
            ("\"x\", \"abc-gzip\"", Some("\"abc-gzip\"")),
            ("W/\"abc\"", Some("W/\"abc\"")),
            ("\"abcd\"", None),
            ("", None),
        ] {
            let value = HeaderValue::from_static(given);
            let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, value)]);
            let found = known_as(&headers, "abc");
            assert_eq!(
                found.as_ref().map(|it| it.to_str().unwrap()),
                expected,
                "{given}"
            );
        }
    }
}
