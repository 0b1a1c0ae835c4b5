//! Telltale's own telemetry, as Prometheus reads it from `/metrics`.
//!
//! Two kinds: what the server counts itself (requests, latencies), and readings of the ports taken
//! at each scrape. No label ever holds a project, a key or anything else that a client can invent.

mod readings;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use telltale_base::Signal;

use crate::fault::Reason;
use crate::state::Shared;

type Text = Cow<'static, str>;
type Labels<const N: usize> = [(&'static str, Text); N];
type Latency = fn() -> Histogram;

/// Upper ends of latency buckets, in seconds: 1 ms to 30 s.
const LATENCY_SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// What the server counts.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    exports: Family<Labels<3>, Counter>,
    exports_failed: Family<Labels<1>, Counter>,
    export_seconds: Family<Labels<2>, Histogram, Latency>,
    queries: Family<Labels<2>, Counter>,
    query_seconds: Family<Labels<1>, Histogram, Latency>,
    pub(crate) connections: Gauge,
    pub(crate) panics: Counter,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryEnd {
    Done,
    Refused,
    Abandoned,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let latency: Latency = || Histogram::new(LATENCY_SECONDS);
        let new = Self {
            registry: Registry::with_prefix("telltale"),
            requests: Family::default(),
            exports: Family::default(),
            exports_failed: Family::default(),
            export_seconds: Family::new_with_constructor(latency),
            queries: Family::default(),
            query_seconds: Family::new_with_constructor(latency),
            connections: Gauge::default(),
            panics: Counter::default(),
        };
        new.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        let requests = "Requests answered, by method, route and status";
        registry.register("requests", requests, self.requests.clone());
        let exports = "OTLP exports answered, by transport, signal and outcome";
        registry.register("exports", exports, self.exports.clone());
        let failed = "OTLP exports that were refused as a whole, told to come back, or failed";
        registry.register("exports_failed", failed, self.exports_failed.clone());
        for signal in Signal::ALL {
            // Zero is told too, so that an alert on a rate sees the first failure.
            self.exports_failed
                .get_or_create(&[("signal", Text::Borrowed(signal.name()))])
                .inc_by(0);
        }
        let seconds = "Time from the headers of an OTLP export to its acknowledgement";
        registry.register("export_duration_seconds", seconds, self.export_seconds.clone());
        let queries = "Questions answered, by kind and outcome";
        registry.register("queries", queries, self.queries.clone());
        let seconds = "Time from a question to the last byte of its answer";
        registry.register("query_duration_seconds", seconds, self.query_seconds.clone());
        registry.register("connections", "Connections now open", self.connections.clone());
        self
    }

    pub(crate) fn request(&self, method: &http::Method, route: Option<&str>, status: u16) {
        // A method is the client's to invent; only those that a route has are told apart.
        let method = match method.as_str() {
            "GET" => "GET",
            "POST" => "POST",
            "DELETE" => "DELETE",
            "HEAD" => "HEAD",
            "OPTIONS" => "OPTIONS",
            _ => "other",
        };
        let route = route.unwrap_or("none").to_owned();
        self.requests
            .get_or_create(&[
                ("method", Text::Borrowed(method)),
                ("route", Text::Owned(route)),
                ("status", Text::Owned(status.to_string())),
            ])
            .inc();
    }

    pub(crate) fn export(
        &self,
        transport: &'static str,
        signal: Signal,
        elapsed: Duration,
        refused: Option<Reason>,
    ) {
        let outcome = refused.map_or("ok", |reason| reason.title().0);
        let transport = ("transport", Text::Borrowed(transport));
        let signal = ("signal", Text::Borrowed(signal.name()));
        let outcome = ("outcome", Text::Borrowed(outcome));
        self.exports.get_or_create(&[transport.clone(), signal.clone(), outcome]).inc();
        if refused.is_none() {
            let seconds = self.export_seconds.get_or_create(&[transport, signal]);
            seconds.observe(elapsed.as_secs_f64());
        } else {
            self.exports_failed.get_or_create(&[signal]).inc();
        }
    }

    pub(crate) fn query(&self, kind: &'static str, elapsed: Duration, end: QueryEnd) {
        let outcome = match end {
            QueryEnd::Done => "ok",
            QueryEnd::Refused => "refused",
            QueryEnd::Abandoned => "abandoned",
        };
        let kind = ("kind", Text::Borrowed(kind));
        self.queries.get_or_create(&[kind.clone(), ("outcome", Text::Borrowed(outcome))]).inc();
        self.query_seconds.get_or_create(&[kind]).observe(elapsed.as_secs_f64());
    }
}

/// `GET /metrics`
pub(crate) async fn scrape(State(shared): State<Shared>) -> Response {
    let mut text = String::new();
    let written = encode_registry(&mut text, &shared.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &readings::registry(&shared)))
        .and_then(|()| encode_eof(&mut text));
    if written.is_err() {
        return http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, media)], text).into_response()
}
