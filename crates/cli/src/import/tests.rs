//! Export and import are inverse: rows that go through a file come back equal. Beside that, what
//! files are recognised as.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::compute::cast;
use telltale_base::{Signal, UnixNanos, hex};
use telltale_otlp::{Context, Limits};
use telltale_schema::{
    ColumnType, HistogramRow, HistogramsBuilder, LogRow, LogsBuilder, MetricRow, MetricsBuilder,
    SpanRow, SpansBuilder, Table,
};

use super::{otlp, rows};
use crate::export::{deliver, shape, testing};

/// 2026-01-02T03:04:05.000000007Z: nanoseconds that the timestamp column does not have.
const TIME: i64 = 1_767_323_045_000_000_007;
/// Integers beyond 2^53, doubles that look like integers, bytes and NaN.
const ATTRIBUTES: &str =
    r#"{"i":9007199254740993,"d":1.0,"b":"AQI=","n":"NaN","l":["\"q\"\n",null],"\u0001":0.1}"#;
const TYPES: Option<&str> = Some("2:b,3:d");
const RESOURCE: &str = r#"{"service.name":"shop"}"#;

fn spans() -> RecordBatch {
    let mut builder = SpansBuilder::new();
    let plain = SpanRow {
        date: UnixNanos(TIME).day(),
        trace_id: &[0xab; 16],
        span_id: &[1; 8],
        name: "plain",
        kind: "internal",
        service_name: "shop",
        start_time: TIME / 1_000,
        start_unix_nano: TIME,
        duration_ns: -5,
        status_code: "unset",
        attributes: "{}",
        resource: RESOURCE,
        ..SpanRow::default()
    };
    builder.append(&plain);
    builder.append(&SpanRow {
        span_id: &[2; 8],
        parent_span_id: Some(&[1; 8]),
        name: "full \u{1f980}",
        status_code: "error",
        status_message: Some("no"),
        trace_state: Some("a=b"),
        flags: Some(257),
        attributes: ATTRIBUTES,
        attributes_types: TYPES,
        dropped_attributes_count: Some(3),
        events: Some(r#"[{"name":"e","time_unix_nano":7,"attributes":{"b":"AQI="}}]"#),
        events_types: Some("0.2.0:b"),
        links: Some(
            r#"[{"trace_id":"01010101010101010101010101010101","span_id":"0202020202020202","attributes":{}}]"#,
        ),
        scope_name: Some("lib"),
        scope_version: Some("1"),
        ..plain
    });
    builder.finish().unwrap()
}

fn logs() -> RecordBatch {
    let mut builder = LogsBuilder::new();
    let plain = LogRow {
        date: UnixNanos(TIME).day(),
        time: TIME / 1_000,
        time_unix_nano: TIME,
        service_name: "shop",
        attributes: "{}",
        resource: RESOURCE,
        ..LogRow::default()
    };
    builder.append(&LogRow { body: Some("{not json"), ..plain });
    builder.append(&LogRow {
        trace_id: Some(&[0xab; 16]),
        span_id: Some(&[1; 8]),
        severity_number: Some(9),
        severity_text: Some("INFO"),
        attributes: ATTRIBUTES,
        attributes_types: TYPES,
        ..plain
    });
    builder.finish().unwrap()
}

fn metrics() -> RecordBatch {
    let mut builder = MetricsBuilder::new();
    let plain = MetricRow {
        date: UnixNanos(TIME).day(),
        name: "m",
        metric_type: "gauge",
        time: TIME / 1_000,
        time_unix_nano: TIME,
        service_name: "shop",
        attributes: ATTRIBUTES,
        attributes_types: TYPES,
        resource: RESOURCE,
        ..MetricRow::default()
    };
    let doubles = [0.1, -0.0, 1e300, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for value in doubles {
        builder.append(&MetricRow { value: Some(value), ..plain });
    }
    let exact = i64::MAX;
    #[expect(clippy::cast_precision_loss, reason = "as ingest does")]
    builder.append(&MetricRow { value: Some(exact as f64), value_int: Some(exact), ..plain });
    builder.finish().unwrap()
}

fn histograms() -> RecordBatch {
    let mut builder = HistogramsBuilder::new();
    let plain = HistogramRow {
        date: UnixNanos(TIME).day(),
        name: "h",
        metric_type: "histogram",
        time: TIME / 1_000,
        time_unix_nano: TIME,
        service_name: "shop",
        count: -1,
        sum: Some(0.1),
        temporality: Some("delta"),
        explicit_bounds: Some(&[0.5, f64::INFINITY]),
        bucket_counts: Some(&[1, i64::MAX, -1]),
        attributes: "{}",
        resource: RESOURCE,
        ..HistogramRow::default()
    };
    builder.append(&plain);
    builder.finish().unwrap()
}

fn samples() -> [(Table, RecordBatch); 4] {
    [
        (Table::Spans, spans()),
        (Table::Logs, logs()),
        (Table::Metrics, metrics()),
        (Table::Histograms, histograms()),
    ]
}

/// The rows as the API answers them.
fn answered(table: Table, memory: &RecordBatch) -> RecordBatch {
    let schema = Arc::new(shape::plain_schema(table));
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        if field.name() == "project" {
            return Arc::new(StringArray::from(vec!["default"; memory.num_rows()]));
        }
        let column = memory.column_by_name(field.name()).unwrap();
        if table.column(field.name()).unwrap().ty == ColumnType::Id {
            let ids = column.as_binary_view().iter().map(|id| id.map(hex));
            return Arc::new(ids.collect::<StringArray>());
        }
        cast(column, field.data_type()).unwrap()
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

/// What a server makes of a request.
fn stored(table: Table, requests: &[Vec<u8>]) -> Vec<RecordBatch> {
    let context = Context {
        arrival: UnixNanos(TIME),
        retention: None,
        limits: Limits::default(),
        rules: telltale_genai::Rules::shared(),
    };
    let body = requests.concat();
    let tables = telltale_otlp::decode(shape::signal(table), &body, &context).unwrap();
    tables.into_iter().filter(|(of, _)| *of == table).map(|(_, batch)| batch).collect()
}

fn imported(rows: Option<rows::Rows>) -> (Table, Vec<Vec<u8>>) {
    let (table, batches) = rows.unwrap().into_parts();
    let batches: Vec<RecordBatch> = batches.collect::<Result<_, _>>().unwrap();
    (table, shape::requests(table, &batches).unwrap())
}

#[test]
fn rows_come_back_equal_through_every_format() {
    let dir = tempfile::tempdir().unwrap();
    for (table, memory) in samples() {
        let page = answered(table, &memory);
        let expected = vec![memory];
        let requests = shape::requests(table, std::slice::from_ref(&page)).unwrap();
        assert_eq!(stored(table, &requests), expected, "{table:?} as OTLP");

        let path = dir.path().join(format!("{}.jsonl", table.name()));
        testing::jsonl(&path, &page);
        let (found, requests) = imported(rows::jsonl(&path).unwrap());
        assert_eq!((found, stored(table, &requests)), (table, expected.clone()), "as JSONL");

        let path = dir.path().join(format!("{}.parquet", table.name()));
        testing::parquet(&path, table, &[page.clone(), page.slice(0, 1)]);
        let (found, requests) = imported(rows::parquet(&path).unwrap());
        let rows: usize = stored(table, &requests).iter().map(RecordBatch::num_rows).sum();
        assert_eq!((found, rows), (table, page.num_rows() + 1));
        testing::parquet(&path, table, &[page]);
        let (_, requests) = imported(rows::parquet(&path).unwrap());
        assert_eq!(stored(table, &requests), expected, "{table:?} as Parquet");
    }
}

/// Data files of the server hold ids as bytes.
#[test]
fn ids_may_be_bytes_already() {
    let memory = spans();
    let requests = shape::requests(Table::Spans, std::slice::from_ref(&memory)).unwrap();
    assert_eq!(stored(Table::Spans, &requests), [memory]);
}

#[test]
fn an_id_that_is_none_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spans.jsonl");
    testing::jsonl(&path, &answered(Table::Spans, &spans()));
    let text = std::fs::read_to_string(&path).unwrap().replace("0202020202020202", "zz");
    testing::text(&path, &text);
    let (table, batches) = rows::jsonl(&path).unwrap().unwrap().into_parts();
    let batches: Result<Vec<_>, _> = batches.collect();
    let error = match batches {
        Ok(batches) => shape::requests(table, &batches).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error.contains("span_id") || error.contains("zz"), "{error}");
}

#[test]
fn files_of_no_table_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("some.jsonl");
    testing::text(&path, "{\"a\":1}\n");
    assert!(rows::jsonl(&path).err().unwrap().to_string().contains("none of our tables"));
    testing::text(&path, "\n \n");
    assert!(rows::jsonl(&path).unwrap().is_none());
    assert!(rows::parquet(&path).err().unwrap().to_string().contains("cannot import"));
}

#[test]
fn the_name_says_the_signal_when_one_word_does() {
    for (name, signal) in [
        ("0001-logs.bin", Some(Signal::Logs)),
        ("traces.pb", Some(Signal::Traces)),
        ("shop_spans.otlp", Some(Signal::Traces)),
        ("metrics", Some(Signal::Metrics)),
        ("login.bin", None),
        ("logs-and-traces.bin", None),
    ] {
        assert_eq!(otlp::signal_of_name(&Path::new("traces").join(name)), signal, "{name}");
    }
}

#[test]
fn large_requests_are_split_between_resources() {
    let resource = |bytes: usize| {
        let mut message = vec![0x0a];
        let mut length = bytes;
        while length > 0x7f {
            message.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        message.push(u8::try_from(length).unwrap());
        message.resize(message.len() + bytes, 0);
        message
    };
    let file = [resource(5 << 20), resource(5 << 20), resource(9 << 20), resource(1)].concat();
    let pieces = |file: &[u8]| otlp::Pieces::new(file).collect::<Result<Vec<_>, _>>();
    let split = pieces(&file).unwrap();
    assert_eq!(split.iter().map(Vec::len).max(), Some(resource(9 << 20).len()));
    assert_eq!((split.len(), split.concat()), (4, file.clone()));
    assert_eq!(pieces(&resource(3).repeat(4)).unwrap().len(), 1);
    assert!(pieces(&[]).unwrap().is_empty());
    let endless = [&b"\x0a"[..], &[0xff; 12]].concat();
    for wrong in [&file[..file.len() - 1], b"\x12\x00", b"what", b"\x0a", &endless] {
        assert!(pieces(wrong).unwrap_err().contains("not an OTLP request"));
    }
}

#[test]
fn json_requests_say_their_signal() {
    let spans = r#"{"resourceSpans":[]}"#;
    let whole = vec![spans.as_bytes().to_vec()];
    assert_eq!(otlp::json_pieces(spans, Some(Signal::Logs)).unwrap(), (Signal::Traces, whole));
    assert!(otlp::json_pieces("{}", None).is_err());
    assert_eq!(otlp::json_pieces("{}", Some(Signal::Logs)).unwrap().0, Signal::Logs);
    assert!(otlp::json_pieces("[]", Some(Signal::Logs)).is_err());
    let resource = format!(r#"{{"schemaUrl":"{}"}}"#, "x".repeat(5 << 20));
    let large = format!(r#"{{"resourceLogs":[{resource},{resource}]}}"#);
    let (signal, pieces) = otlp::json_pieces(&large, None).unwrap();
    let piece = format!(r#"{{"resourceLogs":[{resource}]}}"#).into_bytes();
    assert_eq!((signal, pieces == [piece.clone(), piece]), (Signal::Logs, true));
}

#[test]
fn refusals_are_read_in_both_encodings() {
    let expected = deliver::Refusal { rejected: 300, message: "why".to_owned() };
    let protobuf = b"\x0a\x08\x08\xac\x02\x12\x03why";
    assert_eq!(deliver::of_protobuf(protobuf), expected);
    let json = br#"{"partialSuccess":{"rejectedSpans":"300","errorMessage":"why"}}"#;
    assert_eq!(deliver::of_json(json), expected);
    assert_eq!(deliver::of_protobuf(b""), deliver::Refusal::default());
    assert_eq!(deliver::of_json(b"{}"), deliver::Refusal::default());
}

#[test]
fn reasons_are_read_whatever_form_they_have() {
    for (media, detail) in [
        (deliver::Media::Protobuf, &b"\x08\x07\x12\x03why"[..]),
        (deliver::Media::Protobuf, b"why"),
        (deliver::Media::Json, br#"{"code":7,"message":"why"}"#),
        (deliver::Media::Json, b"why"),
    ] {
        assert_eq!(deliver::reason(media, detail), "why", "{media:?}");
    }
}
