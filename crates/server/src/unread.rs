//! What a refused request leaves unread of its body.
//!
//! Over HTTP/1 a connection on which a body is still under way cannot be used again, and closing it
//! with bytes unread makes the system reset it, which can cost the client the answer. Many clients
//! send the whole body before they read. So the rest is read and thrown away, within limits, before
//! the answer goes out; when that does not reach the end, the answer says that the connection
//! closes, and no client sends its next request into it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONNECTION, EXPECT, HeaderValue};
use http::{HeaderMap, Version};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};

use crate::config::ServerLimits;
use crate::state::Shared;

/// Answers, then sees to what the handler left of the body.
pub(crate) async fn settle(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let waits = waits_for_permission(request.headers());
    if request.version() > Version::HTTP_11 || http_body::Body::is_end_stream(request.body()) {
        return next.run(request).await;
    }
    let left = Left::default();
    let watched = left.clone();
    let request = request.map(|body| Body::new(Watched { body: Some(body), left: watched }));
    let mut response = next.run(request).await;
    if let Some(body) = left.take()
        && (waits || !drain(body, &shared.config.limits).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Such a client sends nothing until it is asked to: reading on would ask it.
fn waits_for_permission(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

/// Reads to the end of a body; false when a limit came first.
async fn drain(mut body: Body, limits: &ServerLimits) -> bool {
    let announced = http_body::Body::size_hint(&body).lower();
    if announced > limits.drain_bytes_max {
        return false;
    }
    let deadline = Instant::now() + limits.drain_timeout;
    let mut bytes = 0;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(limits.drain_idle_timeout.min(left), body.frame()).await {
            Ok(None) => return true,
            Ok(Some(Ok(frame))) => {
                bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                if bytes > limits.drain_bytes_max {
                    return false;
                }
            }
            Ok(Some(Err(_))) | Err(_) => return false,
        }
    }
}

/// Where a body goes that was dropped before its end.
#[derive(Clone, Debug, Default)]
struct Left(Arc<Mutex<Option<Body>>>);

impl Left {
    fn take(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, body: Body) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }
}

/// A body that is handed back when its reader gives up.
#[derive(Debug)]
struct Watched {
    /// `None` once it has ended or failed.
    body: Option<Body>,
    left: Left,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let unfinished = |body: &Body| !http_body::Body::is_end_stream(body);
        if let Some(body) = self.body.take().filter(unfinished) {
            self.left.put(body);
        }
    }
}
