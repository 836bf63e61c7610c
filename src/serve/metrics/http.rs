//! What strangers try over HTTP.

use super::{own::OwnPage, page::Named};
use crate::serve::traffic::{Traffic, value};

pub(super) fn write(page: &mut OwnPage, traffic: &Traffic) {
    const REFUSED: Named = (
        "floorwalker_http_refused_total",
        "Requests that were refused, by reason: no token, an unknown one, one without the scope, a page of another site",
    );
    const CONNECTIONS: Named = ("floorwalker_http_connections", "Connections that are open");
    const SENT_AWAY: Named = (
        "floorwalker_http_connections_sent_away_total",
        "Connections without a whole request that made room for new ones",
    );
    for (reason, counter) in [
        ("no_token", &traffic.no_token),
        ("unknown_token", &traffic.unknown_token),
        ("no_scope", &traffic.no_scope),
        ("other_site", &traffic.other_site),
    ] {
        page.counter(REFUSED, &[("reason", reason)], value(counter));
    }
    let connections = u32::try_from(value(&traffic.connections)).unwrap_or(u32::MAX);
    page.gauge(CONNECTIONS, &[], f64::from(connections));
    page.counter(SENT_AWAY, &[], value(&traffic.sent_away));
}
