//! The server: one thread, so that a slow reader never touches a worker.

use std::{net::SocketAddr, sync::Arc, thread};

use anyhow::Context as _;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, runtime, sync::oneshot};

use super::{HttpSettings, health, metrics};
use crate::kafka::{Progress, clock};

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
    pub fn start(settings: &HttpSettings, progress: Arc<Progress>) -> anyhow::Result<Self> {
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
                served = axum::serve(listener, routes(progress)) => served,
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

fn routes(progress: Arc<Progress>) -> Router {
    Router::new()
        .route("/metrics", get(tell_metrics))
        .route("/healthz", get(tell_alive))
        .route("/readyz", get(tell_ready))
        .with_state(progress)
}

type Shared = State<Arc<Progress>>;

async fn tell_metrics(State(progress): Shared) -> impl IntoResponse {
    const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
    let text = metrics::render(&progress.snapshot(), &progress.commit_latency);
    ([(header::CONTENT_TYPE, TEXT)], text)
}

async fn tell_alive(State(progress): Shared) -> impl IntoResponse {
    answer(health::is_alive(&progress.snapshot(), clock::wall()))
}

async fn tell_ready(State(progress): Shared) -> impl IntoResponse {
    answer(health::is_ready(&progress.snapshot(), clock::wall()))
}

fn answer(verdict: Result<(), String>) -> (StatusCode, String) {
    match verdict {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(cause) => (StatusCode::SERVICE_UNAVAILABLE, cause + "\n"),
    }
}
