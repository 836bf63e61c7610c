//! The server: one thread, so that a slow reader never touches a worker. Whatever a client does, it is bounded: how many
//! connections, how long a request may take to come, how long its answer.

mod connection;
mod seats;
mod tls;

use std::{io, net::SocketAddr, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime,
    sync::oneshot,
};
use tower::{limit::GlobalConcurrencyLimitLayer, util::option_layer};
use tower_http::{
    CompressionLevel,
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

use super::{
    HttpSettings, ReadSide, TlsSettings,
    access::{self, Gate},
    api,
    health::{Liveness, Readiness},
    hosts, metrics,
    problem::{self, Problem},
    traffic::Traffic,
    wallboard,
};
use crate::{
    kafka::{Progress, clock},
    notify::NotifyStatus,
};
use connection::{Answers, accept_all};
use seats::Seats;
use tls::Certificate;
pub use tls::TlsFault;

/// Connections that the system holds until they are taken, if it does not hold fewer.
const BACKLOG: u32 = 4_096;
/// For an answer, but not for the stream.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Requests at a time, health and streams aside: an answer may take a few megabytes.
const REQUESTS_MAX: usize = 64;
/// What a browser may remember of what another site's pages may do.
const CORS_FOR: Duration = Duration::from_secs(600);

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
    /// `http` or `https`.
    pub scheme: &'static str,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Begins to listen.
    ///
    /// # Errors
    /// When the address is taken, not ours, or open to strangers; when files of TLS can't be used.
    pub fn start(settings: &HttpSettings, site: Site) -> anyhow::Result<Self> {
        if let Some(sentence) = settings.exposure() {
            anyhow::bail!("http.listen: {sentence}");
        }
        let certificate = settings.tls.as_ref().map(Certificate::read);
        let certificate = certificate.transpose().map_err(|it| in_tls(&it.sentence))?;
        let certificate = certificate.map(Arc::new);
        let tls = certificate.clone().map(tls::acceptor).transpose();
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(async { listen(settings.listen) });
        let listener = listener.with_context(|| format!("http.listen {}", settings.listen))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let traffic = Arc::new(Traffic::default());
        let answers = Answers {
            routes: routes(site, settings, &traffic),
            tls: tls.map_err(|it| in_tls(&it))?,
        };
        let seats = Arc::new(Seats::new(traffic));
        let serve = async move {
            if let Some(certificate) = certificate {
                drop(tokio::spawn(certificate.keep_current()));
            }
            tokio::select! {
                () = accept_all(listener, answers, seats) => {}
                _ = stopped => {}
            }
        };
        let thread = thread::Builder::new()
            .name("http".to_owned())
            .spawn(move || runtime.block_on(serve))?;
        Ok(Self {
            address,
            scheme: if settings.tls.is_some() {
                "https"
            } else {
                "http"
            },
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // Not those of the process before, which are still being closed.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn in_tls(sentence: &str) -> anyhow::Error {
    anyhow::anyhow!("http.tls: {sentence}")
}

/// Whether the files of TLS can be used, as they are now.
///
/// # Errors
/// Which can't, and why.
pub fn check_tls(settings: &TlsSettings) -> Result<(), TlsFault> {
    Certificate::read(settings).map(drop)
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(_)) = self.thread.take().map(thread::JoinHandle::join) {
            tracing::error!("http: the thread panicked");
        }
    }
}

fn routes(site: Site, settings: &HttpSettings, traffic: &Arc<Traffic>) -> Router {
    let gate = Gate::new(&settings.tokens, settings.tls.is_some(), traffic);
    let api = (site.read.as_ref()).map(|side| api::routes(side, !gate.is_open()));
    let stream = site.read.as_ref().map(api::stream_route);
    let read = site.read.is_some();
    let site = Arc::new(site);
    let of_this = Arc::clone(traffic);
    let show_metrics = async move |of: Shared| tell_metrics(&of, &of_this);
    let answered = Router::new().route("/metrics", get(show_metrics));
    let answered = match read {
        true => answered.route("/metrics/kpi", get(tell_kpis)),
        false => answered,
    };
    let answered = answered
        .with_state(Arc::clone(&site))
        .merge(api.unwrap_or_default())
        .fallback(api::nothing_here)
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(api::tag_compressed))
        .layer(GlobalConcurrencyLimitLayer::new(REQUESTS_MAX))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ));
    let pages = if read {
        wallboard::routes()
    } else {
        Router::new()
    };
    let for_hosts = hosts::Hosts::new(&settings.hosts);
    answered
        .merge(stream.unwrap_or_default())
        .merge(pages)
        .merge(access::routes(&gate))
        // From here on outward: who asks, from which page, under which name.
        .layer(from_fn_with_state(gate, access::admit))
        .layer(option_layer(cors(&settings.origins)))
        .layer(from_fn_with_state(for_hosts, hosts::refuse_strange))
        .layer(from_fn(problem::explain))
        // An orchestrator asks by whatever name it likes, and is answered whatever else goes on.
        .merge(health_routes(site))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}

/// Pages of these sites may ask, with a token of their own: cookies are for our own pages.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let origins = origins
        .iter()
        .filter_map(|it| HeaderValue::from_str(it).ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::RETRY_AFTER,
            header::WWW_AUTHENTICATE,
        ])
        .max_age(CORS_FOR);
    Some(cors)
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

fn tell_metrics(State(site): &Shared, traffic: &Traffic) -> impl IntoResponse + use<> {
    let health = metrics::Health {
        snapshot: site.progress.snapshot(),
        timings: &site.progress.timings,
        statements: &site.progress.statements,
        traffic,
        ready: site.readiness().ready,
        read: site.read.as_deref(),
        notify: site.notify.as_deref(),
        now: clock::wall(),
    };
    metrics_text(metrics::health(&health))
}

async fn tell_kpis(State(site): Shared, RawQuery(query): RawQuery) -> Response {
    let Some(read) = site.read.as_ref().filter(|read| read.model.is_caught_up()) else {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "/metrics/kpi",
            "the topics are being read and their end is not reached yet",
            "ask again in a moment; /readyz shows when",
        )
        .into_response();
    };
    let page = metrics::KpiPage {
        model: &read.model,
        settings: &read.settings,
        configured: &read.configured,
        now: clock::wall(),
    };
    match page.render(query.as_deref()) {
        Ok(page) => metrics_text(page).into_response(),
        Err(wrong) => {
            let hint = "name windows as `kpi.windows` has them, such as ?window=1h&window=today";
            Problem::query(wrong, hint).into_response()
        }
    }
}

fn metrics_text(text: String) -> impl IntoResponse + use<> {
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
