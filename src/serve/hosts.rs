//! Under which names the server is asked. A page of a stranger can give its own name our address (DNS rebinding), and read
//! through somebody's browser what only this network may read; but it can't give us another name.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::problem::Problem;

/// Names that are ours beside addresses, `localhost` and names without a dot, which are never public.
#[derive(Debug, Clone)]
pub(super) struct Hosts(Arc<[String]>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.into())
    }

    fn has(&self, host: &str) -> bool {
        let name = without_port(host)
            .trim_end_matches('.')
            .to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let is_own = !name.contains('.') && !name.contains(':')
            || name.ends_with(".localhost")
            || address.parse::<IpAddr>().is_ok();
        is_own || self.0.iter().any(|known| covers(known, &name))
    }
}

fn covers(known: &str, name: &str) -> bool {
    match known.strip_prefix('*') {
        Some("") => true,
        Some(end) => name.ends_with(end) && name.len() > end.len(),
        None => known == name,
    }
}

/// Returns the host of `[::1]:8640` or `host:8640`.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() =>
        {
            let is_address_without_port = host.starts_with('[') && host.ends_with(']');
            if is_address_without_port { host } else { name }
        }
        _ => host,
    }
}

/// Without a `Host` nobody's browser asks.
pub(super) async fn refuse_strange(
    State(hosts): State<Hosts>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    match host {
        Some(host) if !hosts.has(&host) => Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Host",
            format!("`{host}` is none of this server's names"),
            "ask by its IP address, or add the name to `hosts` under [http] of the configuration and restart",
        )
        .into_response(),
        _ => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_local_names_are_ours_and_others_only_if_configured() {
        let hosts = Hosts::new(&[
            "sla.example.com".to_owned(),
            "*.internal.example".to_owned(),
        ]);
        for own in [
            "127.0.0.1",
            "127.0.0.1:8640",
            "[::1]:8640",
            "[::1]",
            "localhost:8640",
            "floorwalker:8640",
            "sla.example.com",
            "SLA.example.com:443",
            "sla.example.com.",
            "a.internal.example",
        ] {
            assert!(hosts.has(own), "{own}");
        }
        for strange in [
            "evil.example",
            "evil.example:8640",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "internal.example",
            "xsla.example.com",
        ] {
            assert!(!hosts.has(strange), "{strange}");
        }
        assert!(Hosts::new(&["*".to_owned()]).has("evil.example"));
    }
}
