//! Files as an export makes them, for the tests of the import.

use std::path::Path;

use arrow::array::RecordBatch;
use telltale_schema::Table;
use telltale_wal::{Fs as _, RealFs};

use super::jsonl;
use super::parquet::Parts;
use super::position::State;

const NEW: State = State { last_record_id: None, page_rows: 1, rows: 0, bytes: 0, pages: 0 };

pub(crate) fn text(path: &Path, text: &str) {
    telltale_wal::write_atomic(&RealFs, path, text.as_bytes()).unwrap();
}

pub(crate) fn jsonl(path: &Path, batch: &RecordBatch) {
    let mut lines = Vec::new();
    jsonl::write(&mut lines, batch).unwrap();
    text(path, std::str::from_utf8(&lines).unwrap());
}

/// Each batch is a page.
pub(crate) fn parquet(path: &Path, table: Table, pages: &[RecordBatch]) {
    let mut parts = Parts::open(&RealFs, path, &NEW).unwrap();
    for page in pages {
        parts.write(std::slice::from_ref(page)).unwrap();
    }
    let state = State { pages: pages.len() as u64, ..NEW };
    parts.publish(table, &state).unwrap();
    parts.clean().unwrap();
    assert!(!RealFs.exists(&super::parquet::parts_dir(path)).unwrap());
}
