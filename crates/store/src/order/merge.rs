//! Merges inputs that are each in file order into one, holding one batch of each in memory.
//!
//! An input that is out of order (a correction may change a column that rows are sorted by) loses
//! nothing: the output is then sorted less well.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, Rows, SortField};
use telltale_schema::Table;

use super::{CHUNK_ROWS, Place};
use crate::StoreError;

/// Merges `inputs`, batches of one table's file schema, into `sink`.
pub(crate) fn merge<I>(
    table: Table,
    inputs: Vec<I>,
    sink: &mut dyn FnMut(RecordBatch) -> Result<(), StoreError>,
) -> Result<(), StoreError>
where
    I: Iterator<Item = Result<RecordBatch, StoreError>>,
{
    let mut merge = Merge::start(table, inputs)?;
    while !merge.heap.is_empty() {
        merge.take_row()?;
        if merge.places.len() >= CHUNK_ROWS {
            sink(merge.chunk()?)?;
        }
    }
    if merge.places.is_empty() { Ok(()) } else { sink(merge.chunk()?) }
}

struct Cursor<I> {
    input: I,
    /// Number of the current batch among the held ones.
    slot: usize,
    keys: Rows,
    row: usize,
}

struct Merge<I> {
    columns: Vec<&'static str>,
    converter: RowConverter,
    cursors: Vec<Cursor<I>>,
    /// Numbers of cursors with rows left; a binary heap, the smallest row first.
    heap: Vec<usize>,
    held: Vec<RecordBatch>,
    places: Vec<Place>,
}

impl<I: Iterator<Item = Result<RecordBatch, StoreError>>> Merge<I> {
    fn start(table: Table, inputs: Vec<I>) -> Result<Self, StoreError> {
        let columns: Vec<&'static str> =
            table.sort_prefix().iter().copied().chain([table.time_column(), "record_id"]).collect();
        let schema = table.file_schema();
        let fields = columns.iter().map(|name| {
            let field = schema.field_with_name(name)?;
            Ok(SortField::new(field.data_type().clone()))
        });
        let converter = RowConverter::new(fields.collect::<Result<_, ArrowError>>()?)?;
        let mut merge = Self {
            columns,
            converter,
            cursors: Vec::new(),
            heap: Vec::new(),
            held: Vec::new(),
            places: Vec::new(),
        };
        for mut input in inputs {
            let Some(batch) = next_batch(&mut input)? else { continue };
            let keys = merge.keys(&batch)?;
            let slot = merge.held.len();
            merge.held.push(batch);
            merge.cursors.push(Cursor { input, slot, keys, row: 0 });
        }
        merge.heap = (0..merge.cursors.len()).collect();
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sift_down(at);
        }
        Ok(merge)
    }

    fn keys(&self, batch: &RecordBatch) -> Result<Rows, ArrowError> {
        let column = |name: &&str| -> Result<ArrayRef, ArrowError> {
            batch
                .column_by_name(name)
                .map(Arc::clone)
                .ok_or_else(|| ArrowError::SchemaError(format!("a batch without column {name}")))
        };
        let columns = self.columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        self.converter.convert_columns(&columns)
    }

    /// Moves the smallest row to the output.
    fn take_row(&mut self) -> Result<(), StoreError> {
        let Some(number) = self.heap.first().copied() else { return Ok(()) };
        let Some(cursor) = self.cursors.get_mut(number) else { return Ok(()) };
        self.places.push((cursor.slot, cursor.row));
        cursor.row += 1;
        if cursor.row >= cursor.keys.num_rows() {
            match next_batch(&mut cursor.input)? {
                Some(batch) => {
                    let keys = self.keys(&batch)?;
                    let slot = self.held.len();
                    self.held.push(batch);
                    if let Some(cursor) = self.cursors.get_mut(number) {
                        (cursor.keys, cursor.slot, cursor.row) = (keys, slot, 0);
                    }
                }
                None => {
                    self.heap.swap_remove(0);
                }
            }
        }
        self.sift_down(0);
        Ok(())
    }

    fn less(&self, a: usize, b: usize) -> bool {
        let row = |at: usize| {
            let cursor = self.heap.get(at).and_then(|number| self.cursors.get(*number))?;
            Some(cursor.keys.row(cursor.row))
        };
        match (row(a), row(b)) {
            (Some(a), Some(b)) => a.cmp(&b) == Ordering::Less,
            _ => false,
        }
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let mut smallest = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.less(child, smallest) {
                    smallest = child;
                }
            }
            if smallest == at {
                return;
            }
            self.heap.swap(at, smallest);
            at = smallest;
        }
    }

    /// The rows gathered so far; lets go of batches that no cursor needs any more.
    fn chunk(&mut self) -> Result<RecordBatch, StoreError> {
        let batches: Vec<&RecordBatch> = self.held.iter().collect();
        let chunk = interleave_record_batch(&batches, &self.places)?;
        self.places.clear();
        let mut held = Vec::with_capacity(self.cursors.len());
        for number in &self.heap {
            if let Some(cursor) = self.cursors.get_mut(*number)
                && let Some(batch) = self.held.get(cursor.slot)
            {
                cursor.slot = held.len();
                held.push(batch.clone());
            }
        }
        self.held = held;
        Ok(chunk)
    }
}

fn next_batch<I>(input: &mut I) -> Result<Option<RecordBatch>, StoreError>
where
    I: Iterator<Item = Result<RecordBatch, StoreError>>,
{
    for batch in input {
        let batch = batch?;
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}
