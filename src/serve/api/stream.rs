//! News as they come: server-sent events of alerts and figures.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use utoipa::IntoParams;

use super::{Fault, Side};
use crate::serve::{
    ReadSide,
    model::{About, Change},
};

/// A silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NewsFilter {
    /// `alerts` or `kpis`; both if left out.
    #[param(inline)]
    about: Option<Topic>,
    /// Of alerts, only this rule.
    rule: Option<String>,
    /// Of alerts, only this queue.
    queue: Option<String>,
    /// Of alerts, only `firing` or `resolved`.
    status: Option<String>,
    /// Of figures, only this entity.
    entity: Option<String>,
    /// Of figures, only this window.
    window: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Topic {
    Alerts,
    Kpis,
}

/// A reader of the stream and what it wants to hear.
struct Listener {
    news: Receiver<Arc<Change>>,
    filter: NewsFilter,
    side: Arc<ReadSide>,
}

/// New records of alerts (`event: alert`) and figures (`event: kpis`), from now on.
///
/// Who reads too slowly is told how many records were missed (`event: missed`) and let go: ask for the present state, and listen anew.
#[utoipa::path(get, path = "/api/v1/stream", params(NewsFilter),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = Fault), (status = 503, body = Fault)))]
pub(super) async fn listen(
    State(side): Side,
    filter: Result<Query<NewsFilter>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Fault> {
    let Query(filter) = filter?;
    let news = side.model.changes().listen().ok_or_else(too_many)?;
    let listener = Listener { news, filter, side };
    let hello = stream::once(async { Event::default().comment("listening") });
    let changes = stream::unfold(Some(listener), Listener::next);
    let events = hello.chain(changes).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn too_many() -> Fault {
    Fault::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "/api/v1/stream",
        "too many listen already",
        "close streams that nobody reads, or ask another process with the role `serve`",
    )
}

impl Listener {
    async fn next(listener: Option<Self>) -> Option<(Event, Option<Self>)> {
        let mut listener = listener?;
        loop {
            match listener.news.recv().await {
                Ok(change) if listener.filter.wants(&change.about) => {
                    return Some((event(&change), Some(listener)));
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    listener.side.model.changes().note_dropped();
                    let last = Event::default().event("missed").data(missed.to_string());
                    return Some((last, None));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl NewsFilter {
    fn wants(&self, about: &About) -> bool {
        let fits = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        match about {
            About::Alert {
                rule,
                status,
                queue,
            } => {
                self.about != Some(Topic::Kpis)
                    && fits(&self.rule, rule)
                    && fits(&self.status, status)
                    && fits(&self.queue, queue.as_deref().unwrap_or_default())
            }
            About::Kpis { entity, window } => {
                self.about != Some(Topic::Alerts)
                    && fits(&self.entity, entity)
                    && fits(&self.window, window)
            }
        }
    }
}

fn event(change: &Change) -> Event {
    let name = match change.about {
        About::Alert { .. } => "alert",
        About::Kpis { .. } => "kpis",
    };
    Event::default().event(name).data(change.record.get())
}
