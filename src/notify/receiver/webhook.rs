//! Webhooks by the Standard Webhooks specification: an id that stays the same however often a message is sent, the time of the attempt, and
//! a signature over both and the body.

use serde_json::json;
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};

use super::{http::Http, outcome::Outcome, text::Text};
use crate::notify::settings::Secret;
use floorwalker_core::event::Timestamp;

pub(super) struct Webhook {
    http: Http,
    signer: Signer,
}

impl Webhook {
    pub(super) fn new(http: Http, secret: &Secret) -> anyhow::Result<Self> {
        // The error would show a part of it.
        let signer = Signer::new(secret.reveal());
        let signer = signer.map_err(|_| anyhow::anyhow!("its secret is no base64"))?;
        Ok(Self { http, signer })
    }

    pub(super) async fn send(&self, text: &Text, now: Timestamp) -> Outcome {
        let message = &text.message;
        let body = json!({
            "type": format!("alert.{}", message.transition.name()),
            "timestamp": message.at,
            "data": {
                "incident": message.incident,
                "title": text.title(),
                "team": message.team,
                "escalation": message.escalation,
                "by": message.by,
                "covers": message.covers,
                "link": text.link,
                "alert": message.alert,
            },
        });
        let body = body.to_string();
        let seconds = now.0.div_euclid(1_000_000);
        match self.signer.sign(&message.id, seconds, body.as_bytes()) {
            Ok(signature) => {
                let headers = [
                    (HEADER_WEBHOOK_ID, message.id.clone()),
                    (HEADER_WEBHOOK_TIMESTAMP, seconds.to_string()),
                    (HEADER_WEBHOOK_SIGNATURE, signature),
                ];
                self.http.post_bytes(body, &headers).await
            }
            Err(error) => Outcome::Refused(format!("it can't be signed: {error}")),
        }
    }
}
