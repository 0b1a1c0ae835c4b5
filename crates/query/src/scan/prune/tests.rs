use datafusion::common::DFSchema;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::{Expr, col, lit};

use super::*;
use crate::scan::branch::stored_schema;

const SECOND: i64 = 1_000_000_000;

fn file(date: i32, time: (i64, i64), record: (i64, i64)) -> Arc<DataFile> {
    Arc::new(DataFile {
        path: "x".into(),
        date,
        bytes: 1,
        rows: 1,
        time_min: time.0,
        time_max: time.1,
        record_min: record.0,
        record_max: record.1,
    })
}

fn kept(table: Table, filter: Expr, file: &Arc<DataFile>) -> bool {
    let schema = stored_schema(table);
    let named = DFSchema::try_from(schema.as_ref().clone()).unwrap();
    let filter = SessionContext::new().create_physical_expr(filter, &named).unwrap();
    !prune(table, &schema, &filter, vec![Arc::clone(file)]).is_empty()
}

fn time(micros: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(micros), Some(Arc::from("UTC"))))
}

#[test]
fn ranges_at_their_ends() {
    let file = file(5, (2 * SECOND, 4 * SECOND + 1), (10, 20));
    let spans = |filter| kept(Table::Spans, filter, &file);
    assert!(spans(col("start_unix_nano").gt_eq(lit(4 * SECOND + 1))));
    assert!(!spans(col("start_unix_nano").gt(lit(4 * SECOND + 1))));
    assert!(spans(col("start_time").eq(time(4_000_000))));
    assert!(!spans(col("start_time").gt(time(4_000_000))));
    assert!(!spans(col("start_time").lt(time(2_000_000))));
    assert!(spans(col("date").eq(lit(ScalarValue::Date32(Some(5))))));
    assert!(!spans(col("date").eq(lit(ScalarValue::Date32(Some(6))))));
    assert!(spans(col("record_id").in_list(vec![lit(20_i64), lit(99_i64)], false)));
    assert!(!spans(col("record_id").gt(lit(20_i64))));
    assert!(spans(col("name").eq(lit("x"))), "nothing is known of names");
}

#[test]
fn the_timestamp_of_a_log_can_be_another_time() {
    let file = file(5, (0, 0), (1, 1));
    assert!(kept(Table::Logs, col("time").gt(time(9)), &file));
    assert!(!kept(Table::Logs, col("time_unix_nano").gt(lit(9_i64)), &file));
    assert!(!kept(Table::Metrics, col("time").gt(time(9)), &file));
    let timed = file_of_times(1, 9_999);
    assert!(kept(Table::Logs, col("time").gt_eq(time(9)), &timed));
    assert!(!kept(Table::Logs, col("time").gt(time(9)), &timed), "every row has a time of its own");
}

fn file_of_times(min: i64, max: i64) -> Arc<DataFile> {
    file(5, (min, max), (1, 1))
}

#[test]
fn unknown_or_wrapped_times_prune_nothing_by_timestamp() {
    let file = file(5, (i64::MIN, i64::MAX), (i64::MIN, i64::MAX));
    assert!(kept(Table::Spans, col("start_time").gt(time(i64::MAX / 2)), &file));
    assert!(kept(Table::Spans, col("start_unix_nano").lt(lit(-5_i64)), &file));
    assert!(kept(Table::Spans, col("record_id").eq(lit(1_i64)), &file));
}
