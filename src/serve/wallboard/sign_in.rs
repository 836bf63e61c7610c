//! The page to sign in on: a form for the token, without a script.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use data_encoding::BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::{
    assets,
    language::{self, LANGUAGES},
};

/// In the page itself: files of the wallboard are for those who are signed in.
const STYLE: &str = include_str!("assets/sign_in.css");

/// The one style, forms to this server, and nothing else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

type Words = BTreeMap<String, String>;

static WORDS: LazyLock<BTreeMap<&'static str, Words>> = LazyLock::new(|| {
    let words = |language: &'static str| {
        let file = assets::find(&format!("lang/{language}.json"));
        let words = file.map(|file| serde_json::from_slice(&file.plain).unwrap_or_default());
        (language, words.unwrap_or_default())
    };
    LANGUAGES.into_iter().map(words).collect()
});

/// The page, which leads to the path `next`. `wrong` is the status of what was tried before.
pub(in crate::serve) fn sign_in_page(
    headers: &HeaderMap,
    next: &str,
    wrong: Option<StatusCode>,
) -> Response<Body> {
    let accepted = headers.get(header::ACCEPT_LANGUAGE);
    let accepted = accepted.and_then(|value| value.to_str().ok());
    let query = next.split_once('?').map(|(_, query)| query);
    let language = language::choose(query, accepted);
    let page = render(language, next, wrong).into_string();
    let mut answer = Response::new(Body::from(page));
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        // With less, browsers would not send `Origin` with the form.
        (header::REFERRER_POLICY, "same-origin"),
        (header::VARY, "accept, accept-language, cookie"),
    ];
    for (name, value) in fixed {
        (answer.headers_mut()).insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        (answer.headers_mut()).insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn render(language: &str, next: &str, wrong: Option<StatusCode>) -> Markup {
    let words = WORDS.get(language);
    let word = |key: &str| words.and_then(|it| it.get(key)).map_or("", String::as_str);
    let wrong = wrong.map(|status| match status {
        StatusCode::FORBIDDEN => word("sign_in.not_allowed"),
        _ => word("sign_in.unknown"),
    });
    html! {
        (DOCTYPE)
        html lang=(language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (word("sign_in.do")) " · Floorwalker" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "Floorwalker" }
                    form method="post" action="/sign-in" {
                        @if let Some(wrong) = wrong {
                            p role="alert" { (wrong) }
                        }
                        label for="token" { (word("sign_in.token")) }
                        input id="token" name="token" type="password" required autofocus autocomplete="current-password";
                        input type="hidden" name="next" value=(next);
                        button type="submit" { (word("sign_in.do")) }
                        p.hint { (word("sign_in.hint")) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_in_each_language_and_what_is_asked_for_is_text() {
        for language in LANGUAGES {
            for wrong in [
                None,
                Some(StatusCode::UNAUTHORIZED),
                Some(StatusCode::FORBIDDEN),
            ] {
                let page = render(language, "/queues/\"><script>", wrong).into_string();
                assert!(!page.contains("<script"), "{page}");
                assert_eq!(
                    page.contains("<p role=\"alert\""),
                    wrong.is_some(),
                    "{page}"
                );
                for empty in ["></label>", "></button>", "alert\"></p>", "hint\"></p>"] {
                    assert!(!page.contains(empty), "{language}: {page}");
                }
            }
        }
    }
}
