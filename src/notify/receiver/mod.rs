//! Receivers: how a message looks for each, and how it gets there.

mod alertmanager;
mod email;
mod http;
mod outcome;
mod pagerduty;
mod slack;
mod teams;
mod text;
mod webhook;

use std::cmp::Reverse;

use percent_encoding::percent_decode_str;

use alertmanager::Alertmanager;
use email::Mailer;
use http::Http;
pub use outcome::Outcome;
use text::Text;
use webhook::Webhook;

use super::{
    notification::Notification,
    settings::{ReceiverKind, ReceiverSettings},
};
use floorwalker_core::event::Timestamp;

/// Stands for a secret in sentences.
const MASK: &str = "********";
/// A shorter piece of a secret is a word, a number or a flag: it hides nothing, and would mask half of an answer.
const PIECE_BYTES_MIN: usize = 4;
/// A shorter piece stands in other words by chance: it is masked where it is one by itself.
const WORD_BYTES_MIN: usize = 8;

/// A receiver that messages can be sent to.
pub(super) struct Receiver {
    sender: Sender,
    settings: ReceiverSettings,
    /// Begins links.
    wallboard: Option<String>,
}

enum Sender {
    Alertmanager(Alertmanager),
    Webhook(Webhook),
    Slack(Http),
    Teams(Http),
    PagerDuty { http: Http, routing_key: String },
    Email(Mailer),
}

impl Receiver {
    /// # Errors
    /// When the certificates of this machine can't be read, or the secret of a webhook is none.
    pub(super) fn new(
        settings: &ReceiverSettings,
        wallboard: Option<&String>,
    ) -> anyhow::Result<Self> {
        let sender = match &settings.kind {
            ReceiverKind::Alertmanager { url, token } => {
                Sender::Alertmanager(Alertmanager::new(Http::new(url)?, token.as_ref()))
            }
            ReceiverKind::Webhook { url, secret } => {
                Sender::Webhook(Webhook::new(Http::new(url)?, secret)?)
            }
            ReceiverKind::Slack { url } => Sender::Slack(Http::new(url)?),
            ReceiverKind::Teams { url } => Sender::Teams(Http::new(url)?),
            ReceiverKind::PagerDuty { url, routing_key } => Sender::PagerDuty {
                http: Http::new(url)?,
                routing_key: routing_key.reveal().to_owned(),
            },
            ReceiverKind::Email(email) => Sender::Email(Mailer::new(email)?),
        };
        Ok(Self {
            sender,
            settings: settings.clone(),
            wallboard: wallboard.cloned(),
        })
    }

    /// Returns whether it has to know what it was sent before.
    pub(super) const fn remembers(&self) -> bool {
        matches!(self.sender, Sender::Alertmanager(_))
    }

    /// Takes note of a message that was delivered, now or before.
    pub(super) fn note_delivered(&mut self, message: &Notification) {
        if let Sender::Alertmanager(alertmanager) = &mut self.sender {
            let text = Text::of(message, self.wallboard.as_deref());
            text.into_iter()
                .for_each(|text| alertmanager.note_delivered(&text));
        }
    }

    /// Makes one attempt.
    pub(super) async fn send(&mut self, message: &Notification, now: Timestamp) -> Outcome {
        let text = match Text::of(message, self.wallboard.as_deref()) {
            Ok(text) => text,
            Err(error) => return Outcome::Refused(format!("its alert can't be read: {error}")),
        };
        let sent = self.sender.send(&text, now);
        let outcome = tokio::time::timeout(self.settings.timeout, sent).await;
        let seconds = self.settings.timeout.as_secs_f64();
        let outcome = outcome.unwrap_or_else(|_| Outcome::Failed {
            why: format!("no answer within {seconds} s"),
            after: None,
        });
        self.without_secrets(outcome)
    }

    /// Repeats what has to be repeated for the receiver to keep it. Returns whether it was taken.
    pub(super) async fn refresh(&mut self, now: Timestamp) -> Result<(), String> {
        let Sender::Alertmanager(alertmanager) = &self.sender else {
            return Ok(());
        };
        let sent = tokio::time::timeout(self.settings.timeout, alertmanager.refresh(now)).await;
        match sent.map(|outcome| self.without_secrets(outcome)) {
            Ok(Outcome::Delivered(_)) => Ok(()),
            Ok(Outcome::Refused(why) | Outcome::Failed { why, .. }) => Err(why),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    fn without_secrets(&self, outcome: Outcome) -> Outcome {
        let secrets = self.settings.kind.secrets().into_iter();
        let pieces: Vec<String> = secrets.flat_map(pieces).collect();
        let clean = |text: String| masked(text, &pieces);
        match outcome {
            Outcome::Delivered(text) => Outcome::Delivered(clean(text)),
            Outcome::Refused(why) => Outcome::Refused(clean(why)),
            Outcome::Failed { why, after } => Outcome::Failed {
                why: clean(why),
                after,
            },
        }
    }
}

impl Sender {
    async fn send(&self, text: &Text, now: Timestamp) -> Outcome {
        match self {
            Self::Alertmanager(alertmanager) => alertmanager.send(text, now).await,
            Self::Webhook(webhook) => webhook.send(text, now).await,
            Self::Slack(http) => http.post(&slack::body(text), &[]).await,
            Self::Teams(http) => http.post(&teams::body(text), &[]).await,
            Self::PagerDuty { http, routing_key } => {
                http.post(&pagerduty::body(text, routing_key), &[]).await
            }
            Self::Email(mailer) => mailer.send(text).await,
        }
    }
}

/// Returns a secret and, of a URL, what an answer may repeat of it: its path and query, and the longer parts of both, as written and decoded.
fn pieces(secret: &str) -> Vec<String> {
    /// Shorter parts of a path are words of its API, and would mask words of the answer.
    const PART_BYTES_MIN: usize = 8;
    let mut pieces = vec![secret.to_owned()];
    if let Ok(url) = reqwest::Url::parse(secret) {
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let parts = path.split('/').filter(|part| part.len() >= PART_BYTES_MIN);
        pieces.extend(parts.map(str::to_owned));
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        pieces.extend(values);
        pieces.extend((path.len() > 1).then(|| path.to_owned()));
        pieces.push(query.to_owned());
        pieces.extend(url.password().map(str::to_owned));
    }
    let decoded: Vec<String> = (pieces.iter())
        .map(|piece| percent_decode_str(piece).decode_utf8_lossy().into_owned())
        .collect();
    pieces.extend(decoded);
    pieces.retain(|piece| piece.len() >= PIECE_BYTES_MIN);
    // What holds others comes before them.
    pieces.sort_by_key(|piece| Reverse(piece.len()));
    pieces
}

fn masked(text: String, pieces: &[String]) -> String {
    let pieces = pieces.iter();
    pieces.fold(text, |text, piece| match piece.len() {
        ..WORD_BYTES_MIN => without_word(&text, piece),
        WORD_BYTES_MIN.. => text.replace(piece.as_str(), MASK),
    })
}

/// Masks a piece where it stands as a word.
fn without_word(text: &str, piece: &str) -> String {
    let is_part = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
    let mut masked = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(piece) {
        let before_it = before.chars().next_back();
        let before_it = before_it.or_else(|| masked.chars().next_back());
        masked.push_str(before);
        let is_word = !is_part(before_it) && !is_part(behind.chars().next());
        masked.push_str(if is_word { MASK } else { piece });
        rest = behind;
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_repeats_the_url_is_masked() {
        let url = "https://hooks.example.com/services/T0AB12CD34/B0ZZ?key=Url%20Key42&n=1";
        let pieces = pieces(url);
        for answer in [
            "Cannot POST /services/T0AB12CD34/B0ZZ",
            "busy at /services/T0AB12CD34/B0ZZ?key=Url%20Key42&n=1",
            "no such key: Url Key42",
            "unknown team T0AB12CD34",
        ] {
            let cleaned = masked(answer.to_owned(), &pieces);
            assert!(cleaned.contains(MASK), "{cleaned}");
            let leaks = ["T0AB12CD34", "Key42"]
                .iter()
                .any(|it| cleaned.contains(it));
            assert!(!leaks, "{cleaned}");
        }
        let plain = "invalid_payload".to_owned();
        assert_eq!(masked(plain.clone(), &pieces), plain);
    }

    #[test]
    fn a_short_secret_leaves_other_words_as_they_are() {
        let check = |secret: &str, answer: &str, expect: &str| {
            assert_eq!(masked(answer.to_owned(), &pieces(secret)), expect);
        };
        check("abc", "abc is no key: abcd", "abc is no key: abcd");
        check("auth", "no such key: auth", "no such key: ********");
        check(
            "auth",
            "auth, authentication, oauth",
            "********, authentication, oauth",
        );
        check("auth", "auth-auth", "********-********");
        check("auth", "authauth", "authauth");
        check("hunter2!", "xhunter2!y", "x********y");
    }
}
