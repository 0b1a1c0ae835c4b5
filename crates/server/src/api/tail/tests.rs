//! Filters and events.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryViewArray, Int64Array, StringViewArray};
use arrow::record_batch::RecordBatch;
use telltale_base::Project;

use super::{Filter, ROWS_A_PIECE};
use crate::ports::TailRecords;

fn records(services: &[Option<&str>]) -> TailRecords {
    let rows = i64::try_from(services.len()).unwrap();
    let ids = services.iter().map(|_| Some(&[0xab_u8, 0xcd][..]));
    let batch = RecordBatch::try_from_iter([
        ("record_id", Arc::new(Int64Array::from_iter_values(0..rows)) as ArrayRef),
        ("trace_id", Arc::new(ids.collect::<BinaryViewArray>()) as ArrayRef),
        ("service_name", Arc::new(services.iter().copied().collect::<StringViewArray>())),
    ])
    .unwrap();
    let batches = vec![("spans", batch.clone()), ("histograms", batch)];
    TailRecords { project: Project::default_project(), batches }
}

fn events(query: &str, records: &TailRecords) -> Vec<String> {
    let pieces = Filter::parse(Some(query)).unwrap().events(records).unwrap();
    pieces.iter().map(|piece| String::from_utf8(piece.to_vec()).unwrap()).collect()
}

#[test]
fn signals_and_services_are_told_apart() {
    let records = records(&[Some("a"), Some("b"), None]);
    insta::assert_snapshot!(events("signal=traces", &records).concat());
    assert_eq!(events("", &records).concat().matches("event: ").count(), 6);
    assert_eq!(events("signal=metrics", &records).concat().matches("event: histograms").count(), 3);
    assert_eq!(events("signal=logs", &records).concat(), "");
    assert_eq!(events("service=b", &records).concat().matches("\"service_name\":\"b\"").count(), 2);
    assert_eq!(events("service=", &records).concat().matches("event: ").count(), 6);
}

#[test]
fn a_large_export_comes_in_pieces() {
    let records = records(&vec![Some("a"); ROWS_A_PIECE + 1]);
    let pieces = events("signal=traces", &records);
    assert_eq!(pieces.len(), 2);
    assert_eq!(pieces[1].matches("event: ").count(), 1);
    assert!(pieces[1].contains(&format!("\"record_id\":{ROWS_A_PIECE}")));
}

#[test]
fn an_unknown_signal_is_named() {
    let fault = Filter::parse(Some("signal=spans")).unwrap_err();
    assert!(fault.detail.contains("\"spans\", not traces, logs or metrics"), "{}", fault.detail);
}
