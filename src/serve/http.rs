//! The server: one thread, so that a slow reader never touches a worker.

use std::{net::SocketAddr, sync::Arc, thread};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

use super::{HttpSettings, ReadSide, api, health, metrics};
use crate::kafka::{Progress, clock};

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
        let serve = async move {
            tokio::select! {
                served = axum::serve(listener, routes(site)) => served,
                _ = stopped => Ok(()),
            }
        };
        let thread = thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || {
                if let Err(error) = runtime.block_on(serve) {
                    tracing::error!("http: {error}");
                }
            })?;
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

fn routes(site: Site) -> Router {
    let api = site.read.as_ref().map(api::routes);
    let kpis = get(tell_kpis);
    let own = Router::new()
        .route("/metrics", get(tell_metrics))
        .route("/healthz", get(tell_alive))
        .route("/readyz", get(tell_ready));
    let own = match site.read {
        Some(_) => own.route("/metrics/kpi", kpis),
        None => own,
    };
    own.with_state(Arc::new(site))
        .merge(api.unwrap_or_default())
        .fallback(api::nothing_here)
}

type Shared = State<Arc<Site>>;

impl Site {
    /// What is wrong, if anything is.
    fn is_ready(&self) -> Result<(), String> {
        if self.works {
            health::is_ready(&self.progress.snapshot(), clock::wall())?;
        }
        self.read.as_ref().map_or(Ok(()), health::is_caught_up)
    }
}

async fn tell_metrics(State(site): Shared) -> impl IntoResponse {
    let health = metrics::Health {
        snapshot: site.progress.snapshot(),
        commits: &site.progress.commit_latency,
        statements: &site.progress.statements,
        ready: site.is_ready().is_ok(),
        read: site.read.as_deref(),
        now: clock::wall(),
    };
    metrics_text(metrics::health(&health))
}

async fn tell_kpis(State(site): Shared) -> Response {
    match site.read.as_ref().filter(|read| read.model.is_caught_up()) {
        Some(read) => metrics_text(metrics::kpis(&read.model, &read.settings)).into_response(),
        None => answer(Err("the topics are being read".to_owned())).into_response(),
    }
}

fn metrics_text(text: String) -> impl IntoResponse {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, TEXT)], text)
}

async fn tell_alive(State(site): Shared) -> impl IntoResponse {
    answer(health::is_alive(&site.progress.snapshot(), clock::wall()))
}

async fn tell_ready(State(site): Shared) -> impl IntoResponse {
    answer(site.is_ready())
}

fn answer(verdict: Result<(), String>) -> (StatusCode, String) {
    match verdict {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, cause + "\n"),
    }
}
