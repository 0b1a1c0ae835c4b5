//! OTLP/JSON: what another implementation writes reads as its protobuf does; then the rules one by
//! one.

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use serde::Serialize;
use telltale_base::Signal;
use telltale_otlp::{Encoding, Masker};

use crate::arbitrary::{Doubles, logs, traces};
use crate::arbitrary_metrics::metrics;
use crate::flatten::records;
use crate::support::{admit, admit_json, context, encode, reasons, texts};

fn check(signal: Signal, request: &(impl Message + Serialize)) {
    let json = Bytes::from(serde_json::to_vec(request).unwrap());
    let admitted =
        telltale_otlp::admit(signal, Encoding::Json, json, &Masker::off(), &context()).unwrap();
    let expected = admit(signal, request.encode_to_vec()).unwrap();
    assert_eq!(admitted.batches, expected.batches);
    assert_eq!(records(signal, &admitted.body), records(signal, &request.encode_to_vec()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn traces_in_json_are_the_same_traces(request in traces(Doubles::Finite)) {
        check(Signal::Traces, &request);
    }

    #[test]
    fn logs_in_json_are_the_same_logs(request in logs(Doubles::Finite)) {
        check(Signal::Logs, &request);
    }

    #[test]
    fn metrics_in_json_are_the_same_metrics(request in metrics(Doubles::Finite)) {
        check(Signal::Metrics, &request);
    }
}

/// A traces request of one span with these members beside its ids.
fn one_span(members: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"0102030405060708"{members}}}]}}]}}]}}"#
    )
}

fn attributes(value: &str) -> String {
    one_span(&format!(r#","attributes":[{{"key":"k","value":{value}}}]"#))
}

#[test]
fn every_spelling_of_a_value_is_read() {
    for (value, text, types) in [
        (r#"{"stringValue":"s"}"#, r#"{"k":"s"}"#, None),
        (r#"{"stringValue":""}"#, r#"{"k":""}"#, None),
        (r#"{"intValue":"9007199254740993"}"#, r#"{"k":9007199254740993}"#, None),
        (r#"{"intValue":-7}"#, r#"{"k":-7}"#, None),
        (r#"{"intValue":2e3}"#, r#"{"k":2000}"#, None),
        (r#"{"doubleValue":1}"#, r#"{"k":1.0}"#, None),
        (r#"{"doubleValue":-0.0}"#, r#"{"k":-0.0}"#, None),
        (r#"{"doubleValue":"0.5"}"#, r#"{"k":0.5}"#, None),
        (r#"{"doubleValue":"NaN"}"#, r#"{"k":"NaN"}"#, Some("0:d")),
        (r#"{"doubleValue":"-Infinity"}"#, r#"{"k":"-Infinity"}"#, Some("0:d")),
        (r#"{"boolValue":false}"#, r#"{"k":false}"#, None),
        (r#"{"bytesValue":"/+8="}"#, r#"{"k":"/+8="}"#, Some("0:b")),
        (r#"{"bytesValue":"_-8"}"#, r#"{"k":"/+8="}"#, Some("0:b")),
        (r#"{"arrayValue":{"values":[{"intValue":1},{}]}}"#, r#"{"k":[1,null]}"#, None),
        (r#"{"kvlistValue":{"values":[{"key":"a"}]}}"#, r#"{"k":{"a":null}}"#, Some("0.0:a")),
        (r#"{"stringValue":null,"intValue":1}"#, r#"{"k":1}"#, None),
        (r#"{"stringValue":"first","intValue":1}"#, r#"{"k":1}"#, None),
        (r#"{"string_value":"s"}"#, r#"{"k":null}"#, None),
        ("null", r#"{"k":null}"#, Some("0:a")),
    ] {
        let admitted = admit_json(Signal::Traces, &attributes(value)).unwrap();
        assert_eq!(texts(&admitted, "attributes"), [Some(text.to_owned())], "{value}");
        assert_eq!(texts(&admitted, "attributes_types"), [types.map(str::to_owned)], "{value}");
    }
}

#[test]
fn unknown_and_null_members_are_passed_over() {
    let plain = admit_json(Signal::Traces, &one_span("")).unwrap();
    let members =
        r#","new":{"deep":[1,{"er":null}]},"name":null,"status":null,"events":null,"kind":null"#;
    let more = admit_json(Signal::Traces, &one_span(members)).unwrap();
    assert_eq!(plain.batches, more.batches);
    assert_eq!(plain.body, more.body);
}

#[test]
fn a_broken_id_refuses_its_span_and_not_the_batch() {
    let good = r#"{"traceId":"01020304050607080900000000000000","spanId":"0102030405060708"}"#;
    for (span, reason) in [
        (r#"{"traceId":"xyz","spanId":"0102030405060708"}"#, "1 span.trace_id: not hex"),
        (r#"{"traceId":"0102","spanId":"0102030405060708"}"#, "1 span.trace_id: not 16 bytes long"),
        (
            r#"{"traceId":"00000000000000000000000000000000","spanId":"0102030405060708"}"#,
            "1 span.trace_id: all zero",
        ),
        (
            r#"{"traceId":"01020304050607080900000000000000","spanId":"AQIDBAUGBwg="}"#,
            "1 span.span_id: not hex",
        ),
        (
            r#"{"traceId":"01020304050607080900000000000000","spanId":"0102030405060708","links":[{"traceId":"q"}]}"#,
            "1 span.links[].trace_id: not hex",
        ),
    ] {
        let body =
            format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span},{good}]}}]}}]}}"#);
        let admitted = admit_json(Signal::Traces, &body).unwrap();
        assert_eq!((admitted.accepted, admitted.rejected), (1, 1));
        assert_eq!(reasons(&admitted), [reason]);
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let deep = format!(
        r#"{}{{"intValue":1}}{}"#,
        r#"{"arrayValue":{"values":["#.repeat(10_000),
        "]}}".repeat(10_000)
    );
    for (body, expected) in [
        (String::new(), "line 1, column 0, in the request: EOF while parsing a value"),
        (
            "null".to_owned(),
            "line 1, column 4, in the request: invalid type: null, expected an object",
        ),
        (
            "[]".to_owned(),
            "line 1, column 0, in the request: invalid type: sequence, expected an object",
        ),
        ("{} x".to_owned(), "line 1, column 4, in the request: trailing characters"),
        (
            one_span(r#","kind":"SPAN_KIND_SERVER""#),
            "in resourceSpans[0].scopeSpans[0].spans[0].kind: a string where an enum number belongs",
        ),
        (
            one_span(r#","startTimeUnixNano":-1"#),
            "spans[0].startTimeUnixNano: -1 is out of range for an unsigned 64-bit integer",
        ),
        (
            one_span(r#","startTimeUnixNano":1.5"#),
            "spans[0].startTimeUnixNano: 1.5 where an unsigned 64-bit integer belongs",
        ),
        (one_span(r#","name":5"#), "spans[0].name: a number where a string belongs"),
        (one_span(r#","name":{}"#), "spans[0].name: invalid type: map, expected a string"),
        (one_span(r#","events":{}"#), "spans[0].events: invalid type: map, expected a list"),
        (
            attributes(r#"{"bytesValue":"%%"}"#),
            "attributes[0].value.bytesValue: the text is not base64",
        ),
        (
            attributes(r#"{"doubleValue":"inf"}"#),
            "attributes[0].value.doubleValue: another value where a double belongs",
        ),
        (
            attributes(r#"{"arrayValue":{"values":[null]}}"#),
            "arrayValue.values[0]: invalid type: null, expected an object",
        ),
        (attributes(&deep), "recursion limit exceeded"),
        ("[".repeat(100_000), "expected an object"),
        (r#"{"resourceSpans":[{"#.to_owned(), "EOF while parsing an object"),
    ] {
        let error = admit_json(Signal::Traces, &body).unwrap_err();
        assert_eq!(error.kind(), telltale_base::ErrorKind::Invalid);
        let text = error.to_string();
        assert!(text.contains(expected), "{text}\nwithout: {expected}");
    }
}

#[test]
fn nesting_up_to_the_limit_passes_in_json() {
    let nested = |depth: usize| {
        let open = r#"{"arrayValue":{"values":["#.repeat(depth);
        attributes(&format!("{open}{{\"intValue\":1}}{}", "]}}".repeat(depth)))
    };
    let admitted = admit_json(Signal::Traces, &nested(32)).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (1, 0));
    let admitted = admit_json(Signal::Traces, &nested(33)).unwrap();
    assert_eq!(
        reasons(&admitted),
        ["1 span.attributes[].value: nested deeper than 32 (depth_max)"]
    );
}

#[test]
fn metrics_in_json_with_special_doubles() {
    let body = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"1767323045000000000","asDouble":"NaN"},{"asInt":"-5"}]}},
        {"name":"h","histogram":{"aggregationTemporality":2,"dataPoints":[
            {"count":"3","sum":"Infinity","bucketCounts":["1",2],"explicitBounds":[0.1],"min":0}]}}
    ]}]}]}"#;
    let admitted = admit_json(Signal::Metrics, body).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (3, 0));
    assert_eq!(
        records(Signal::Metrics, &encode(&admitted)),
        records(Signal::Metrics, &admitted.body)
    );
}
