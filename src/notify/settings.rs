//! Who can be called, and how.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::route::{GROUP_INTERVAL, Routes};
use floorwalker_core::event::Span;

/// Text that nobody is shown: a URL that lets its bearer write, a key, a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one who sends it where it belongs.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("********")
    }
}

/// The settings of the role `notify`.
#[derive(Debug, Clone, PartialEq)]
pub struct NotifySettings {
    /// Where people open the wallboard, without a slash at its end; begins the links of messages. Default none: messages have no links.
    pub wallboard: Option<String>,
    /// How long an alert fires before its first message: what it causes or follows from may join it. Default 10 s.
    pub group_wait: Span,
    /// How long after a message of an alert the next one may follow that it still fires or goes up, where a route has nothing of its own.
    /// Default 5 min.
    pub group_interval: Span,
    /// An alert that was written this long after it took place calls nobody: a past that is loaded. Default 1 h.
    pub late_max: Span,
    /// By name.
    pub receivers: BTreeMap<String, ReceiverSettings>,
    pub routes: Routes,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            wallboard: None,
            group_wait: Span::from_secs(10),
            group_interval: GROUP_INTERVAL,
            late_max: Span::from_secs(3_600),
            receivers: BTreeMap::new(),
            routes: Routes::default(),
        }
    }
}

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverSettings {
    pub kind: ReceiverKind,
    /// How long one attempt may take. Default 10 s.
    pub timeout: Duration,
}

/// What a receiver is reached by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverKind {
    /// Prometheus Alertmanager, API v2.
    Alertmanager {
        url: Secret,
        /// Sent as `Authorization: Bearer`.
        token: Option<Secret>,
    },
    /// Any HTTP endpoint, by the Standard Webhooks specification.
    Webhook {
        url: Secret,
        /// `whsec_` and base64.
        secret: Secret,
    },
    /// An incoming webhook.
    Slack {
        url: Secret,
    },
    /// A webhook of Workflows.
    Teams {
        url: Secret,
    },
    /// Events API v2.
    PagerDuty {
        url: Secret,
        routing_key: Secret,
    },
    Email(EmailSettings),
}

/// A mail server, and who writes to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    pub host: String,
    pub port: u16,
    pub tls: EmailTls,
    /// With the password; none where the server takes mail from anybody.
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub from: lettre::message::Mailbox,
    pub to: Vec<lettre::message::Mailbox>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailTls {
    /// After the greeting; a server that can't is refused. Port 587 by default.
    StartTls,
    /// From the first byte. Port 465 by default.
    Implicit,
    /// Not at all. Port 25 by default.
    Off,
}

impl EmailTls {
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Implicit => 465,
            Self::Off => 25,
        }
    }
}

impl ReceiverKind {
    /// Returns the name that settings and messages have for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Alertmanager { .. } => "alertmanager",
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Email(_) => "email",
        }
    }

    /// What no sentence may hold.
    pub(super) fn secrets(&self) -> Vec<&str> {
        let secrets = match self {
            Self::Alertmanager { url, token } => vec![Some(url), token.as_ref()],
            Self::Webhook { url, secret } => vec![Some(url), Some(secret)],
            Self::Slack { url } | Self::Teams { url } => vec![Some(url)],
            Self::PagerDuty { url, routing_key } => vec![Some(url), Some(routing_key)],
            Self::Email(email) => vec![email.password.as_ref()],
        };
        secrets.into_iter().flatten().map(Secret::reveal).collect()
    }
}
