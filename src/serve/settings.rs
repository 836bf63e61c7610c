//! Settings of the HTTP server.

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
