//! The `tracing` layer that makes spans of OpenTelemetry.

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tokio::sync::mpsc;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use crate::counters::Counters;
use crate::queue::Queue;
use crate::worker::{Limits, Spans};

/// The layer, for a subscriber.
pub type TracesLayer<S> = Box<dyn Layer<S> + Send + Sync>;

/// Who the spans are of.
#[derive(Clone, Debug)]
pub struct Resource {
    /// `service.name`
    pub service: &'static str,
    /// `service.version`
    pub version: &'static str,
}

/// Which traces are kept.
#[derive(Clone, Debug)]
pub struct Sampling {
    /// Share of the traces that begin here, 0 to 1. A trace that a caller began is kept when the
    /// caller keeps it.
    pub ratio: f64,
    /// The project of this process that the spans go to, if they do.
    pub own_project: Option<String>,
}

/// The layer that takes spans, and what hands them on. Until [`Spans::run`] is called they wait in
/// the queue.
#[must_use]
pub fn traces<S>(
    resource: &Resource,
    sampling: Sampling,
    limits: Limits,
    counters: Counters,
) -> (TracesLayer<S>, Spans)
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    let (sender, receiver) = mpsc::channel(limits.queue_spans_max);
    let queue = Queue { sender, counters: counters.clone(), own_project: sampling.own_project };
    let of = opentelemetry_sdk::Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", resource.service),
            KeyValue::new("service.version", resource.version),
            KeyValue::new("telemetry.sdk.name", "opentelemetry"),
            KeyValue::new("telemetry.sdk.language", "rust"),
        ])
        .build();
    let resource_pairs = ResourceAttributesWithSchema::from(&of);
    let ratio = Sampler::TraceIdRatioBased(sampling.ratio);
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(ratio)))
        .with_resource(of)
        .with_span_processor(queue)
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(resource.service))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(filter_fn(is_ours).with_max_level_hint(LevelFilter::INFO));
    (layer.boxed(), Spans::new(receiver, resource_pairs, limits, counters))
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("telltale")
}

#[cfg(test)]
mod tests;
