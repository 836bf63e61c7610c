//! Connections: taken in as they come, whatever the others do, and answered one request after the other.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderValue, Request, Response, StatusCode, header},
    response::IntoResponse as _,
};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::seats::{Answering, Seat, Seats};
use crate::serve::problem::{IN_A_SECOND, Problem};

/// The time from the connection, or the end of an answer, to the end of the next request's headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// A request's headers, all of them.
const HEADER_BYTES_MAX: usize = 32 << 10;
/// Whoever takes nothing of an answer for this long is gone.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// When the system has no room for a connection.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Paths that are answered however many others ask.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// What each connection is answered with.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) routes: Router,
    pub(super) tls: Option<TlsAcceptor>,
}

/// Takes connections as long as it is polled.
pub(super) async fn accept_all(listener: TcpListener, answers: Answers, seats: Arc<Seats>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Some(seat) = seats.take() {
                    drop(tokio::spawn(hold(stream, answers.clone(), seat)));
                }
                // Who was sent away goes before the next one comes.
                tokio::task::yield_now().await;
            }
            Err(error) => {
                tracing::warn!("http: no connection can be taken: {error}");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// Answers until the client leaves, or its seat is needed.
async fn hold(stream: TcpStream, answers: Answers, seat: Arc<Seat>) {
    stream.set_nodelay(true).ok();
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN_WITHIN));
    let stream = Box::pin(stream);
    let Answers { routes, tls } = answers;
    let own = Arc::clone(&seat);
    let answered = async move {
        match tls {
            None => answer_all(stream, routes, own).await,
            Some(tls) => {
                let greeted = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream));
                if let Ok(Ok(secure)) = greeted.await {
                    answer_all(secure, routes, own).await;
                }
            }
        }
    };
    tokio::select! {
        () = answered => {}
        () = seat.sent_away() => {}
    }
}

async fn answer_all<S>(stream: S, routes: Router, seat: Arc<Seat>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answering = seat.answer();
        let answer = answer(request.map(Body::new), routes.clone(), seat.is_reserved);
        async move {
            let answer = answer.await;
            let held = answer.map(|body| Held {
                body,
                _until_sent: answering,
            });
            Ok::<_, Infallible>(held)
        }
    });
    // Clients that leave, or send what is no request, are not our concern.
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .await
        .ok();
}

async fn answer(request: Request<Body>, routes: Router, is_reserved: bool) -> Response<Body> {
    let is_about_health = HEALTH.contains(&request.uri().path());
    let mut answer = if is_reserved && !is_about_health {
        no_room()
    } else {
        let Ok(answer) = routes.oneshot(request).await;
        answer
    };
    if is_reserved {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    answer
}

fn no_room() -> Response<Body> {
    let problem = Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "connection",
        "too many connections are being answered",
        "ask again in a moment, or ask another process with the role `serve`",
    );
    let mut answer = problem.into_response();
    answer
        .headers_mut()
        .insert(header::RETRY_AFTER, IN_A_SECOND);
    answer
}

/// The body of an answer: the connection is being answered until it is sent.
struct Held {
    body: Body,
    _until_sent: Answering,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
