//! The captured exports as the crate's input structs.

use std::borrow::Cow;
use std::path::PathBuf;
use std::rc::Rc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric, number_data_point};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use telltale_genai::ledger::{Report, SpanIds};
use telltale_genai::{
    Attribute, LogInput, MetricInput, Normaliser, ScopeDialects, SpanEvent, SpanInput, SpanKind,
    Temporality, Value,
};

pub(crate) type Attributes = Vec<Attribute<'static>>;

/// Scope and resource of a record.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) scope: String,
    pub(crate) version: String,
    pub(crate) resource: Rc<Attributes>,
}

#[derive(Debug, Clone)]
pub(crate) struct OwnedEvent {
    pub(crate) name: String,
    pub(crate) time: u64,
    pub(crate) attributes: Attributes,
}

#[derive(Debug, Clone)]
pub(crate) struct OwnedSpan {
    pub(crate) origin: Origin,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) parent_id: [u8; 8],
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) failed: bool,
    pub(crate) attributes: Attributes,
    pub(crate) events: Vec<OwnedEvent>,
}

impl OwnedSpan {
    pub(crate) fn with<R>(&self, run: impl FnOnce(&SpanInput<'_>) -> R) -> R {
        let events: Vec<SpanEvent<'_>> = self
            .events
            .iter()
            .map(|event| SpanEvent {
                name: &event.name,
                time_unix_nano: event.time,
                attributes: &event.attributes,
            })
            .collect();
        run(&SpanInput {
            name: &self.name,
            kind: self.kind,
            start_unix_nano: self.start,
            end_unix_nano: self.end,
            failed: self.failed,
            attributes: &self.attributes,
            events: &events,
            resource: &self.origin.resource,
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct OwnedLog {
    pub(crate) origin: Origin,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) event_name: String,
    pub(crate) body: Option<Value<'static>>,
    pub(crate) time: u64,
    pub(crate) attributes: Attributes,
}

impl OwnedLog {
    pub(crate) fn input(&self) -> LogInput<'_> {
        LogInput {
            event_name: &self.event_name,
            body: self.body.as_ref(),
            time_unix_nano: self.time,
            attributes: &self.attributes,
            resource: &self.origin.resource,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct OwnedPoint {
    pub(crate) origin: Origin,
    pub(crate) name: String,
    pub(crate) temporality: Temporality,
    pub(crate) sum: f64,
    pub(crate) count: Option<u64>,
    pub(crate) start: u64,
    pub(crate) time: u64,
    pub(crate) attributes: Attributes,
}

impl OwnedPoint {
    pub(crate) fn input(&self) -> MetricInput<'_> {
        MetricInput {
            name: &self.name,
            temporality: self.temporality,
            sum: self.sum,
            count: self.count,
            start_unix_nano: self.start,
            time_unix_nano: self.time,
            attributes: &self.attributes,
            resource: &self.origin.resource,
        }
    }
}

/// Everything one client sent, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Capture {
    pub(crate) spans: Vec<OwnedSpan>,
    pub(crate) logs: Vec<OwnedLog>,
    pub(crate) points: Vec<OwnedPoint>,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/captures")
}

/// The list of captured clients, with what they really used.
pub(crate) fn manifest() -> serde_json::Map<String, serde_json::Value> {
    let text = std::fs::read(folder().join("manifest.json")).expect("the manifest is a fixture");
    serde_json::from_slice(&text).expect("the manifest is JSON")
}

pub(crate) fn names() -> Vec<String> {
    manifest().keys().cloned().collect()
}

pub(crate) fn load(client: &str) -> Capture {
    let mut capture = Capture::default();
    let manifest = manifest();
    let files = manifest[client]["files"].as_array().expect("files of the client");
    for file in files.iter().map(|file| file.as_str().expect("a name")) {
        let bytes = std::fs::read(folder().join(client).join(file)).expect("a fixture");
        if file.ends_with("traces.bin") {
            traces(&bytes, &mut capture);
        } else if file.ends_with("logs.bin") {
            logs(&bytes, &mut capture);
        } else {
            metrics(&bytes, &mut capture);
        }
    }
    capture
}

fn traces(bytes: &[u8], capture: &mut Capture) {
    let request = ExportTraceServiceRequest::decode(bytes).expect("traces");
    for group in request.resource_spans {
        let resource = resource(group.resource);
        for scope in group.scope_spans {
            let origin = origin(scope.scope, &resource);
            capture.spans.extend(scope.spans.into_iter().map(|span| {
                OwnedSpan {
                    origin: origin.clone(),
                    trace_id: id(&span.trace_id),
                    span_id: id(&span.span_id),
                    parent_id: id(&span.parent_span_id),
                    name: span.name,
                    kind: span.kind.into(),
                    start: span.start_time_unix_nano,
                    end: span.end_time_unix_nano,
                    failed: span.status.is_some_and(|status| status.code == 2),
                    attributes: attributes(span.attributes),
                    events: span
                        .events
                        .into_iter()
                        .map(|event| OwnedEvent {
                            name: event.name,
                            time: event.time_unix_nano,
                            attributes: attributes(event.attributes),
                        })
                        .collect(),
                }
            }));
        }
    }
}

fn logs(bytes: &[u8], capture: &mut Capture) {
    let request = ExportLogsServiceRequest::decode(bytes).expect("logs");
    for group in request.resource_logs {
        let resource = resource(group.resource);
        for scope in group.scope_logs {
            let origin = origin(scope.scope, &resource);
            capture.logs.extend(scope.log_records.into_iter().map(|log| OwnedLog {
                origin: origin.clone(),
                trace_id: id(&log.trace_id),
                span_id: id(&log.span_id),
                event_name: log.event_name,
                body: log.body.map(value),
                time: match log.time_unix_nano {
                    0 => log.observed_time_unix_nano,
                    time => time,
                },
                attributes: attributes(log.attributes),
            }));
        }
    }
}

fn metrics(bytes: &[u8], capture: &mut Capture) {
    let request = ExportMetricsServiceRequest::decode(bytes).expect("metrics");
    for group in request.resource_metrics {
        let resource = resource(group.resource);
        for scope in group.scope_metrics {
            let origin = origin(scope.scope, &resource);
            for metric in scope.metrics {
                points(metric, &origin, capture);
            }
        }
    }
}

fn points(metric: Metric, origin: &Origin, capture: &mut Capture) {
    let temporality = |number: i32| match number {
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    };
    let name = metric.name;
    match metric.data {
        Some(metric::Data::Sum(sum)) => {
            capture.points.extend(sum.data_points.into_iter().map(|point| OwnedPoint {
                origin: origin.clone(),
                name: name.clone(),
                temporality: temporality(sum.aggregation_temporality),
                sum: match point.value {
                    Some(number_data_point::Value::AsDouble(number)) => number,
                    #[expect(clippy::cast_precision_loss, reason = "small counts in tests")]
                    Some(number_data_point::Value::AsInt(number)) => number as f64,
                    None => 0.0,
                },
                count: None,
                start: point.start_time_unix_nano,
                time: point.time_unix_nano,
                attributes: attributes(point.attributes),
            }));
        }
        Some(metric::Data::Histogram(histogram)) => {
            capture.points.extend(histogram.data_points.into_iter().map(|point| OwnedPoint {
                origin: origin.clone(),
                name: name.clone(),
                temporality: temporality(histogram.aggregation_temporality),
                sum: point.sum.unwrap_or(0.0),
                count: Some(point.count),
                start: point.start_time_unix_nano,
                time: point.time_unix_nano,
                attributes: attributes(point.attributes),
            }));
        }
        _ => {}
    }
}

fn origin(scope: Option<InstrumentationScope>, resource: &Rc<Attributes>) -> Origin {
    let scope = scope.unwrap_or_default();
    Origin { scope: scope.name, version: scope.version, resource: Rc::clone(resource) }
}

fn resource(resource: Option<Resource>) -> Rc<Attributes> {
    Rc::new(attributes(resource.unwrap_or_default().attributes))
}

fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

fn attributes(list: Vec<KeyValue>) -> Attributes {
    list.into_iter()
        .map(|pair| (Cow::Owned(pair.key), pair.value.map_or(Value::Null, value)))
        .collect()
}

fn value(any: AnyValue) -> Value<'static> {
    match any.value {
        None => Value::Null,
        Some(any_value::Value::StringValue(text)) => Value::Str(Cow::Owned(text)),
        Some(any_value::Value::BoolValue(flag)) => Value::Bool(flag),
        Some(any_value::Value::IntValue(number)) => Value::Int(number),
        Some(any_value::Value::DoubleValue(number)) => Value::Double(number),
        Some(any_value::Value::BytesValue(bytes)) => Value::Bytes(Cow::Owned(bytes)),
        Some(any_value::Value::ArrayValue(list)) => {
            Value::Array(list.values.into_iter().map(value).collect())
        }
        Some(any_value::Value::KvlistValue(list)) => Value::Map(attributes(list.values)),
        Some(other) => panic!("unexpected value {other:?}"),
    }
}

/// The reports of a capture; keys count up from `first_key`, in the order sent.
pub(crate) fn reports(capture: &Capture, first_key: u128) -> Vec<Report> {
    let normaliser = Normaliser::builtin();
    let mut keys = first_key..;
    let mut key = move || keys.next().expect("keys do not run out");
    let mut reports = Vec::new();
    for span in &capture.spans {
        let (scope, service) = place(&span.origin, normaliser);
        let ids = SpanIds {
            trace: u128::from_be_bytes(span.trace_id),
            span: u64::from_be_bytes(span.span_id),
            parent: u64::from_be_bytes(span.parent_id),
        };
        let key = key();
        reports.push(span.with(|input| match normaliser.span(scope, input, None) {
            Some(canonical) => {
                Report::from_span(key, ids, &span.origin.scope, &service, input, &canonical)
            }
            None => Report::link(key, ids, span.start, span.end),
        }));
    }
    for log in &capture.logs {
        let (scope, service) = place(&log.origin, normaliser);
        let ids = SpanIds {
            trace: u128::from_be_bytes(log.trace_id),
            span: u64::from_be_bytes(log.span_id),
            parent: 0,
        };
        let key = key();
        let input = log.input();
        if let Some(canonical) = normaliser.log(scope, &input, None) {
            let scope = &log.origin.scope;
            reports.extend(Report::from_log(key, ids, scope, &service, &input, &canonical));
        }
    }
    for point in &capture.points {
        let (scope, service) = place(&point.origin, normaliser);
        let key = key();
        let input = point.input();
        if let Some(usage) = normaliser.metric(scope, &input, None) {
            let scope = &point.origin.scope;
            reports.push(Report::from_metric(key, scope, &service, &input, &usage));
        }
    }
    reports
}

fn place(origin: &Origin, normaliser: Normaliser<'_>) -> (ScopeDialects, String) {
    let scope = normaliser.scope(&origin.scope, &origin.version, &origin.resource);
    let service = origin.resource.iter().find(|(name, _)| name == "service.name");
    let service = service.and_then(|(_, value)| value.as_str()).unwrap_or_default();
    (scope, service.to_owned())
}
