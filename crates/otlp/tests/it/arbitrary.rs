//! Any request that OTLP can say, over all its fields: common types, traces and logs.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Which doubles to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubles {
    /// All of them, every NaN included.
    All,
    /// Those that `opentelemetry-proto` writes into JSON.
    Finite,
}

pub(crate) fn double(doubles: Doubles) -> BoxedStrategy<f64> {
    match doubles {
        Doubles::All => prop_oneof![
            any::<u64>().prop_map(f64::from_bits),
            any::<i32>().prop_map(f64::from),
            Just(-0.0),
            Just(f64::NAN),
            Just(f64::NEG_INFINITY),
        ]
        .boxed(),
        Doubles::Finite => prop_oneof![
            any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |d| d.is_finite()),
            any::<i32>().prop_map(f64::from),
        ]
        .boxed(),
    }
}

pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z.]{0,12}",
        1 => any::<String>(),
        1 => Just("a \"quoted\" \\ line\n\t\u{1} with \u{fffd} and \u{1f600}".to_owned()),
    ]
}

pub(crate) fn any_value(doubles: Doubles) -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(|text| Some(Value::StringValue(text))),
        any::<bool>().prop_map(|b| Some(Value::BoolValue(b))),
        any::<i64>().prop_map(|i| Some(Value::IntValue(i))),
        double(doubles).prop_map(|d| Some(Value::DoubleValue(d))),
        vec(any::<u8>(), 0..20).prop_map(|bytes| Some(Value::BytesValue(bytes))),
        Just(None),
    ]
    .prop_map(|value| AnyValue { value });
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec((text(), option::weighted(0.9, inner)), 0..4).prop_map(|members| {
                let values = members.into_iter().map(key_value).collect();
                Value::KvlistValue(KeyValueList { values })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn key_value((key, value): (String, Option<AnyValue>)) -> KeyValue {
    KeyValue { key, value, ..KeyValue::default() }
}

pub(crate) fn attributes(doubles: Doubles) -> impl Strategy<Value = Vec<KeyValue>> {
    vec((text(), option::weighted(0.9, any_value(doubles))).prop_map(key_value), 0..4)
}

pub(crate) fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(1_u8.., length)
}

pub(crate) fn some_id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![id(length), Just(Vec::new())]
}

pub(crate) fn time() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 1_700_000_000_000_000_000..1_800_000_000_000_000_000_u64,
        1 => any::<u64>(),
        1 => Just(0),
    ]
}

pub(crate) fn count() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), any::<u32>()]
}

pub(crate) fn enumeration() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..7, 1 => any::<i32>()]
}

pub(crate) fn resource(doubles: Doubles) -> impl Strategy<Value = Option<Resource>> {
    let service = (Just("service.name".to_owned()), text()).prop_map(|(key, name)| {
        key_value((key, Some(AnyValue { value: Some(Value::StringValue(name)) })))
    });
    let resource = (attributes(doubles), option::of(service), count()).prop_map(
        |(mut attributes, service, dropped_attributes_count)| {
            attributes.extend(service);
            Resource { attributes, dropped_attributes_count, ..Resource::default() }
        },
    );
    option::weighted(0.8, resource)
}

pub(crate) fn scope(doubles: Doubles) -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope = (text(), text(), attributes(doubles), count()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    );
    option::weighted(0.8, scope)
}

fn event(doubles: Doubles) -> impl Strategy<Value = Event> {
    (time(), text(), attributes(doubles), count()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link(doubles: Doubles) -> impl Strategy<Value = Link> {
    (some_id(16), some_id(8), text(), attributes(doubles), count(), count()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

pub(crate) fn span(doubles: Doubles) -> impl Strategy<Value = Span> {
    let status =
        option::of((text(), enumeration()).prop_map(|(message, code)| Status { message, code }));
    let head = (id(16), id(8), some_id(8), text(), count(), text(), enumeration(), time(), time());
    let lists = (attributes(doubles), vec(event(doubles), 0..3), vec(link(doubles), 0..3));
    (head, lists, (count(), count(), count()), status).prop_map(|(head, lists, dropped, status)| {
        Span {
            trace_id: head.0,
            span_id: head.1,
            parent_span_id: head.2,
            trace_state: head.3,
            flags: head.4,
            name: head.5,
            kind: head.6,
            start_time_unix_nano: head.7,
            end_time_unix_nano: head.8,
            attributes: lists.0,
            events: lists.1,
            links: lists.2,
            dropped_attributes_count: dropped.0,
            dropped_events_count: dropped.1,
            dropped_links_count: dropped.2,
            status,
        }
    })
}

pub(crate) fn traces(doubles: Doubles) -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scopes = (scope(doubles), vec(span(doubles), 0..4), text())
        .prop_map(|(scope, spans, schema_url)| ScopeSpans { scope, spans, schema_url });
    let resources = (resource(doubles), vec(scopes, 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url },
    );
    vec(resources, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn log_record(doubles: Doubles) -> impl Strategy<Value = LogRecord> {
    let ids = (some_id(16), some_id(8), count(), count());
    let words = (enumeration(), text(), text());
    let values = (option::of(any_value(doubles)), attributes(doubles));
    (time(), time(), ids, words, values).prop_map(|(time, observed, ids, words, values)| {
        LogRecord {
            time_unix_nano: time,
            observed_time_unix_nano: observed,
            trace_id: ids.0,
            span_id: ids.1,
            flags: ids.2,
            dropped_attributes_count: ids.3,
            severity_number: words.0,
            severity_text: words.1,
            event_name: words.2,
            body: values.0,
            attributes: values.1,
        }
    })
}

pub(crate) fn logs(doubles: Doubles) -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scopes = (scope(doubles), vec(log_record(doubles), 0..4), text())
        .prop_map(|(scope, log_records, schema_url)| ScopeLogs { scope, log_records, schema_url });
    let resources = (resource(doubles), vec(scopes, 0..3), text()).prop_map(
        |(resource, scope_logs, schema_url)| ResourceLogs { resource, scope_logs, schema_url },
    );
    vec(resources, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}
