use super::*;
use crate::tables::{SpanRow, SpansBuilder};

fn one(resource: &str, name: &str) -> RecordBatch {
    let mut builder = SpansBuilder::new();
    builder.append(&SpanRow {
        trace_id: &[7; 16],
        span_id: &[8; 8],
        name,
        resource,
        attributes: "{}",
        ..SpanRow::default()
    });
    builder.finish().unwrap()
}

#[test]
fn many_small_batches_become_one_that_shares_its_resource() {
    let resource = "{\"service.name\":\"a service with a long name\"}";
    let parts: Vec<_> = (0..1_000)
        .map(|i| {
            assign_record_ids(&one(resource, &format!("span number {i:06}")), i << 24).unwrap()
        })
        .collect();
    let joined = coalesce(Table::Spans, &parts).unwrap();
    assert_eq!(joined.num_rows(), 1_000);
    let text = |column: &str, row: usize| {
        joined.column_by_name(column).unwrap().as_string_view().value(row).to_owned()
    };
    assert_eq!(text("name", 999), "span number 000999");
    assert_eq!(text("resource", 500), resource);
    let buffers = joined.column_by_name("resource").unwrap().as_string_view().data_buffers();
    assert_eq!(buffers.iter().map(arrow::buffer::Buffer::len).sum::<usize>(), resource.len());
    let split: usize = parts.iter().map(memory_bytes).sum();
    assert!(memory_bytes(&joined) * 4 < split, "{} {split}", memory_bytes(&joined));
    let ids = joined.column(0).as_primitive::<arrow::datatypes::Int64Type>();
    assert_eq!(ids.value(999), 999 << 24);
}

#[test]
fn no_batches_make_an_empty_one() {
    let empty = coalesce(Table::Histograms, &[]).unwrap();
    assert_eq!((empty.num_rows(), empty.schema()), (0, Table::Histograms.memory_schema()));
}
