//! Reads columns of batches by name.

use arrow::array::{Array, AsArray, BinaryViewArray, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::max;
use arrow::datatypes::Int64Type;

use crate::error::QueryError;

/// The columns of one batch.
pub(super) struct Columns<'a>(pub(super) &'a RecordBatch);

impl<'a> Columns<'a> {
    fn get(&self, name: &str) -> Result<&'a dyn Array, QueryError> {
        let column = self.0.column_by_name(name).map(AsRef::as_ref);
        column.ok_or_else(|| QueryError::internal(format!("no column {name}")))
    }

    pub(super) fn ints(&self, name: &str) -> Result<&'a Int64Array, QueryError> {
        self.get(name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(name))
    }

    pub(super) fn texts(&self, name: &str) -> Result<&'a StringViewArray, QueryError> {
        self.get(name)?.as_string_view_opt().ok_or_else(|| wrong(name))
    }

    pub(super) fn ids(&self, name: &str) -> Result<&'a BinaryViewArray, QueryError> {
        self.get(name)?.as_binary_view_opt().ok_or_else(|| wrong(name))
    }
}

fn wrong(name: &str) -> QueryError {
    QueryError::internal(format!("column {name} has another type than declared"))
}

/// A value unless it is null.
pub(super) fn text(column: &StringViewArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// An id unless it is null or has another length.
pub(super) fn id<const N: usize>(column: &BinaryViewArray, row: usize) -> Option<[u8; N]> {
    column.is_valid(row).then(|| column.value(row).try_into().ok())?
}

/// The largest record id of a memory batch.
pub(super) fn record_id_max(batch: &RecordBatch) -> Option<i64> {
    max(batch.column_by_name("record_id")?.as_primitive_opt::<Int64Type>()?)
}
