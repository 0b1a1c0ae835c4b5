//! Small batches are joined without losing rows, also when rows leave meanwhile.

use arrow::record_batch::RecordBatch;
use telltale_schema::{SpanRow, SpansBuilder, Table, coalesce};

use super::MemTable;

fn batch(rows: usize) -> RecordBatch {
    let mut builder = SpansBuilder::new();
    for _ in 0..rows {
        builder.append(&SpanRow { trace_id: &[1; 16], span_id: &[2; 8], ..SpanRow::default() });
    }
    builder.finish().unwrap()
}

fn join_all(table: &mut MemTable) {
    while let Some(join) = table.crowded() {
        let whole = coalesce(Table::Spans, &join.batches).unwrap();
        table.joined(&join, whole);
    }
}

#[test]
fn batches_stay_few_and_rows_stay_all() {
    let mut table = MemTable::default();
    for _ in 0..5000 {
        table.push(batch(1));
        join_all(&mut table);
    }
    let rows: usize = table.batches().map(RecordBatch::num_rows).sum();
    assert_eq!(rows, 5000);
    assert!(table.batches().count() < 50, "{}", table.batches().count());
    assert_eq!(table.drain().iter().map(RecordBatch::num_rows).sum::<usize>(), 5000);
    assert!(table.is_empty() && table.bytes() == 0);
}

#[test]
fn large_batches_are_left_alone() {
    let mut table = MemTable::default();
    for _ in 0..40 {
        table.push(batch(5000));
    }
    assert!(table.crowded().is_none());
}

#[test]
fn a_join_that_comes_too_late_changes_nothing() {
    let mut table = MemTable::default();
    for _ in 0..16 {
        table.push(batch(1));
    }
    let join = table.crowded().unwrap();
    let whole = coalesce(Table::Spans, &join.batches).unwrap();
    table.drain();
    for _ in 0..16 {
        table.push(batch(2));
    }
    table.joined(&join, whole);
    assert_eq!(table.batches().map(RecordBatch::num_rows).sum::<usize>(), 32);
}
