//! Generated OTLP traffic that looks like a busy AI application: agent and RAG traces with their
//! LLM, HTTP and database spans, logs that refer to them, and metrics of all kinds. Knows the wire
//! format and the semantic conventions, nothing of Telltale.
//!
//! The same seed, configuration and calls give the same bytes in every run. Ids are unique within a
//! generator; spans of a trace leave in the order in which they end, children before parents, and
//! may be spread over exports, as an SDK's batches are.

use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use telltale_base::UnixNanos;

use crate::rng::Rng;
use attributes::{resource, scope};
use words::Words;

mod attributes;
mod llm;
mod logs;
mod metrics;
mod small;
mod tree;
mod words;

/// Which spans a trace is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Agent and RAG traces: LLM spans among HTTP, database and tool spans.
    #[default]
    Mixed,
    /// HTTP and database spans only, about 0.4 KB each.
    SmallSpans,
    /// LLM spans only, below one agent span a trace.
    LlmSpans,
}

/// A model and who serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// As in `gen_ai.request.model`.
    pub name: String,
    /// As in `gen_ai.provider.name`.
    pub provider: String,
}

/// What to generate.
#[derive(Clone, Debug)]
pub struct GenConfig {
    /// Which spans.
    pub mix: Mix,
    /// `service.name`s. The first calls the others; with none, traffic has an empty name.
    pub services: Vec<String>,
    /// Models that LLM spans call.
    pub models: Vec<Model>,
    /// Probability that a leaf span fails; default 0.02.
    pub error_rate: f64,
    /// When the first trace starts; metrics start then too. Default 2026-01-15T12:00:00Z.
    pub start: UnixNanos,
    /// How many traces start in a second of generated time; default 20.
    pub traces_per_second: f64,
    /// Spans of a trace; default 5 to 200, small ones more often.
    pub spans_per_trace: RangeInclusive<u64>,
    /// Encoded size of an LLM span; default 2 to 12 KiB.
    pub llm_bytes: RangeInclusive<u64>,
}

impl Default for GenConfig {
    fn default() -> Self {
        let model =
            |provider: &str, name: &str| Model { name: name.into(), provider: provider.into() };
        Self {
            mix: Mix::Mixed,
            services: ["gateway", "support-agent", "search", "billing", "documents"]
                .map(String::from)
                .to_vec(),
            models: vec![
                model("openai", "gpt-5.2"),
                model("openai", "gpt-5.2-mini"),
                model("anthropic", "claude-sonnet-4-5"),
                model("anthropic", "claude-haiku-4-5"),
                model("gcp.vertex_ai", "gemini-3-pro"),
                model("mistral_ai", "mistral-large-3"),
            ],
            error_rate: 0.02,
            start: UnixNanos(1_768_478_400_000_000_000),
            traces_per_second: 20.0,
            spans_per_trace: 5..=200,
            llm_bytes: 2048..=12_288,
        }
    }
}

/// A span and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct GenSpan {
    /// Place of its service in [`GenConfig::services`].
    pub service: usize,
    /// Name of its instrumentation scope.
    pub scope: &'static str,
    /// The span.
    pub span: Span,
}

/// A seeded generator of OTLP exports. It never ends.
#[derive(Debug)]
pub struct OtlpGen {
    config: GenConfig,
    rng: Rng,
    words: Words,
    /// Spans of started traces that have not been exported.
    waiting: VecDeque<GenSpan>,
    /// When the next trace starts, ns.
    next_start: u64,
    /// Spans that logs and exemplars may refer to.
    recent: VecDeque<Reference>,
    metrics: MetricState,
}

/// What a log record or an exemplar refers to.
#[derive(Clone, Debug)]
struct Reference {
    service: usize,
    trace_id: Vec<u8>,
    span_id: Vec<u8>,
    time: u64,
}

#[derive(Debug, Default)]
struct MetricState {
    /// Points so far; decides metric, series and time of the next one.
    points: u64,
    /// Of cumulative series, by metric and series.
    totals: BTreeMap<(usize, u64), u64>,
}

const RECENT: usize = 256;

impl OtlpGen {
    /// A generator; equal arguments give equal traffic.
    #[must_use]
    pub fn new(seed: u64, config: GenConfig) -> Self {
        let mut rng = Rng::new(seed);
        let words = Words::new(rng.bits());
        let next_start = u64::try_from(config.start.0).unwrap_or(0);
        Self {
            config,
            rng,
            words,
            waiting: VecDeque::new(),
            next_start,
            recent: VecDeque::new(),
            metrics: MetricState::default(),
        }
    }

    /// An encoded `ExportTraceServiceRequest` of this many spans.
    pub fn next_traces(&mut self, spans: usize) -> Vec<u8> {
        let mut groups: BTreeMap<usize, BTreeMap<&'static str, Vec<Span>>> = BTreeMap::new();
        for _ in 0..spans {
            let GenSpan { service, scope, span } = self.next_span();
            groups.entry(service).or_default().entry(scope).or_default().push(span);
        }
        let resource_spans = groups.into_iter().map(|(service, scopes)| ResourceSpans {
            resource: Some(resource(&self.config, service)),
            scope_spans: scopes
                .into_iter()
                .map(|(name, spans)| ScopeSpans {
                    scope: Some(scope(name)),
                    spans,
                    schema_url: String::new(),
                })
                .collect(),
            schema_url: SCHEMA_URL.into(),
        });
        ExportTraceServiceRequest { resource_spans: resource_spans.collect() }.encode_to_vec()
    }

    /// An encoded `ExportLogsServiceRequest` of this many records. They refer to spans that were
    /// generated before, if there are any.
    pub fn next_logs(&mut self, records: usize) -> Vec<u8> {
        let resource_logs = self.resource_logs(records);
        ExportLogsServiceRequest { resource_logs }.encode_to_vec()
    }

    /// An encoded `ExportMetricsServiceRequest` of this many data points, of all kinds in turn.
    pub fn next_metrics(&mut self, points: usize) -> Vec<u8> {
        let resource_metrics = self.resource_metrics(points);
        ExportMetricsServiceRequest { resource_metrics }.encode_to_vec()
    }

    /// The next span in the order of export.
    pub fn next_span(&mut self) -> GenSpan {
        loop {
            if let Some(span) = self.waiting.pop_front() {
                return span;
            }
            let trace = self.trace();
            self.waiting.extend(trace);
        }
    }

    /// When the next trace will start: how far generated time has come.
    #[must_use]
    pub fn now(&self) -> UnixNanos {
        UnixNanos(i64::try_from(self.next_start).unwrap_or(i64::MAX))
    }

    fn remember(&mut self, of: &GenSpan) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(Reference {
            service: of.service,
            trace_id: of.span.trace_id.clone(),
            span_id: of.span.span_id.clone(),
            time: of.span.start_time_unix_nano,
        });
    }
}

const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.38.0";

#[cfg(test)]
mod tests;
