//! Settings of the HTTP server and of the read side.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use super::access::Token;
use floorwalker_core::{event::Span, silence::Maintenance};

/// Where to listen, and whom to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Default `127.0.0.1:8640`.
    pub listen: SocketAddr,
    /// Host names under which it is asked, beside IP addresses, `localhost` and names without a dot; one that begins with `*.` is
    /// all names below it, `*` any. Default none.
    pub hosts: Vec<String>,
    /// Other machines may ask without a token. Default false.
    pub allow_anonymous: bool,
    /// Sites whose pages may read answers, as browsers send them in `Origin`. Default none.
    pub origins: Vec<String>,
    /// Default none: no TLS.
    pub tls: Option<TlsSettings>,
    /// Who may ask, and for what. Default none: nobody is asked who they are.
    pub tokens: Vec<Token>,
}

/// Files of TLS, as PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The server's own certificate first, then those between it and the authority.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Begins the sentence of [`HttpSettings::exposure`].
pub const EXPOSED: &str = "other machines reach";

impl HttpSettings {
    /// Other machines reach it, and need no token.
    #[must_use]
    pub fn is_anonymous_elsewhere(&self) -> bool {
        !self.listen.ip().to_canonical().is_loopback() && self.tokens.is_empty()
    }

    /// Returns why it must not listen where it should; `None` if it may.
    #[must_use]
    pub fn exposure(&self) -> Option<String> {
        if self.allow_anonymous || !self.is_anonymous_elsewhere() {
            return None;
        }
        Some(format!(
            "{EXPOSED} {}, and nobody would be asked who they are; make a token with `floorwalker token new`, or write \
             `allow_anonymous = true` under [http] if something before it asks",
            self.listen
        ))
    }
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8640).into(),
            hosts: Vec::new(),
            allow_anonymous: false,
            origins: Vec::new(),
            tls: None,
            tokens: Vec::new(),
        }
    }
}

/// How much the read side holds, and what it shows Prometheus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// Contacts whose records are kept, the newest; about 2 KB each. Default 50,000.
    pub contacts_max: usize,
    /// Resolved alerts that are kept, the newest; about 2 KB each. Default 10,000.
    pub alerts_max: usize,
    /// Agents, queues and groups whose figures are kept, the last written; about 2 KB for each window. Default 20,000.
    pub entities_max: usize,
    /// Agents with series of their own, by window: those whose share of missed obligations is surely the highest. Default 10.
    pub worst_agents: usize,
    /// Series for every agent. Default false.
    pub all_agents: bool,
    pub metrics: MetricsSettings,
    /// When alerts are expected and call nobody. Default none.
    pub maintenance: Vec<Maintenance>,
}

/// What `/metrics/kpi` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Windows that are shown unless the request names some. Those that `kpi.windows` does not have are not there. Default `30m` and `today`.
    pub windows: Vec<String>,
    /// Queues, teams, sites and channels with series: first who has somebody waiting, then who was offered the most. Default 200.
    pub entities_max: usize,
    /// An entity that has not changed for this long, and has nobody waiting, has no series. Default 1 day.
    pub idle: Span,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            windows: vec!["30m".to_owned(), "today".to_owned()],
            entities_max: 200,
            idle: Span::from_secs(86_400),
        }
    }
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            contacts_max: 50_000,
            alerts_max: 10_000,
            entities_max: 20_000,
            worst_agents: 10,
            all_agents: false,
            metrics: MetricsSettings::default(),
            maintenance: Vec::new(),
        }
    }
}
