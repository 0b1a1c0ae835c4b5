//! Columns without a value. All of them share one block of zeros, so that the columns of AI
//! telemetry cost spans of other traffic no memory.

use std::sync::LazyLock;

use arrow::array::{Array, ArrayData, ArrayRef, make_array, new_null_array};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::DataType;

/// Rows that the shared block is enough for; the pages of the block are never written.
const ROWS_MAX: usize = 1 << 20;
/// Bytes of the widest type that shares the block.
const WIDTH_MAX: usize = 16;

static ZEROS: LazyLock<Buffer> =
    LazyLock::new(|| Buffer::from_vec(vec![0_u8; ROWS_MAX * WIDTH_MAX]));

/// A column of `rows` nulls. Text, numbers and timestamps share memory; other types own theirs.
pub(crate) fn nulls(ty: &DataType, rows: usize) -> ArrayRef {
    let width = match ty {
        DataType::Utf8View | DataType::BinaryView => WIDTH_MAX,
        DataType::Int64 | DataType::Float64 | DataType::Timestamp(..) => 8,
        _ => return new_null_array(ty, rows),
    };
    if rows == 0 || rows > ROWS_MAX {
        return new_null_array(ty, rows);
    }
    let data = ArrayData::builder(ty.clone())
        .len(rows)
        .add_buffer(ZEROS.slice_with_length(0, rows * width))
        .nulls(Some(NullBuffer::new(BooleanBuffer::new(ZEROS.clone(), 0, rows))))
        .build();
    data.map_or_else(|_| new_null_array(ty, rows), make_array)
}

/// Whether a column holds nothing but nulls.
pub(crate) fn is_all_null(column: &dyn Array) -> bool {
    !column.is_empty() && column.null_count() == column.len()
}

#[cfg(test)]
mod tests;
