//! The span of a request of the API, in the words of the semantic conventions for HTTP servers.
//!
//! Exports get none: a server that traces itself would trace the storing of its traces. Probes and
//! scrapes get none either: they come every few seconds and say nothing. Query strings and bodies
//! stay out, because they hold what users look for.

use axum::extract::Request;
use http::{HeaderName, Method, Version};
use tracing::Span;
use tracing::field::Empty;

use crate::wire::Wire;

/// Longest path that a span repeats: a client can invent one of any length.
const PATH_BYTES_MAX: usize = 256;
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The span of a request, a child of the caller's when it names one.
pub(crate) fn request_span(wire: Wire, request: &Request, route: Option<&str>, tls: bool) -> Span {
    if wire != Wire::Api || route.is_some_and(|route| PROBES.contains(&route)) {
        return Span::none();
    }
    let method = method_name(request.method());
    let shown = if method == OTHER { "HTTP" } else { method };
    let path = Some(request.uri().path()).filter(|path| path.len() <= PATH_BYTES_MAX);
    let span = tracing::info_span!(
        "request",
        otel.name = route.map_or_else(|| shown.to_owned(), |route| format!("{shown} {route}")),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = path,
        url.scheme = if tls { "https" } else { "http" },
        network.protocol.version = version(request.version()),
        error.type = Empty,
    );
    let header = |name: &'static str| {
        request.headers().get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok())
    };
    if let Some(parent) = header("traceparent") {
        telltale_telemetry::continue_trace(&span, parent, header("tracestate"));
    }
    span
}

/// Notes the answer. A refusal is no error of a server: only 5xx is.
pub(crate) fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.record("error.type", status.to_string());
        span.record("otel.status_code", "ERROR");
    }
}

const OTHER: &str = "_OTHER";

/// A method is the client's to invent; only known ones are told apart.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] =
        ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "TRACE", "CONNECT"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or(OTHER)
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}
