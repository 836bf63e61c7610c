//! News as they come: server-sent events of alerts and figures.

#![expect(
    unused_qualifications,
    reason = "utoipa's macros name the parameters' type so"
)]

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

use super::state::Side;
use crate::serve::{
    ReadModel,
    model::{About, Change, ChangeId, Listening, is_group, kind_and_name},
    problem::Problem,
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
    /// Alerts: only this rule.
    rule: Option<String>,
    /// Alerts: only this queue.
    queue: Option<String>,
    /// Alerts: only `firing` or `resolved`.
    status: Option<String>,
    /// Figures: only entities of this kind, such as `queue`; `group` is every kind but `agent` and `reason`.
    kind: Option<String>,
    /// Figures: only this entity.
    entity: Option<String>,
    /// Figures: only this window.
    window: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Topic {
    Alerts,
    Kpis,
}

/// After so many changes that it did not ask for, a reader hears the number that it has come to: it may come back by it.
const PASSED_MAX: u64 = 256;

/// Whoever reads it asks for the present state.
const MISSED_ALL: &str = "all";

/// A reader of the stream and what it asked for.
struct Listener {
    listening: Listening,
    filter: NewsFilter,
    model: Arc<ReadModel>,
    /// The number that it was sent last.
    last: u64,
}

/// New records of alerts (`event: alert`) and figures (`event: kpis`), from now on.
///
/// Each has an `id`. Who comes back with it as `Last-Event-ID`, as browsers do, goes on behind it. If that is too long ago, or was at another
/// process, the first news is `event: missed` with the data `all`: ask for the present state, and go on listening. So it is when very much
/// changes at once. Who reads too slowly is sent how
/// many records were missed (`event: missed`) and let go: ask for the present state, and listen anew.
#[utoipa::path(get, path = "/api/v1/stream", params(NewsFilter,
    ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last news that was read")),
    responses(
        (status = 200, description = "Server-sent events, without an end", content_type = "text/event-stream", body = String),
        (status = 400, description = "The query can't be read", body = Problem),
        (status = 503, description = "Too many listen, or the topics are still being read", body = Problem)))]
pub(super) async fn listen(
    State(side): Side,
    headers: HeaderMap,
    filter: Result<Query<NewsFilter>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Query(filter) = filter?;
    let last = headers.get("last-event-id");
    let last = last.map(|last| String::from_utf8_lossy(last.as_bytes()));
    let listening = side.model.changes().listen(last.as_deref());
    let listening = listening.ok_or_else(too_many)?;
    let listener = Listener {
        last: listening.from.number,
        listening,
        filter,
        model: Arc::clone(&side.model),
    };
    let hello = stream::iter(listener.hello());
    let changes = stream::unfold(Some(listener), Listener::next);
    let events = hello.chain(changes).map(Ok);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn too_many() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "/api/v1/stream",
        "too many listen already",
        "close streams that nobody reads, or ask another process with the role `serve`",
    )
}

impl Listener {
    fn hello(&self) -> Vec<Event> {
        let from = self.listening.from;
        let mut hello = vec![Event::default().comment("listening")];
        if self.listening.missed {
            let missed = Event::default().event("missed").data(MISSED_ALL);
            hello.push(missed.id(from.to_string()));
        } else if self.listening.backlog.is_empty() {
            hello.push(place(from));
        }
        hello
    }

    async fn next(listener: Option<Self>) -> Option<(Event, Option<Self>)> {
        let mut listener = listener?;
        loop {
            let change = match listener.listening.backlog.pop_front() {
                Some(change) => Ok(change),
                None => listener.listening.news.recv().await,
            };
            match change {
                Ok(change) => {
                    if let Some(event) = listener.event(&change) {
                        return Some((event, Some(listener)));
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    listener.model.changes().note_dropped();
                    let last = Event::default().event("missed").data(missed.to_string());
                    return Some((last, None));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// What is sent of a change; now and then the mere place of one that was not asked for.
    fn event(&mut self, change: &Change) -> Option<Event> {
        let number = change.id.number;
        let event = if self.filter.wants(&change.about) {
            event(change)
        } else if number >= self.last + PASSED_MAX {
            place(change.id)
        } else {
            return None;
        };
        self.last = number;
        Some(event)
    }
}

/// No news, but a place to come back to.
fn place(id: ChangeId) -> Event {
    Event::default().id(id.to_string())
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
                    && (self.kind.as_ref()).is_none_or(|kind| is_of_kind(entity, kind))
                    && fits(&self.entity, entity)
                    && fits(&self.window, window)
            }
            About::Everything => true,
        }
    }
}

/// `group` stands for every kind but agents and reasons.
fn is_of_kind(entity: &str, kind: &str) -> bool {
    let (own, _) = kind_and_name(entity);
    own == kind || kind == "group" && is_group(own)
}

fn event(change: &Change) -> Event {
    let name = match change.about {
        About::Alert { .. } => "alert",
        About::Kpis { .. } => "kpis",
        About::Everything => "missed",
    };
    let event = Event::default().event(name).id(change.id.to_string());
    match change.about {
        About::Everything => event.data(MISSED_ALL),
        About::Alert { .. } | About::Kpis { .. } => event.data(change.record.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kafka::{FollowEvent, FollowedRecord, topics::Topic},
        serve::ServeSettings,
    };
    use floorwalker_core::event::Timestamp;

    fn feed(model: &ReadModel, records: usize) {
        let record = br#"{"entity":"queue:q","window":"1h","clock":"2026-11-22T10:00:00Z","kpis":{"sla":{}}}"#;
        for _ in 0..records {
            model.handle(&FollowEvent::Record(FollowedRecord {
                topic: Topic::Kpis,
                partition: 0,
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
        model.handle(&FollowEvent::CaughtUp);
        let listen = || listener(&model, None);
        let slow = listen();
        feed(&model, 5_000);
        let quick = listen();
        feed(&model, 1);
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

    #[test]
    fn figures_can_be_asked_for_by_kind() {
        for (entity, kind, expected) in [
            ("queue:a", "queue", true),
            ("queue:a", "group", true),
            ("all", "group", true),
            ("agent:a", "group", false),
            ("agent:a", "agent", true),
            ("reason:outage", "group", false),
            ("reason:outage", "reason", true),
            ("team:a", "queue", false),
        ] {
            assert_eq!(is_of_kind(entity, kind), expected, "{entity} {kind}");
        }
    }

    fn listener(model: &Arc<ReadModel>, last: Option<&str>) -> Listener {
        let listening = model.changes().listen(last).unwrap();
        Listener {
            last: listening.from.number,
            listening,
            filter: NewsFilter::default(),
            model: Arc::clone(model),
        }
    }

    #[test]
    fn who_comes_back_goes_on_where_it_stopped_or_hears_that_it_can_not() {
        let model = Arc::new(ReadModel::new(&ServeSettings::default()));
        model.handle(&FollowEvent::CaughtUp);
        feed(&model, 10);
        let place = |back: u64| {
            let from = listener(&model, None).listening.from.to_string();
            let (process, number) = from.split_once('-').unwrap();
            format!("{process}-{}", number.parse::<u64>().unwrap() - back)
        };
        let after = |last: &str| {
            let listening = listener(&model, Some(last)).listening;
            let numbers = listening.backlog.iter().map(|change| change.id.number);
            (numbers.collect::<Vec<_>>(), listening.missed)
        };
        assert_eq!(after(&place(3)), (vec![8, 9, 10], false));
        assert_eq!(after(&place(0)), (vec![], false));
        assert_eq!(after(&place(10)).0.len(), 10);
        for strange in ["", "x", "0-3", "ffff-7"] {
            assert_eq!(after(strange), (vec![], true), "{strange}");
        }
        let old = place(10);
        feed(&model, 5_000);
        assert_eq!(after(&old), (vec![], true));
        let hello = format!("{:?}", listener(&model, Some(&old)).hello());
        assert!(hello.contains("missed") && hello.contains("all"), "{hello}");
    }
}
