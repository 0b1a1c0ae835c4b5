//! What goes in comes back: any request, through columns and out again.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use telltale_base::Signal;
use telltale_schema::Table;

use crate::arbitrary::{Doubles, logs, traces};
use crate::arbitrary_metrics::metrics;
use crate::flatten::records;
use crate::support::{admit, context, encode, field, span, span_with, texts, traces as traces_of};

fn check(signal: Signal, request: &impl Message) {
    let body = Bytes::from(request.encode_to_vec());
    let admitted = admit(signal, body.clone()).unwrap();
    assert_eq!((admitted.rejected, &admitted.reasons), (0, &Vec::new()));
    assert_eq!(admitted.body.as_ptr(), body.as_ptr(), "nothing changed, so nothing is copied");
    let sent = records(signal, &body);
    assert_eq!(admitted.accepted, sent.len() as u64);
    let rows: usize = admitted.batches.iter().map(|(_, batch)| batch.num_rows()).sum();
    assert_eq!(rows, sent.len());
    let returned = encode(&admitted);
    assert_eq!(records(signal, &returned), sent);
    let again = admit(signal, returned).unwrap();
    assert_eq!(records(signal, &encode(&again)), sent);
    assert_eq!(telltale_otlp::decode(signal, &body, &context()).unwrap(), admitted.batches);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn traces_come_back_equal(request in traces(Doubles::All)) {
        check(Signal::Traces, &request);
    }

    #[test]
    fn logs_come_back_equal(request in logs(Doubles::All)) {
        check(Signal::Logs, &request);
    }

    #[test]
    fn metrics_come_back_equal(request in metrics(Doubles::All)) {
        check(Signal::Metrics, &request);
    }
}

/// A message may stand in pieces and its fields in any order: `prost` joins them, and so do we.
#[test]
fn pieces_are_joined_as_prost_joins_them() {
    let string = |text: &[u8]| field(1, text);
    let key_value = |key: &[u8], value: &[u8]| [field(2, value), field(1, key)].concat();
    let list = |items: &[&[u8]]| {
        let items: Vec<u8> = items.iter().flat_map(|item| field(1, &string(item))).collect();
        field(5, &items)
    };
    let pieces = [list(&[b"lost"]), string(b"lost"), list(&[b"a"]), list(&[b"b", b"c"])].concat();
    let twice = [key_value(b"k", &list(&[b"a"])), field(2, &list(&[b"b"]))].concat();
    let status = [field(15, &field(2, b"failed")), field(15, &[0x18, 2])].concat();
    let tail =
        [field(9, &key_value(b"pieces", &pieces)), status, field(9, &twice), field(5, b"last")];
    let scope = [
        field(2, &span_with("first", &tail.concat())),
        field(1, &[field(3, &key_value(b"one", &string(b"1"))), field(1, b"lost")].concat()),
        field(1, &[field(1, b"scope"), field(3, &key_value(b"two", &string(b"2")))].concat()),
    ];
    let body = [
        field(2, &scope.concat()),
        field(3, b"url"),
        field(1, &field(1, &key_value(b"service.name", &string(b"first")))),
        field(1, &field(1, &key_value(b"service.name", &string(b"second")))),
    ];
    let body = field(1, &body.concat());
    let admitted = admit(Signal::Traces, body.clone()).unwrap();
    let returned = encode(&admitted);
    assert_eq!(records(Signal::Traces, &returned), records(Signal::Traces, &body));
    assert_eq!(texts(&admitted, "service_name"), [Some("second".to_owned())]);
    let attributes = r#"{"pieces":["a","b","c"],"k":["a","b"]}"#;
    assert_eq!(texts(&admitted, "attributes"), [Some(attributes.to_owned())]);
}

#[test]
fn pieces_of_a_metric_are_joined_and_the_last_kind_counts() {
    let point = |value: u8| field(1, &[0x31, value, 0, 0, 0, 0, 0, 0, 0]);
    let metric = [
        field(5, &point(1)),
        field(7, &[point(2), vec![0x18, 1]].concat()),
        field(1, b"m"),
        field(7, &[vec![0x10, 2], point(3)].concat()),
    ];
    let body = field(1, &field(2, &field(2, &metric.concat())));
    let admitted = admit(Signal::Metrics, body.clone()).unwrap();
    assert_eq!(admitted.accepted, 2);
    assert_eq!(records(Signal::Metrics, &encode(&admitted)), records(Signal::Metrics, &body));
}

/// Rows of one batch find the groups that rows of another opened.
#[test]
fn batches_are_joined_by_equal_resource_and_scope() {
    let request = traces_of(vec![span("a")]);
    let (one, two) = (request.encode_to_vec(), traces_of(vec![span("b")]).encode_to_vec());
    let batches: Vec<_> = [one, two]
        .into_iter()
        .flat_map(|body| admit(Signal::Traces, body).unwrap().batches)
        .map(|(_, batch)| batch)
        .collect();
    let joined = telltale_otlp::encode(Table::Spans, &batches).unwrap();
    let expected = traces_of(vec![span("a"), span("b")]);
    assert_eq!(records(Signal::Traces, &joined), crate::flatten::traces(expected));
    let groups = ExportTraceServiceRequest::decode(joined.as_slice()).unwrap().resource_spans;
    assert_eq!(groups.len(), 1);
    assert_eq!(groups[0].scope_spans.len(), 1);
}

/// Files lack `date`, and older files lack columns that came later.
#[test]
fn batches_of_files_are_encoded_too() {
    let body = traces_of(vec![span("a")]).encode_to_vec();
    let admitted = admit(Signal::Traces, body.clone()).unwrap();
    let memory = &admitted.batches[0].1;
    let without = |gone: &[&str]| {
        let kept: Vec<usize> = memory
            .schema()
            .fields()
            .iter()
            .enumerate()
            .filter(|(_, field)| !gone.contains(&field.name().as_str()))
            .map(|(index, _)| index)
            .collect();
        memory.project(&kept).unwrap()
    };
    let file = without(&["date", "links_types", "scope_schema_url"]);
    let encoded = telltale_otlp::encode(Table::Spans, &[file]).unwrap();
    assert_eq!(records(Signal::Traces, &encoded), records(Signal::Traces, &body));
    let error = telltale_otlp::encode(Table::Spans, &[without(&["trace_id"])]).unwrap_err();
    assert_eq!(error.to_string(), "the table spans has no column trace_id");
}

#[test]
fn an_empty_request_has_no_records() {
    for signal in Signal::ALL {
        let admitted = admit(signal, Bytes::new()).unwrap();
        assert_eq!((admitted.accepted, admitted.rejected), (0, 0));
        assert!(admitted.batches.is_empty());
        assert!(encode(&admitted).is_empty());
    }
}
