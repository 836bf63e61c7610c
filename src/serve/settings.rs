//! Settings of the HTTP server and of the read side.

use std::net::{Ipv4Addr, SocketAddr};

use floorwalker_core::{event::Span, silence::Maintenance};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Nobody is asked who they are: beyond this machine, put it behind something that does. Default `127.0.0.1:8640`.
    pub listen: SocketAddr,
    /// Host names under which it is asked, beside IP addresses, `localhost` and names without a dot; one that begins with `*.` is
    /// all names below it, `*` any. Default none.
    pub hosts: Vec<String>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8640).into(),
            hosts: Vec::new(),
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
