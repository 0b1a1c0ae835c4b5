use ::arrow::array::{
    AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray,
    Float32Array, Float64Array, Int32Array, Int64Array, ListArray, StringArray, StructArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use ::arrow::datatypes::{DataType, Field, Float64Type, Int32Type, Int64Type, Schema};
use ::arrow::ipc::reader::StreamReader;

use super::*;
use crate::testing;

/// Every type that a result can have, with its edges, and a row of nulls.
fn of_all_types() -> RecordBatch {
    let dictionary: DictionaryArray<Int32Type> =
        vec![Some("one"), Some("two,\n\"quoted\""), None].into_iter().collect();
    let nested = StructArray::from(vec![(
        Arc::new(Field::new("x", DataType::Int32, true)),
        Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])) as ArrayRef,
    )]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("i", Arc::new(Int64Array::from(vec![Some(i64::MAX), Some(-9_007_199_254_740_993), None]))),
        ("u", Arc::new(UInt64Array::from(vec![Some(u64::MAX), Some(0), None]))),
        ("f", Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(1.0), None]))),
        (
            "g",
            Arc::new(Float64Array::from(vec![Some(f64::INFINITY), Some(f64::NEG_INFINITY), None])),
        ),
        ("h", Arc::new(Float32Array::from(vec![Some(0.5), Some(-0.0), None]))),
        ("b", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))),
        ("s", Arc::new(StringArray::from(vec![Some("a\"b\\\n\u{1}\u{20ac}"), Some(""), None]))),
        ("d", Arc::new(dictionary)),
        ("x", Arc::new(BinaryArray::from(vec![Some([0_u8, 255].as_slice()), Some(&[]), None]))),
        ("day", Arc::new(Date32Array::from(vec![Some(0), Some(-1), None]))),
        (
            "t",
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(1), Some(i64::MAX), None])
                    .with_timezone("UTC"),
            ),
        ),
        ("n", Arc::new(TimestampNanosecondArray::from(vec![Some(-1), Some(testing::T0), None]))),
        (
            "dec",
            Arc::new(
                Decimal128Array::from(vec![Some(12_345), Some(-1), None])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        (
            "l",
            Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
                Some(vec![Some(1), None]),
                Some(vec![]),
                None,
            ])),
        ),
        (
            "lf",
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(vec![
                Some(vec![Some(f64::NAN)]),
                Some(vec![Some(0.1)]),
                None,
            ])),
        ),
        ("st", Arc::new(nested)),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, c)| (n, c, true)))
        .unwrap()
}

fn whole(encoder: &mut dyn Encoder, batch: &RecordBatch) -> Vec<u8> {
    let mut out = encoder.begin(&batch.schema()).unwrap();
    out.extend(encoder.batch(&batch.slice(0, 1)).unwrap());
    out.extend(encoder.batch(&batch.slice(1, batch.num_rows() - 1)).unwrap());
    out.extend(encoder.end(false).unwrap());
    out
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn json_of_all_types() {
    let text = text(whole(&mut json::Json::default(), &of_all_types()));
    let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(parsed["rows"][0][0], serde_json::json!(i64::MAX));
    insta::assert_snapshot!(text);
}

#[test]
fn csv_of_all_types() {
    insta::assert_snapshot!(text(whole(&mut csv::Csv, &of_all_types())).replace('\r', "<CR>"));
}

#[test]
fn arrow_of_all_types_reads_back() {
    let batch = of_all_types();
    let bytes = whole(&mut arrow::Arrow::default(), &batch);
    let reader = StreamReader::try_new(std::io::Cursor::new(bytes), None).unwrap();
    let read: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(read.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [1, 2]);
    let joined = ::arrow::compute::concat_batches(&batch.schema(), &read).unwrap();
    assert_eq!(joined, batch);
}

#[test]
fn rows_as_objects_leave_nulls_out() {
    let rows = json_rows(&of_all_types()).unwrap();
    insta::assert_snapshot!(rows.join("\n"));
}

#[tokio::test]
async fn results_of_queries_in_each_form() {
    let engine = testing::engine_of(&[testing::span(1, 1, 0, 1)]);
    let ask = async |query: &str, format| {
        let request = crate::SqlRequest { query: query.into(), ..crate::SqlRequest::default() };
        let stream = engine.sql(&testing::project(), request).await.unwrap();
        testing::bytes(stream, format).await.unwrap()
    };
    let none = "SELECT name, start_time FROM spans WHERE false";
    assert_eq!(
        text(ask(none, Format::Json).await),
        "{\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"start_time\",\"type\":\"timestamp\"}],\"rows\":[],\"row_count\":0,\"truncated\":false}\n"
    );
    assert_eq!(text(ask(none, Format::Csv).await), "name,start_time\r\n");
    let arrow = ask("SELECT trace_id, name FROM spans", Format::Arrow).await;
    let mut reader = StreamReader::try_new(std::io::Cursor::new(arrow), None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert_eq!(batch.schema().field(0).data_type(), &DataType::Utf8);
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "01".repeat(16));
}

#[test]
fn a_memory_batch_takes_the_shape_of_sql() {
    let memory = testing::batch_of(7, &[testing::span(1, 2, 3, 4), testing::span(1, 2, 0, 5)]);
    let shown = sql_batch(&testing::project(), Table::Spans, &memory).unwrap();
    assert_eq!(shown.schema(), Table::Spans.sql_schema());
    let rows = json_rows(&shown).unwrap();
    let first: serde_json::Value = serde_json::from_str(&rows[0]).unwrap();
    assert_eq!(first["project"], "default");
    assert_eq!(first["date"], "2026-01-01");
    assert_eq!(first["parent_span_id"], "0303030303030303");
    assert!(!rows[1].contains("parent_span_id"));
    let wrong = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert!(sql_batch(&testing::project(), Table::Spans, &wrong).is_err());
}
