//! What the tests share: a context, requests of one record, and what admission made of them.

use std::sync::LazyLock;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use telltale_base::{Signal, UnixNanos};
use telltale_genai::Rules;
use telltale_otlp::{Admitted, Context, DecodeError, Encoding, Limits, Masker};

/// 2026-01-02T03:04:05Z.
pub(crate) const ARRIVAL: i64 = 1_767_323_045_000_000_000;

pub(crate) fn context() -> Context {
    Context {
        arrival: UnixNanos(ARRIVAL),
        retention: None,
        limits: Limits::default(),
        rules: Rules::shared(),
    }
}

pub(crate) fn context_with(change: impl FnOnce(&mut Limits)) -> Context {
    let mut context = context();
    change(&mut context.limits);
    context
}

/// The built-in rules, compiled once.
pub(crate) static MASKER: LazyLock<Masker> = LazyLock::new(Masker::builtin);

/// Admits protobuf without masks.
pub(crate) fn admit_in(
    signal: Signal,
    body: impl Into<Bytes>,
    context: &Context,
) -> Result<Admitted, DecodeError> {
    telltale_otlp::admit(signal, Encoding::Protobuf, body.into(), &Masker::off(), context)
}

pub(crate) fn admit(signal: Signal, body: impl Into<Bytes>) -> Result<Admitted, DecodeError> {
    admit_in(signal, body, &context())
}

pub(crate) fn admit_json(signal: Signal, body: &str) -> Result<Admitted, DecodeError> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    telltale_otlp::admit(signal, Encoding::Json, body, &Masker::off(), &context())
}

/// Columns back to one request.
pub(crate) fn encode(admitted: &Admitted) -> Vec<u8> {
    admitted
        .batches
        .iter()
        .flat_map(|(table, batch)| {
            telltale_otlp::encode(*table, std::slice::from_ref(batch)).unwrap()
        })
        .collect()
}

pub(crate) fn string(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}

pub(crate) fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A span that nothing is wrong with.
pub(crate) fn span(name: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.to_owned(),
        start_time_unix_nano: ARRIVAL.cast_unsigned(),
        end_time_unix_nano: ARRIVAL.cast_unsigned() + 5,
        ..Span::default()
    }
}

pub(crate) fn traces(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }],
    }
}

pub(crate) fn logs(log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }],
    }
}

/// One field of a message in protobuf's wire format.
pub(crate) fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encode_length_delimiter(content.len(), &mut out).unwrap();
    out.extend_from_slice(content);
    out
}

/// A traces body around the bytes of spans, which need not be valid.
pub(crate) fn around_spans(spans: &[Vec<u8>]) -> Vec<u8> {
    let scope: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
    field(1, &field(2, &scope))
}

/// A span with something behind it that `prost` would not write.
pub(crate) fn span_with(name: &str, tail: &[u8]) -> Vec<u8> {
    [span(name).encode_to_vec(), tail.to_vec()].concat()
}

/// The values of a text column, over all batches.
pub(crate) fn texts(admitted: &Admitted, column: &str) -> Vec<Option<String>> {
    use arrow::array::AsArray as _;
    admitted
        .batches
        .iter()
        .flat_map(|(_, batch)| {
            let column = batch.column_by_name(column).unwrap().as_string_view();
            column.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
        })
        .collect()
}

/// Reasons as `count reason`.
pub(crate) fn reasons(admitted: &Admitted) -> Vec<String> {
    admitted.reasons.iter().map(|reason| format!("{} {}", reason.count, reason.reason)).collect()
}
