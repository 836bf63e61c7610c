//! Posts JSON to one URL, and reads what became of it off the answer.

use std::{sync::Once, time::Duration};

use anyhow::Context as _;
use reqwest::{Client, Response, StatusCode, Url, header, redirect};
use serde_json::Value;

use super::outcome::Outcome;
use crate::{kafka::clock, notify::settings::Secret};
use floorwalker_core::event::Timestamp;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Of an answer that refuses a message, the beginning names the cause.
const ANSWER_CHARS_MAX: usize = 200;
const ANSWER_BYTES_MAX: usize = 4 << 10;
/// A receiver that wants to be left alone for longer is asked again nevertheless.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// One URL to post to.
pub(super) struct Http {
    client: Client,
    url: Url,
}

impl Http {
    pub(super) fn new(url: &Secret) -> anyhow::Result<Self> {
        static PROVIDER: Once = Once::new();
        // Fails where somebody else has chosen one: that will do.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let client = Client::builder()
            .user_agent(concat!("floorwalker/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            // What was sent on might reach a stranger, with its secrets.
            .redirect(redirect::Policy::none())
            .build();
        Ok(Self {
            client: client.map_err(reqwest::Error::without_url).context(
                "HTTP client (are the certificates of this machine's authorities installed?)",
            )?,
            // The error would show it.
            url: Url::parse(url.reveal())
                .map_err(|error| anyhow::anyhow!("its URL is none: {error}"))?,
        })
    }

    /// Returns the same with a path behind its own.
    pub(super) fn below(mut self, path: &str) -> Self {
        let whole = format!("{}/{path}", self.url.path().trim_end_matches('/'));
        self.url.set_path(&whole);
        self
    }

    pub(super) async fn post(&self, body: &Value, headers: &[(&'static str, String)]) -> Outcome {
        self.post_bytes(body.to_string(), headers).await
    }

    pub(super) async fn post_bytes(
        &self,
        body: String,
        headers: &[(&'static str, String)],
    ) -> Outcome {
        let request = self.client.post(self.url.clone());
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = (headers.iter()).fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        match request.body(body).send().await {
            Ok(answer) => outcome_of(answer).await,
            Err(error) => Outcome::Failed {
                why: sentence(error),
                after: None,
            },
        }
    }
}

/// All causes in one sentence, without the URL.
fn sentence(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut parts = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(found) = cause {
        let text = found.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        cause = found.source();
    }
    parts.join(": ")
}

async fn outcome_of(answer: Response) -> Outcome {
    let status = answer.status();
    let after = answer.headers().get(header::RETRY_AFTER);
    let after = after.and_then(|it| retry_after(it.to_str().ok()?, clock::wall()));
    if status.is_success() {
        return Outcome::Delivered(status.to_string());
    }
    let why = format!("{status}{}", beginning(answer).await);
    if is_passing(status) {
        return Outcome::Failed { why, after };
    }
    Outcome::Refused(why)
}

/// Whether the same message may be taken later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::REQUEST_TIMEOUT
        || status == StatusCode::TOO_MANY_REQUESTS
}

/// The beginning of the body, as one line.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= ANSWER_BYTES_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let visible = line.chars().filter(|char| !char.is_control());
    let short: String = visible.take(ANSWER_CHARS_MAX).collect();
    match short.is_empty() {
        true => short,
        false => format!(": {short}"),
    }
}

/// Reads `Retry-After`: seconds, or an instant.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let wait = match value.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(value.trim()).ok()?;
            let at = at.duration_since(std::time::UNIX_EPOCH).ok()?;
            let now = Duration::from_micros(u64::try_from(now.0).ok()?);
            at.saturating_sub(now)
        }
    };
    Some(wait.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_want_to_be_left_alone_for_seconds_or_until_an_instant() {
        let now = Timestamp::parse("2026-11-22T10:00:00Z").unwrap();
        let check = |value: &str, expected: Option<u64>| {
            assert_eq!(
                retry_after(value, now),
                expected.map(Duration::from_secs),
                "{value}"
            );
        };
        check("7", Some(7));
        check("Sun, 22 Nov 2026 10:00:30 GMT", Some(30));
        check("Sun, 22 Nov 2026 09:00:00 GMT", Some(0));
        check("999999", Some(3_600));
        check("soon", None);
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        let passing = [408_u16, 429, 500, 502, 503, 504];
        let for_good = [301, 400, 401, 403, 404, 410, 413, 422];
        let is_passing = |code: u16| is_passing(StatusCode::from_u16(code).unwrap());
        assert!(passing.into_iter().all(is_passing));
        assert!(!for_good.into_iter().any(is_passing));
    }
}
