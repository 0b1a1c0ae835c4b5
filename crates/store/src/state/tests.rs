//! What may leave the log, and that rows change place atomically.

use std::sync::Arc;
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_schema::{RECORD_ORDINAL_BITS, SpanRow, SpansBuilder, Table, assign_record_ids};

use super::State;
use crate::{Change, Correction};

fn add(state: &mut State, seq: u64) {
    let mut builder = SpansBuilder::new();
    builder.append(&SpanRow { trace_id: &[1; 16], span_id: &[2; 8], ..SpanRow::default() });
    let batch = assign_record_ids(&builder.finish().unwrap(), record_id(seq)).unwrap();
    state.add_rows(&Project::default_project(), Table::Spans, batch, seq, Duration::ZERO);
    state.applied = seq;
}

fn record_id(seq: u64) -> i64 {
    i64::try_from(seq).unwrap() << RECORD_ORDINAL_BITS
}

fn delete(state: &mut State, seq: u64, row_of: u64) {
    let correction = Correction { record_id: record_id(row_of), date: 0, change: Change::Delete };
    state.add_corrections(&Project::default_project(), Table::Spans, vec![correction], seq);
    state.applied = seq;
}

fn rows(state: &State) -> usize {
    let snapshot = state.snapshot(&Project::default_project(), Table::Spans);
    snapshot.memory.iter().map(RecordBatch::num_rows).sum()
}

#[test]
fn the_log_keeps_what_is_in_memory_only() {
    let mut state = State { applied: 4, ..State::default() };
    assert_eq!(state.trimmable(), 4);
    add(&mut state, 5);
    add(&mut state, 6);
    assert_eq!(state.trimmable(), 4);
    let frozen = state.freeze(Table::Spans).unwrap();
    add(&mut state, 7);
    assert_eq!((state.trimmable(), rows(&state), frozen.seq), (4, 3, 6));
    drop(state.flushed(&frozen, Vec::new(), Duration::ZERO));
    assert_eq!((state.trimmable(), rows(&state)), (6, 1));
    let frozen = state.freeze(Table::Spans).unwrap();
    drop(state.flushed(&frozen, Vec::new(), Duration::ZERO));
    assert_eq!((state.trimmable(), rows(&state), state.memory_bytes), (7, 0, 0));
    assert!(state.freeze(Table::Spans).is_none());
}

#[test]
fn a_failed_flush_gives_its_rows_back() {
    let mut state = State::default();
    add(&mut state, 1);
    let bytes = state.memory_bytes;
    let frozen = state.freeze(Table::Spans).unwrap();
    state.thaw(&frozen);
    assert_eq!((state.trimmable(), rows(&state), state.memory_bytes), (0, 1, bytes));
    add(&mut state, 2);
    let frozen = state.freeze(Table::Spans).unwrap();
    assert_eq!(frozen.seq, 2);
    drop(state.flushed(&frozen, Vec::new(), Duration::ZERO));
    assert_eq!((state.trimmable(), rows(&state), state.memory_bytes), (2, 0, 0));
}

#[test]
fn corrections_keep_the_log_until_saved_and_leave_with_their_rows() {
    let mut state = State::default();
    let pending = |state: &State| {
        Arc::clone(&state.snapshot(&Project::default_project(), Table::Spans).corrections).len()
    };
    add(&mut state, 1);
    delete(&mut state, 2, 1);
    let frozen = state.freeze(Table::Spans).unwrap();
    delete(&mut state, 3, 1);
    add(&mut state, 4);
    delete(&mut state, 5, 4);
    drop(state.flushed(&frozen, Vec::new(), Duration::ZERO));
    // That of frame 5 is of a row in memory; a row that is gone cannot be deleted again.
    assert_eq!((state.trimmable(), pending(&state)), (1, 1));
    state.progress_mut(Table::Spans).corrections_saved(3);
    assert_eq!(state.trimmable(), 2, "rows of frame 4 may be anywhere after the freeze");
    let frozen = state.freeze(Table::Spans).unwrap();
    drop(state.flushed(&frozen, Vec::new(), Duration::ZERO));
    assert_eq!((state.trimmable(), pending(&state)), (3, 0));
    state.progress_mut(Table::Spans).corrections_saved(5);
    assert_eq!(state.trimmable(), 5);
}
