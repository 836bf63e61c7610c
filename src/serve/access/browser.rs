//! A browser that is signed in: its token in a cookie that no script can read, and no other site's page can use.
//!
//! The cookie holds the token itself, so that each process knows it: none keeps a list of sessions.

use axum::http::{HeaderMap, header};
use cookie::{Cookie, SameSite};

/// The name of the cookie.
pub const COOKIE: &str = "floorwalker_session";

pub(super) fn cookie(secret: &str, secure: bool) -> Cookie<'_> {
    let mut cookie = Cookie::new(COOKIE, secret);
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(secure);
    cookie
}

/// The token in the cookie.
pub(super) fn secret(headers: &HeaderMap) -> Option<String> {
    let given = headers.get_all(header::COOKIE);
    let given = given.iter().filter_map(|given| given.to_str().ok());
    let mut cookies = given.flat_map(|given| Cookie::split_parse(given.to_owned()).flatten());
    let own = cookies.find(|cookie| cookie.name() == COOKIE)?;
    Some(own.value().to_owned())
}

/// Whether a page of this server asks. Browsers send `Sec-Fetch-Site` for that; without TLS only `Origin`, where the page is from.
pub(super) fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let at = origin(headers).split_once("://").map(|(_, at)| at);
    at.zip(host).is_some_and(|(at, host)| at == host)
}

/// Where the page is from that asks.
pub(super) fn origin(headers: &HeaderMap) -> &str {
    let origin = headers.get(header::ORIGIN);
    origin
        .and_then(|origin| origin.to_str().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_page_of_another_site_is_told_from_our_own() {
        for (given, expected) in [
            (
                vec![("sec-fetch-site", "same-origin"), ("origin", "null")],
                true,
            ),
            (
                vec![("sec-fetch-site", "same-site"), ("origin", "http://a:1")],
                false,
            ),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("origin", "http://a:1")], true),
            (vec![("origin", "http://a:2")], false),
            (vec![("origin", "null")], false),
            (vec![], false),
        ] {
            let mut headers: HeaderMap = given
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
                .collect();
            headers.insert(header::HOST, HeaderValue::from_static("a:1"));
            assert_eq!(is_same_origin(&headers), expected, "{given:?}");
        }
    }
}
