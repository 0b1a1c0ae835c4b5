//! Input that is wrong, each with its exact answer.

use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message;
use telltale_base::{ErrorKind, Signal, UnixNanos};
use telltale_otlp::DecodeError;

use crate::flatten::records;
use crate::support::{
    ARRIVAL, admit, admit_in, around_spans, attribute, context, encode, field, logs, reasons, span,
    span_with, string, texts, traces,
};

fn refused(span: &Span) -> Vec<String> {
    let admitted = admit(Signal::Traces, traces(vec![span.clone()]).encode_to_vec()).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (0, 1));
    assert!(admitted.batches.is_empty());
    reasons(&admitted)
}

#[test]
fn wrong_ids_refuse_the_span() {
    let zeros = |n| vec![0; n];
    for (wrong, reason) in [
        (Span { trace_id: vec![], ..span("s") }, "1 span.trace_id: not 16 bytes long"),
        (Span { trace_id: vec![1; 15], ..span("s") }, "1 span.trace_id: not 16 bytes long"),
        (Span { trace_id: zeros(16), ..span("s") }, "1 span.trace_id: all zero"),
        (Span { span_id: vec![], ..span("s") }, "1 span.span_id: not 8 bytes long"),
        (Span { span_id: vec![1; 9], ..span("s") }, "1 span.span_id: not 8 bytes long"),
        (Span { span_id: zeros(8), ..span("s") }, "1 span.span_id: all zero"),
        (
            Span { parent_span_id: vec![1; 4], ..span("s") },
            "1 span.parent_span_id: not 8 bytes long",
        ),
        (
            Span { links: vec![Link { trace_id: vec![1; 3], ..Link::default() }], ..span("s") },
            "1 span.links[].trace_id: not 16 bytes long",
        ),
        (
            Span { links: vec![Link { span_id: vec![1; 3], ..Link::default() }], ..span("s") },
            "1 span.links[].span_id: not 8 bytes long",
        ),
    ] {
        assert_eq!(refused(&wrong), [reason]);
    }
}

#[test]
fn a_parent_of_zeros_is_no_parent() {
    let root = Span { parent_span_id: vec![0; 8], ..span("s") };
    let admitted = admit(Signal::Traces, traces(vec![root]).encode_to_vec()).unwrap();
    let parents = admitted.batches[0].1.column_by_name("parent_span_id").unwrap();
    assert_eq!(parents.null_count(), 1);
}

#[test]
fn wrong_ids_refuse_the_log_and_absent_ones_do_not() {
    for (log, expected) in [
        (LogRecord::default(), vec![]),
        (LogRecord { trace_id: vec![0; 16], span_id: vec![0; 8], ..LogRecord::default() }, vec![]),
        (
            LogRecord { trace_id: vec![1; 8], ..LogRecord::default() },
            vec!["1 log_record.trace_id: not 16 bytes long"],
        ),
        (
            LogRecord { span_id: vec![1; 16], ..LogRecord::default() },
            vec!["1 log_record.span_id: not 8 bytes long"],
        ),
    ] {
        let admitted = admit(Signal::Logs, logs(vec![log]).encode_to_vec()).unwrap();
        assert_eq!(reasons(&admitted), expected);
    }
}

#[test]
fn invalid_utf8_refuses_the_record_and_only_it() {
    const BAD: &[u8] = b"\xff\xfe";
    let bad_value = field(2, &field(1, BAD));
    for (tail, reason) in [
        (field(5, BAD), "1 span.name: invalid UTF-8"),
        (field(3, BAD), "1 span.trace_state: invalid UTF-8"),
        (field(9, &field(1, BAD)), "1 span.attributes[].key: invalid UTF-8"),
        (
            field(9, &[field(1, b"k"), bad_value.clone()].concat()),
            "1 span.attributes[].value: invalid UTF-8",
        ),
        (
            // An array in a map: the place is named without indices.
            field(
                9,
                &field(2, &field(6, &field(1, &field(2, &field(5, &field(1, &field(1, BAD))))))),
            ),
            "1 span.attributes[].value: invalid UTF-8",
        ),
        (field(11, &field(2, BAD)), "1 span.events[].name: invalid UTF-8"),
        (field(11, &field(3, &field(1, BAD))), "1 span.events[].attributes[].key: invalid UTF-8"),
        (field(13, &field(3, BAD)), "1 span.links[].trace_state: invalid UTF-8"),
        (field(15, &field(2, BAD)), "1 span.status.message: invalid UTF-8"),
    ] {
        let spans = [span_with("bad", &tail), span("good").encode_to_vec()];
        let admitted = admit(Signal::Traces, around_spans(&spans)).unwrap();
        assert_eq!((admitted.accepted, admitted.rejected), (1, 1), "{reason}");
        assert_eq!(reasons(&admitted), [reason]);
        let kept = traces(vec![span("good")]).encode_to_vec();
        assert_eq!(admitted.body, kept, "the refused span is gone from what is kept");
        let replayed = telltale_otlp::decode(Signal::Traces, &admitted.body, &context()).unwrap();
        assert_eq!(replayed, admitted.batches);
    }
}

#[test]
fn invalid_utf8_around_records_refuses_all_of_them() {
    let scope = |tail: &[u8]| {
        let spans = [span("a").encode_to_vec(), span("b").encode_to_vec()];
        let spans: Vec<u8> = spans.iter().flat_map(|span| field(2, span)).collect();
        [spans, tail.to_vec()].concat()
    };
    let resource = |scope: &[u8], tail: &[u8]| field(1, &[field(2, scope), tail.to_vec()].concat());
    for (body, reason) in [
        (
            resource(&scope(&[]), &field(1, &field(1, &field(1, b"\xff")))),
            "2 resource.attributes[].key: invalid UTF-8",
        ),
        (resource(&scope(&[]), &field(3, b"\xff")), "2 resource.schema_url: invalid UTF-8"),
        (resource(&scope(&field(1, &field(1, b"\xff"))), &[]), "2 scope.name: invalid UTF-8"),
        (resource(&scope(&field(3, b"\xff")), &[]), "2 scope.schema_url: invalid UTF-8"),
    ] {
        let good = traces(vec![span("good")]).encode_to_vec();
        let admitted = admit(Signal::Traces, [good.clone(), body].concat()).unwrap();
        assert_eq!((admitted.accepted, admitted.rejected), (1, 2));
        assert_eq!(reasons(&admitted), [reason]);
        assert_eq!(records(Signal::Traces, &admitted.body), records(Signal::Traces, &good));
    }
}

#[test]
fn invalid_utf8_in_a_metric_refuses_its_points() {
    let gauge = |name: &[u8], unit: &[u8]| {
        let points = [field(1, &[]), field(1, &field(7, &field(1, b"\xff")))].concat();
        let metric = [field(1, name), field(3, unit), field(5, &points)].concat();
        field(1, &field(2, &field(2, &metric)))
    };
    for (body, accepted, reason) in [
        (gauge(b"n", b"u"), 1, "1 data_point.attributes[].key: invalid UTF-8"),
        (gauge(b"\xff", b"u"), 0, "2 metric.name: invalid UTF-8"),
        (gauge(b"n", b"\xff"), 0, "2 metric.unit: invalid UTF-8"),
    ] {
        let admitted = admit(Signal::Metrics, body).unwrap();
        assert_eq!(admitted.accepted, accepted);
        assert_eq!(reasons(&admitted), [reason]);
        assert_eq!(records(Signal::Metrics, &admitted.body).len() as u64, accepted);
    }
}

#[test]
fn equal_reasons_are_counted_as_one() {
    let wrong: Vec<Span> = (0..50).map(|_| Span { trace_id: vec![1], ..span("s") }).collect();
    let admitted = admit(Signal::Traces, traces(wrong).encode_to_vec()).unwrap();
    assert_eq!(reasons(&admitted), ["50 span.trace_id: not 16 bytes long"]);
}

#[test]
fn broken_structure_refuses_the_body_and_names_the_place() {
    let spans = |tail: &[u8]| around_spans(&[span("good").encode_to_vec(), tail.to_vec()]);
    for (body, at, path, problem) in [
        (vec![0x0a], 1, "the request", "the body ends inside a field"),
        (vec![0x0a, 5, 1], 1, "the request", "the body ends inside a field"),
        (vec![0x08, 1], 0, "resource_spans[0]", "the wire type does not fit, expected bytes"),
        (vec![0x0b], 0, "the request", "wire type 3 is not used by OTLP"),
        (vec![0x02, 0], 0, "the request", "a field number is out of range"),
        (vec![0xff; 11], 0, "the request", "a varint is longer than 64 bits"),
        (
            // The name of the second span as a number.
            spans(&[0x28, 1]),
            60,
            "resource_spans[0].scope_spans[0].spans[1].name",
            "the wire type does not fit, expected bytes",
        ),
        (
            // A key of a hundred bytes in an attribute of two.
            spans(&field(9, &[0x0a, 100])),
            63,
            "resource_spans[0].scope_spans[0].spans[1].attributes[0]",
            "the body ends inside a field",
        ),
    ] {
        let error = admit(Signal::Traces, body.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let DecodeError::Protobuf { at: got, path: place, problem: text } = error else {
            panic!("{error}");
        };
        assert_eq!((got, place.as_str(), text.as_str()), (at, path, problem), "{body:02x?}");
    }
}

#[test]
fn a_body_cut_anywhere_is_refused_or_reads_as_its_whole_messages() {
    let status = Some(Status { message: "failed".to_owned(), code: 2 });
    let attributes = vec![attribute("key", string("value"))];
    let body = traces(vec![Span { status, attributes, ..span("one") }]).encode_to_vec();
    for length in 1..body.len() {
        let cut = body[..length].to_vec();
        let outcome = admit(Signal::Traces, cut);
        assert!(outcome.is_err(), "cut at {length}");
    }
}

#[test]
fn nesting_of_ten_thousand_neither_passes_nor_overflows() {
    // AnyValue { array_value { values { array_value ...
    let mut value = field(1, b"core");
    for _ in 0..10_000 {
        value = field(5, &field(1, &value));
    }
    let tail = field(9, &[field(1, b"deep"), field(2, &value)].concat());
    let body = around_spans(&[span_with("deep", &tail), span("flat").encode_to_vec()]);
    let admitted = admit(Signal::Traces, body.clone()).unwrap();
    assert_eq!((admitted.accepted, admitted.rejected), (1, 1));
    assert_eq!(
        reasons(&admitted),
        ["1 span.attributes[].value: nested deeper than 32 (depth_max)"]
    );
    let mut broken = body;
    broken.push(0x0a);
    assert!(admit(Signal::Traces, broken).is_err());
}

#[test]
fn groups_are_refused_however_deep() {
    let body = vec![0x0b; 100_000];
    let error = admit(Signal::Traces, body).unwrap_err().to_string();
    assert!(error.ends_with("in the request: wire type 3 is not used by OTLP"), "{error}");
}

#[test]
fn implausible_times_go_to_the_day_of_arrival_and_say_so() {
    const DAY: i64 = UnixNanos::DAY;
    let month = Some(std::time::Duration::from_hours(30 * 24));
    let arrival_day = UnixNanos(ARRIVAL).day();
    let year_2200 = 7_258_118_400_000_000_000;
    for (time, retention, day, source) in [
        (ARRIVAL.cast_unsigned(), None, arrival_day, None),
        (1, None, 0, None),
        (1, month, arrival_day, Some("arrival")),
        (0, None, arrival_day, Some("arrival")),
        (year_2200, None, arrival_day, Some("arrival")),
        (u64::MAX, None, arrival_day, Some("arrival")),
        ((ARRIVAL + DAY).cast_unsigned(), None, arrival_day + 1, None),
        ((ARRIVAL + DAY + 1).cast_unsigned(), None, arrival_day, Some("arrival")),
        ((ARRIVAL - 30 * DAY).cast_unsigned(), month, arrival_day - 30, None),
        ((ARRIVAL - 30 * DAY - 1).cast_unsigned(), month, arrival_day, Some("arrival")),
    ] {
        use arrow::array::AsArray as _;
        let one = Span { start_time_unix_nano: time, ..span("s") };
        let mut context = context();
        context.retention = retention;
        let body = traces(vec![one]).encode_to_vec();
        let admitted = admit_in(Signal::Traces, body.clone(), &context).unwrap();
        let batch = &admitted.batches[0].1;
        let dates = batch.column_by_name("date").unwrap();
        let dates = dates.as_primitive::<arrow::datatypes::Date32Type>();
        assert_eq!(dates.value(0), day, "{time}");
        assert_eq!(texts(&admitted, "date_source"), [source.map(str::to_owned)], "{time}");
        assert_eq!(records(Signal::Traces, &encode(&admitted)), records(Signal::Traces, &body));
    }
}

#[test]
fn a_log_without_time_takes_the_observed_one_then_the_arrival() {
    use arrow::array::AsArray as _;
    let time = |time_unix_nano, observed_time_unix_nano| {
        let log = LogRecord { time_unix_nano, observed_time_unix_nano, ..LogRecord::default() };
        let admitted = admit(Signal::Logs, logs(vec![log]).encode_to_vec()).unwrap();
        let times = admitted.batches[0].1.column_by_name("time").unwrap();
        times.as_primitive::<arrow::datatypes::TimestampMicrosecondType>().value(0)
    };
    assert_eq!(time(5_000, 7_000), 5);
    assert_eq!(time(0, 7_000), 7);
    assert_eq!(time(0, 0), ARRIVAL / 1_000);
}
