//! Each limit at its edge: what is at the limit passes, one more is refused, with the exact reason.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use prost::Message;
use telltale_base::Signal;
use telltale_otlp::Limits;

use crate::support::{admit_in, attribute, context_with, logs, reasons, span, string, traces};

/// A span of size `n` passes with the limit at `n`, and is refused with it at `n - 1`; its
/// neighbour is untouched.
fn check(make: impl Fn(usize) -> Span, n: usize, set: impl Fn(&mut Limits, usize), reason: &str) {
    let body = traces(vec![make(n), span("neighbour")]).encode_to_vec();
    let passed =
        admit_in(Signal::Traces, body.clone(), &context_with(|limits| set(limits, n))).unwrap();
    assert_eq!((passed.accepted, passed.rejected), (2, 0), "{reason}");
    let refused =
        admit_in(Signal::Traces, body, &context_with(|limits| set(limits, n - 1))).unwrap();
    assert_eq!((refused.accepted, refused.rejected), (1, 1), "{reason}");
    assert_eq!(reasons(&refused), [reason]);
}

fn many(n: usize) -> Span {
    let attributes = (0..n).map(|i| attribute(&format!("k{i}"), string("v"))).collect();
    Span { attributes, ..span("s") }
}

fn nested(depth: usize) -> AnyValue {
    (0..depth).fold(string("core"), |inner, level| AnyValue {
        value: Some(if level % 2 == 0 {
            Value::ArrayValue(ArrayValue { values: vec![inner] })
        } else {
            Value::KvlistValue(KeyValueList { values: vec![attribute("k", inner)] })
        }),
    })
}

#[test]
fn attributes_of_a_span() {
    let reason = "1 span.attributes: more than 9999 (attributes_max)";
    check(many, 10_000, |limits, n| limits.attributes_max = n, reason);
    let event = |n| Span {
        events: vec![Event { attributes: many(n).attributes, ..Event::default() }],
        ..span("s")
    };
    let reason = "1 span.events[].attributes: more than 2 (attributes_max)";
    check(event, 3, |limits, n| limits.attributes_max = n, reason);
    let map = |n| {
        let values = many(n).attributes;
        let value = AnyValue { value: Some(Value::KvlistValue(KeyValueList { values })) };
        Span { attributes: vec![attribute("m", value)], ..span("s") }
    };
    let reason = "1 span.attributes: more than 2 (attributes_max)";
    check(map, 3, |limits, n| limits.attributes_max = n, reason);
}

#[test]
fn keys_and_values() {
    let key = |n| Span { attributes: vec![attribute(&"k".repeat(n), string("v"))], ..span("s") };
    let reason = "1 span.attributes[].key: longer than 4095 bytes (key_bytes_max)";
    check(key, 4_096, |limits, n| limits.key_bytes_max = n, reason);
    // The value as encoded: the string, its tag and its length.
    let value = |n: usize| Span {
        attributes: vec![attribute("k", string(&"v".repeat(n - 3)))],
        ..span("s")
    };
    let reason = "1 span.attributes[].value: longer than 999 bytes (value_bytes_max)";
    check(value, 1_000, |limits, n| limits.value_bytes_max = n, reason);
}

#[test]
fn depth() {
    let deep = |n| Span { attributes: vec![attribute("k", nested(n))], ..span("s") };
    let reason = "1 span.attributes[].value: nested deeper than 31 (depth_max)";
    check(deep, 32, |limits, n| limits.depth_max = n, reason);
    // Whatever the configuration says, the stack is safe.
    let body = traces(vec![deep(101)]).encode_to_vec();
    let context = context_with(|limits| limits.depth_max = usize::MAX);
    let refused = admit_in(Signal::Traces, body, &context).unwrap();
    assert_eq!(
        reasons(&refused),
        ["1 span.attributes[].value: nested deeper than 100 (depth_max)"]
    );
    let body = traces(vec![deep(100)]).encode_to_vec();
    assert_eq!(admit_in(Signal::Traces, body, &context).unwrap().accepted, 1);
}

#[test]
fn events_links_and_bytes_of_a_span() {
    let events = |n| Span { events: vec![Event::default(); n], ..span("s") };
    let reason = "1 span.events: more than 2 (events_max)";
    check(events, 3, |limits, n| limits.events_max = n, reason);
    let links = |n| Span { links: vec![Link::default(); n], ..span("s") };
    let reason = "1 span.links: more than 2 (links_max)";
    check(links, 3, |limits, n| limits.links_max = n, reason);
    let sized = |n: usize| {
        let rest = span("").encoded_len();
        span(&"n".repeat(n - rest - 3))
    };
    assert_eq!(sized(1_000).encoded_len(), 1_000);
    let reason = "1 span: longer than 999 bytes (record_bytes_max)";
    check(sized, 1_000, |limits, n| limits.record_bytes_max = n, reason);
}

#[test]
fn records_of_an_export() {
    let body = traces(vec![span("a"), span("b"), span("c")]).encode_to_vec();
    let context = context_with(|limits| limits.records_max = 2);
    let admitted = admit_in(Signal::Traces, body, &context).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (2, 1));
    assert_eq!(reasons(&admitted), ["1 export: more than 2 (records_max)"]);
}

#[test]
fn a_resource_over_a_limit_refuses_what_is_under_it() {
    let mut request = traces(vec![span("a"), span("b")]);
    let attributes = vec![attribute("k", string(&"v".repeat(1_000)))];
    request.resource_spans[0].resource = Some(Resource { attributes, ..Resource::default() });
    request.resource_spans.extend(traces(vec![span("c")]).resource_spans);
    let body = request.encode_to_vec();
    let context = context_with(|limits| limits.around_bytes_max = 900);
    let admitted = admit_in(Signal::Traces, body.clone(), &context).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (1, 2));
    assert_eq!(reasons(&admitted), ["2 resource: longer than 900 bytes (around_bytes_max)"]);
    let context = context_with(|limits| limits.attributes_max = 0);
    let admitted = admit_in(Signal::Traces, body, &context).unwrap();
    assert_eq!(reasons(&admitted), ["2 resource.attributes: more than 0 (attributes_max)"]);
}

#[test]
fn a_log_body_has_the_limits_of_a_value() {
    let log = |body| logs(vec![LogRecord { body: Some(body), ..LogRecord::default() }]);
    let context = context_with(|limits| {
        limits.value_bytes_max = 100;
        limits.depth_max = 2;
    });
    for (body, expected) in [
        (string(&"b".repeat(98)), vec![]),
        (
            string(&"b".repeat(99)),
            vec!["1 log_record.body: longer than 100 bytes (value_bytes_max)"],
        ),
        (nested(2), vec![]),
        (nested(3), vec!["1 log_record.body[].value: nested deeper than 2 (depth_max)"]),
    ] {
        let admitted = admit_in(Signal::Logs, log(body).encode_to_vec(), &context).unwrap();
        assert_eq!(reasons(&admitted), expected);
    }
}

#[test]
fn metrics_are_limited_by_point_and_by_metric() {
    let metric = |name: &str, data_points| ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics {
                metrics: vec![Metric {
                    name: name.to_owned(),
                    data: Some(Data::Gauge(Gauge { data_points })),
                    ..Metric::default()
                }],
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    };
    let exemplars = |n| NumberDataPoint {
        exemplars: vec![Exemplar::default(); n],
        ..NumberDataPoint::default()
    };
    let context = context_with(|limits| {
        limits.exemplars_max = 1;
        limits.key_bytes_max = 4;
    });
    for (name, points, accepted, expected) in [
        (
            "name",
            vec![exemplars(1), exemplars(2)],
            1,
            "1 data_point.exemplars: more than 1 (exemplars_max)",
        ),
        ("names", vec![exemplars(0); 3], 0, "3 metric.name: longer than 4 bytes (key_bytes_max)"),
    ] {
        let body = metric(name, points).encode_to_vec();
        let admitted = admit_in(Signal::Metrics, body, &context).unwrap();
        assert_eq!(admitted.accepted, accepted);
        assert_eq!(reasons(&admitted), [expected]);
    }
}
