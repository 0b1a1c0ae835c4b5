//! Paths to handlers, and what stands around every request: count, catch bugs, guard.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, post};
use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::api::{attributes, backups, genai, health, keys, schema, session, sql, tail, traces};
use crate::auth::guard;
use crate::fault::{Fault, Reason};
use crate::otlp::{grpc, http};
use crate::routes::{GRPC_LOGS, GRPC_METRICS, GRPC_TRACES};
use crate::state::Shared;
use crate::wire::Wire;
use crate::{metrics, openapi, own_trace, page, probes, unread};

/// What the OTLP ports serve.
pub(crate) fn otlp(shared: &Shared) -> Router {
    finished(otlp_routes().merge(probe_routes()), shared)
}

/// What the main port serves: everything.
pub(crate) fn full(shared: &Shared) -> Router {
    finished(otlp_routes().merge(probe_routes()).merge(api_routes()), shared)
}

fn otlp_routes() -> Router<Shared> {
    Router::new()
        .route("/v1/traces", post(http::traces))
        .route("/v1/logs", post(http::logs))
        .route("/v1/metrics", post(http::metrics))
        .route(GRPC_TRACES, post(grpc::traces))
        .route(GRPC_LOGS, post(grpc::logs))
        .route(GRPC_METRICS, post(grpc::metrics))
}

fn probe_routes() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(probes::alive))
        .route("/readyz", get(probes::ready))
        .route("/metrics", get(metrics::scrape))
}

fn api_routes() -> Router<Shared> {
    let sessions = get(session::get).post(session::create).delete(session::delete);
    Router::new()
        .route("/", get(page::page))
        .route("/api/v1/sql", post(sql::run))
        .route("/api/v1/schema", get(schema::get))
        .route("/api/v1/attributes", get(attributes::list))
        .route("/api/v1/traces", get(traces::search))
        .route("/api/v1/traces/{trace_id}", get(traces::get))
        .route("/api/v1/traces/{trace_id}/spans/{span_id}/explain", get(genai::explain_span))
        .route("/api/v1/genai/explain", post(genai::explain))
        .route("/api/v1/genai/unmapped", get(genai::unmapped))
        .route("/api/v1/tail", get(tail::listen))
        .route("/api/v1/health", get(health::get))
        .route("/api/v1/backups", post(backups::create))
        .route("/api/v1/keys", get(keys::list).post(keys::create))
        .route("/api/v1/keys/{id}", delete(keys::revoke))
        .route("/api/v1/session", sessions)
        .route("/api/v1/openapi.json", get(openapi::get))
}

fn finished(routes: Router<Shared>, shared: &Shared) -> Router {
    routes
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(shared.clone(), guard))
        .layer(from_fn_with_state(shared.clone(), around))
        .layer(from_fn_with_state(shared.clone(), unread::settle))
        .with_state(shared.clone())
}

async fn no_path(request: Request) -> Response {
    let detail = format!("nothing is at {}", request.uri().path());
    outside(&request).fault(&Fault::new(Reason::NotFound, detail))
}

async fn no_method(request: Request) -> Response {
    let detail = format!("{} does not know {}", request.uri().path(), request.method());
    outside(&request).fault(&Fault::new(Reason::MethodNotAllowed, detail))
}

/// What is not OTLP is told so as a problem, which people can read, also under `/v1`.
fn outside(request: &Request) -> Wire {
    match Wire::of(request.uri(), request.headers()) {
        Wire::Grpc => Wire::Grpc,
        Wire::Api | Wire::Otlp(_) => Wire::Api,
    }
}

/// Counts every request and turns a bug in a handler into an answer.
async fn around(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let wire = Wire::of(request.uri(), request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let span = own_trace::request_span(wire, &request, route, shared.config.tls.is_some());
    let running = next.run(request).instrument(span.clone());
    let answered = AssertUnwindSafe(running).catch_unwind().await;
    let response = answered.unwrap_or_else(|_| {
        shared.metrics.panics.inc();
        tracing::error!(route, "a request hit a bug; the server goes on");
        wire.fault(&Fault::new(Reason::Internal, "this request hit a bug; it was logged"))
    });
    let status = response.status().as_u16();
    own_trace::answered(&span, status);
    tracing::debug!(%method, route, status, "answered");
    shared.metrics.request(&method, route, status);
    response
}
