//! The server: one thread, so that a slow reader never touches a worker. Whatever a client does, it is bounded: how many
//! connections, how long a request may take to come, how long its answer.

use std::{net::SocketAddr, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{HeaderValue, StatusCode, header},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::{
    CompressionLevel, compression::CompressionLayer, set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

use super::{
    HttpSettings, ReadSide, api,
    health::{Liveness, Readiness},
    hosts, metrics, wallboard,
};
use crate::{
    kafka::{Progress, clock},
    notify::NotifyStatus,
};

/// Each takes a file descriptor, of which a process often has 1,024.
const CONNECTIONS_MAX: usize = 640;
/// The time from the connection, or the end of an answer, to the end of the next request's headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A request's headers, all of them.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// For an answer, but not for the stream.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Requests at a time, health and streams aside: an answer may take a few megabytes.
const REQUESTS_MAX: usize = 64;
/// When the system has no room for a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// What there is to answer from.
#[derive(Clone)]
#[expect(
    missing_debug_implementations,
    reason = "holds a client, which has nothing to show"
)]
pub struct Site {
    pub progress: Arc<Progress>,
    /// Tasks run here.
    pub works: bool,
    /// The topics are read here.
    pub read: Option<Arc<ReadSide>>,
    /// People are called from here.
    pub notify: Option<Arc<NotifyStatus>>,
}

/// Answers until it is dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub fn start(settings: &HttpSettings, site: Site) -> anyhow::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime
            .block_on(TcpListener::bind(settings.listen))
            .with_context(|| format!("http.listen {}", settings.listen))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let routes = routes(site, &settings.hosts);
        let serve = async move {
            tokio::select! {
                () = accept_all(listener, routes) => {}
                _ = stopped => {}
            }
        };
        let thread = thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || runtime.block_on(serve))?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            tracing::error!("http: the thread panicked");
        }
    }
}

/// Those who come when there are too many connections wait until one ends.
async fn accept_all(listener: TcpListener, routes: Router) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(answer_all(stream, routes.clone(), permit))),
            Err(error) => {
                tracing::warn!("http: no connection can be taken: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Answers what comes over one connection.
async fn answer_all(stream: TcpStream, routes: Router, _room: OwnedSemaphorePermit) {
    // Clients that leave, or send what is no request, are not our concern.
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes))
        .await
        .ok();
}

fn routes(site: Site, hosts: &[String]) -> Router {
    let api = site.read.as_ref().map(api::routes);
    let stream = site.read.as_ref().map(api::stream_route);
    let read = site.read.is_some();
    let site = Arc::new(site);
    let answered = Router::new().route("/metrics", get(tell_metrics));
    let answered = match read {
        true => answered.route("/metrics/kpi", get(tell_kpis)),
        false => answered,
    };
    let answered = answered
        .with_state(Arc::clone(&site))
        .merge(api.unwrap_or_default())
        .fallback(api::nothing_here)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS_MAX));
    let pages = if read {
        wallboard::routes()
    } else {
        Router::new()
    };
    let for_hosts = hosts::Hosts::new(hosts);
    answered
        .merge(stream.unwrap_or_default())
        .merge(pages)
        .layer(from_fn_with_state(for_hosts, hosts::refuse_strange))
        // An orchestrator asks by whatever name it likes, and is answered whatever else goes on.
        .merge(health_routes(site))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}

fn health_routes(site: Arc<Site>) -> Router {
    Router::new()
        .route("/healthz", get(tell_alive))
        .route("/readyz", get(tell_ready))
        .with_state(site)
}

type Shared = State<Arc<Site>>;

impl Site {
    fn readiness(&self) -> Readiness {
        let snapshot = self.progress.snapshot();
        let (read, notify) = (self.read.as_deref(), self.notify.as_deref());
        Readiness::of(&snapshot, self.works, (read, notify), clock::wall())
    }
}

async fn tell_metrics(State(site): Shared) -> impl IntoResponse {
    let health = metrics::Health {
        snapshot: site.progress.snapshot(),
        timings: &site.progress.timings,
        statements: &site.progress.statements,
        ready: site.readiness().ready,
        read: site.read.as_deref(),
        notify: site.notify.as_deref(),
        now: clock::wall(),
    };
    metrics_text(metrics::health(&health))
}

async fn tell_kpis(State(site): Shared, RawQuery(query): RawQuery) -> Response {
    let Some(read) = site.read.as_ref().filter(|read| read.model.is_caught_up()) else {
        let reason = "the topics are being read\n";
        return (StatusCode::SERVICE_UNAVAILABLE, reason).into_response();
    };
    let page = metrics::KpiPage {
        model: &read.model,
        settings: &read.settings,
        configured: &read.configured,
        now: clock::wall(),
    };
    match page.render(query.as_deref()) {
        Ok(page) => metrics_text(page).into_response(),
        Err(wrong) => (StatusCode::BAD_REQUEST, wrong + "\n").into_response(),
    }
}

fn metrics_text(text: String) -> impl IntoResponse {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, TEXT)], text)
}

async fn tell_alive(State(site): Shared) -> impl IntoResponse {
    let liveness = Liveness::of(&site.progress.snapshot(), clock::wall());
    (status(liveness.alive), Json(liveness))
}

async fn tell_ready(State(site): Shared) -> impl IntoResponse {
    let readiness = site.readiness();
    (status(readiness.ready), Json(readiness))
}

const fn status(good: bool) -> StatusCode {
    match good {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}
