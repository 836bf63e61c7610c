//! E-mail: a message for each transition. Those of one alert are a thread, by the id of the first.

use anyhow::Context as _;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::header::{ContentType, HeaderName, HeaderValue},
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{outcome::Outcome, text::Text};
use crate::notify::{
    notification::Transition,
    settings::{EmailSettings, EmailTls},
};

pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    settings: EmailSettings,
}

impl Mailer {
    pub(super) fn new(settings: &EmailSettings) -> anyhow::Result<Self> {
        let parameters = || {
            TlsParameters::new(settings.host.clone())
                .context("TLS (are the certificates of this machine's authorities installed?)")
        };
        let tls = match settings.tls {
            EmailTls::StartTls => Tls::Required(parameters()?),
            EmailTls::Implicit => Tls::Wrapper(parameters()?),
            EmailTls::Off => Tls::None,
        };
        let domain = settings.from.email.domain().to_owned();
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .hello_name(ClientId::Domain(domain))
            .tls(tls);
        let login = settings.username.clone().zip(settings.password.as_ref());
        let builder = match login {
            Some((name, password)) => {
                builder.credentials(Credentials::new(name, password.reveal().to_owned()))
            }
            None => builder,
        };
        Ok(Self {
            transport: builder.build(),
            settings: settings.clone(),
        })
    }

    pub(super) async fn send(&self, text: &Text) -> Outcome {
        let message = match self.message(text) {
            Ok(message) => message,
            Err(error) => return Outcome::Refused(format!("it can't be written: {error:#}")),
        };
        match self.transport.send(message).await {
            Ok(answer) => Outcome::Delivered(answer.code().to_string()),
            Err(error) if error.is_permanent() => Outcome::Refused(sentence(&error)),
            Err(error) => Outcome::Failed {
                why: sentence(&error),
                after: None,
            },
        }
    }

    fn message(&self, text: &Text) -> anyhow::Result<Message> {
        let domain = self.settings.from.email.domain();
        let id = |key: &str| format!("<{key}@{domain}>");
        let first = id(&text.first_id());
        let mut builder = Message::builder()
            .from(self.settings.from.clone())
            .subject(text.title())
            .message_id(Some(id(&text.message.id)))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.settings.to {
            builder = builder.to(to.clone());
        }
        if text.message.transition != Transition::Fired {
            builder = builder.in_reply_to(first.clone()).references(first);
        }
        // Nobody's holiday message comes back.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder = builder.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        Ok(builder.body(text.plain())?)
    }
}

/// All causes in one sentence.
fn sentence(error: &lettre::transport::smtp::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        let part = found.to_string();
        if !parts.iter().any(|known| known.contains(&part)) {
            parts.push(part);
        }
        cause = found.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{json, value::to_raw_value};

    use super::*;
    use crate::notify::notification::Notification;
    use floorwalker_core::event::Timestamp;

    #[test]
    fn a_name_with_line_breaks_adds_no_header() {
        let settings = EmailSettings {
            host: "localhost".to_owned(),
            port: 25,
            tls: EmailTls::Off,
            username: None,
            password: None,
            from: "floor@example.com".parse().unwrap(),
            to: vec!["ops@example.com".parse().unwrap()],
        };
        let subject = "queue:a\r\nBcc: eve@example.com\r\n\r\nBuy";
        let alert = json!({
            "id": subject, "rule": "queue.surge", "status": "firing", "severity": "warning", "subject": subject,
            "starts_at": Timestamp(0), "at": Timestamp(0), "why": "câble: 9 wait.\r\n.\r\nMAIL FROM:<x>",
        });
        let message = Notification {
            id: "msg_1".to_owned(),
            incident: subject.to_owned(),
            receiver: "mail".to_owned(),
            transition: Transition::Resolved,
            at: Timestamp(0),
            team: None,
            escalation: 0,
            by: None,
            covers: Vec::new(),
            alert: Arc::from(to_raw_value(&alert).unwrap()),
        };
        let mailer = Mailer::new(&settings).unwrap();
        let text = Text::of(&message, None).unwrap();
        let written = mailer.message(&text).unwrap().formatted();
        let written = String::from_utf8(written).unwrap();
        let (headers, _) = written.split_once("\r\n\r\n").unwrap();
        let names = headers.split("\r\n").filter(|line| !line.starts_with(' '));
        let mut names: Vec<&str> = names.map(|line| line.split(": ").next().unwrap()).collect();
        names.sort_unstable();
        let expected = [
            "Auto-Submitted",
            "Content-Transfer-Encoding",
            "Content-Type",
            "Date",
            "From",
            "In-Reply-To",
            "Message-ID",
            "References",
            "Subject",
            "To",
        ];
        assert_eq!(names, expected, "{written}");
    }
}
