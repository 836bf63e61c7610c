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
    ReadModel,
    model::{About, Change},
};

/// A silent stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(10);

#[derive(Debug, Default, Deserialize, IntoParams)]
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
    model: Arc<ReadModel>,
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
    let model = Arc::clone(&side.model);
    let listener = Listener {
        news,
        filter,
        model,
    };
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
                    listener.model.changes().note_dropped();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Timestamp,
        kafka::{FollowedRecord, Heard, topics::Topic},
        serve::ServeSettings,
    };

    fn hear(model: &ReadModel, records: usize) {
        let record = br#"{"entity":"queue:q","window":"1h","clock":"2026-11-22T10:00:00Z","kpis":{"sla":{}}}"#;
        for _ in 0..records {
            model.hear(&Heard::Record(FollowedRecord {
                topic: Topic::Kpis,
                offset: 0,
                key: b"queue:q/1h",
                payload: Some(record),
                written_at: Timestamp::from_millis(1),
            }));
        }
    }

    #[test]
    fn who_reads_too_slowly_is_let_go_and_holds_up_nobody() {
        let model = Arc::new(ReadModel::new(&ServeSettings::default()));
        model.hear(&Heard::CaughtUp);
        let listen = || Listener {
            news: model.changes().listen().unwrap(),
            filter: NewsFilter::default(),
            model: Arc::clone(&model),
        };
        let slow = listen();
        hear(&model, 5_000);
        let quick = listen();
        hear(&model, 1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let next = |reader| runtime.block_on(Listener::next(Some(reader))).unwrap();
        let (missed, gone) = next(slow);
        assert!(gone.is_none());
        assert!(format!("{missed:?}").contains("missed"), "{missed:?}");
        let (news, stays) = next(quick);
        assert!(stays.is_some());
        assert!(format!("{news:?}").contains("queue:q"), "{news:?}");
        assert_eq!(model.changes().dropped(), 1);
    }
}
