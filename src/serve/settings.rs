//! Settings of the HTTP server and of the read side.

use std::net::{Ipv4Addr, SocketAddr};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Nobody is asked who they are: beyond this machine, put it behind something that does. Default `127.0.0.1:8640`.
    pub listen: SocketAddr,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 8640).into(),
        }
    }
}

/// How much the read side holds, and what it tells Prometheus.
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
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            contacts_max: 50_000,
            alerts_max: 10_000,
            entities_max: 20_000,
            worst_agents: 10,
            all_agents: false,
        }
    }
}
