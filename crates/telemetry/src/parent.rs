//! A trace that a caller began goes on here (W3C Trace Context).

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Longest `tracestate` that is carried on; the specification asks for 512 at least.
const STATE_BYTES_MAX: usize = 512;

struct Headers<'a> {
    parent: &'a str,
    state: Option<&'a str>,
}

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => Some(self.parent),
            "tracestate" => self.state,
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// Makes `span`, which must not have been entered yet, a child of the span that the headers
/// `traceparent` and `tracestate` name. Headers that are wrong are passed over, as the
/// specification says: the span then begins a trace of its own.
pub fn continue_trace(span: &Span, parent: &str, state: Option<&str>) {
    if span.is_none() {
        return;
    }
    let state = state.filter(|state| state.len() <= STATE_BYTES_MAX);
    let headers = Headers { parent, state };
    let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    if caller.span().span_context().is_valid() {
        // Fails when traces are off, and then there is nothing to continue.
        span.set_parent(caller).ok();
    }
}
