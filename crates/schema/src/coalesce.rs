//! Joins many small batches into one that owns compact memory.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, Int64Array, StringViewArray};
use arrow::compute::concat;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::kinds::{ColumnType, SharedBuilder};
use crate::nulls::{is_all_null, nulls};
use crate::tables::Table;

/// Bytes of an Arrow view, whatever it points at.
const VIEW_BYTES: usize = 16;

/// Joins batches of one table's memory schema. String data is copied into few buffers, and shared
/// text is shared again, so that thousands of one-row batches cost what their data costs.
///
/// # Errors
/// When the batches are not of the table's memory schema.
pub fn coalesce(table: Table, batches: &[RecordBatch]) -> Result<RecordBatch, ArrowError> {
    let schema = table.memory_schema();
    if let [one] = batches {
        return Ok(one.clone());
    }
    let columns = schema.fields().iter().enumerate().map(|(index, field)| {
        let parts: Vec<&dyn Array> =
            batches.iter().filter_map(|b| b.columns().get(index)).map(AsRef::as_ref).collect();
        let shared = table.column(field.name()).is_some_and(|c| c.ty == ColumnType::SharedText);
        if parts.is_empty() {
            return Ok(arrow::array::new_empty_array(field.data_type()));
        }
        if parts.iter().all(|part| is_all_null(*part)) {
            return Ok(nulls(field.data_type(), parts.iter().map(|part| part.len()).sum()));
        }
        if shared { Ok(share(&parts)) } else { concat(&parts).map(compact) }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect::<Result<_, _>>()?)
}

fn share(parts: &[&dyn Array]) -> ArrayRef {
    let mut builder = SharedBuilder::new();
    for value in parts.iter().filter_map(|p| p.as_string_view_opt()).flat_map(StringViewArray::iter)
    {
        match value {
            Some(text) => builder.append_value(text),
            None => builder.append_null(),
        }
    }
    Arc::new(builder.finish())
}

fn compact(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        _ => array,
    }
}

/// Gives the rows their identity: adds `base` (the frame's sequence number, shifted) to the
/// ordinals that a builder left in `record_id`.
///
/// # Errors
/// When the batch has no `record_id` column in front.
pub fn assign_record_ids(batch: &RecordBatch, base: i64) -> Result<RecordBatch, ArrowError> {
    let (Some(ordinals), schema) = (batch.columns().first(), batch.schema()) else {
        return Err(ArrowError::SchemaError("a batch without columns".into()));
    };
    let ordinals = ordinals
        .as_primitive_opt::<arrow::datatypes::Int64Type>()
        .ok_or_else(|| ArrowError::SchemaError("record_id is not the first column".into()))?;
    let ids: Int64Array = ordinals.unary(|ordinal| base + ordinal);
    let rest = batch.columns().iter().skip(1).map(Arc::clone);
    RecordBatch::try_new(schema, std::iter::once(Arc::new(ids) as ArrayRef).chain(rest).collect())
}

/// Bytes of memory that a batch holds: what its buffers take, each buffer counted once. Columns of
/// nulls count nothing.
#[must_use]
pub fn memory_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(column_bytes).sum()
}

fn column_bytes(column: &ArrayRef) -> usize {
    let views = |views: usize, buffers: &[arrow::buffer::Buffer]| {
        views * VIEW_BYTES + buffers.iter().map(arrow::buffer::Buffer::capacity).sum::<usize>()
    };
    if is_all_null(column.as_ref()) {
        // It has a share of the one block of zeros.
        0
    } else if let Some(text) = column.as_any().downcast_ref::<StringViewArray>() {
        views(text.len(), text.data_buffers())
    } else if let Some(bytes) = column.as_any().downcast_ref::<BinaryViewArray>() {
        views(bytes.len(), bytes.data_buffers())
    } else {
        column.get_array_memory_size()
    }
}

#[cfg(test)]
mod tests;
