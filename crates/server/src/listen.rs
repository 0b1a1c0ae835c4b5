//! Ports: opening them, accepting connections, serving HTTP/1 and HTTP/2 on each, stopping.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::auth::Peer;
use crate::config::{Listen, ServerLimits};
use crate::error::ServerError;

/// HTTP/2 flow control: what one export may send before the server reads on. The defaults of 64 KiB
/// make a large export wait for the network many times.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Pause after a failed accept, which is how a process without free file descriptors looks.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Opens a port. `None` when it is off, or a default that is taken.
pub(crate) async fn open(
    role: &'static str,
    listen: Listen,
) -> Result<Option<TcpListener>, ServerError> {
    let Some(address) = listen.address() else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(Some(listener)),
        Err(source) if matches!(listen, Listen::Default(_)) => {
            let option = role.replace('_', "-");
            tracing::warn!(
                %address, error = %source,
                "{role} is not open: the default port cannot be had. Give it another with \
                 --{option} 127.0.0.1:PORT, or close it with --{option} off. OTLP is also spoken \
                 on every other port of this server"
            );
            Ok(None)
        }
        Err(source) => Err(ServerError::Bind { role, address, source }),
    }
}

/// What all ports share while they serve.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) limits: ServerLimits,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) open: prometheus_client::metrics::gauge::Gauge,
    /// Every connection's task; they are as many as `connections` has permits, at most.
    pub(crate) tasks: TaskTracker,
    /// Stop accepting, finish what runs.
    pub(crate) stopping: CancellationToken,
    /// Stop at once.
    pub(crate) abandoned: CancellationToken,
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("tls", &self.tls.is_some()).finish_non_exhaustive()
    }
}

/// Accepts until stopped. At the limit one accepted connection of each port waits for its turn, the
/// others in the system's queue. (Taking the turn first would let idle ports hold all of them.)
pub(crate) async fn accept(listener: TcpListener, router: Router, serving: Serving) {
    loop {
        let accepted = tokio::select! {
            () = serving.stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let turn = tokio::select! {
            () = serving.stopping.cancelled() => return,
            turn = Arc::clone(&serving.connections).acquire_owned() => turn,
        };
        let Ok(turn) = turn else { return };
        let (router, own) = (router.clone(), serving.clone());
        serving.tasks.spawn(async move {
            own.open.inc();
            connection(stream, peer, router, &own).await;
            own.open.dec();
            drop(turn);
        });
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, serving: &Serving) {
    // Small answers must not wait for more to come.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone at once");
        return;
    }
    let Some(tls) = &serving.tls else { return serve(stream, peer, router, serving).await };
    match timeout(serving.limits.handshake_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, peer, router, serving).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
    }
}

async fn serve<S>(stream: S, peer: SocketAddr, router: Router, serving: &Serving)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let begun = Arc::new(Notify::new());
    let begin = Arc::clone(&begun);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        begin.notify_one();
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(axum::body::Body::new) as Request)
    });
    let builder = builder(&serving.limits);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = silence(&begun, serving.limits.idle_timeout) => return,
        () = serving.stopping.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                outcome = connection.as_mut() => outcome,
                () = serving.abandoned.cancelled() => Ok(()),
            }
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection broke off");
    }
}

/// Ends when no request comes for `wait`. While hyper finds out which version of HTTP a client
/// speaks it has no timeout of its own: a client that says nothing would hold its place for ever.
async fn silence(begun: &Notify, wait: Duration) {
    if timeout(wait, begun.notified()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    // hyper's buffer holds the headers of HTTP/1 and must not be smaller than 8 KiB.
    let buffer = usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX).max(8 << 10);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .max_buf_size(buffer);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.header_bytes_max)
        .max_concurrent_streams(limits.streams_max)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .keep_alive_interval(limits.keep_alive)
        .keep_alive_timeout(limits.handshake_timeout);
    builder
}
