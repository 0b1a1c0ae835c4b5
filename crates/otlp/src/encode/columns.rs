//! Columns of a batch by name, whatever text type they have; knows no signal.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, BooleanArray, Float64Array, Int64Array, ListArray,
    StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use telltale_schema::Table;

use crate::error::EncodeError;

/// The columns of one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'b> {
    table: Table,
    batch: &'b RecordBatch,
}

/// A column, `None` when the batch lacks it, which older files may: all its values are null.
#[derive(Debug)]
pub(super) struct Column<A>(Option<A>);

pub(super) type Texts = Column<StringViewArray>;
pub(super) type Ids = Column<BinaryViewArray>;
pub(super) type Ints = Column<Int64Array>;
pub(super) type Doubles = Column<Float64Array>;
pub(super) type Bools = Column<BooleanArray>;
pub(super) type Lists = Column<ListArray>;

impl<'b> Columns<'b> {
    pub(super) fn new(table: Table, batch: &'b RecordBatch) -> Self {
        Self { table, batch }
    }

    pub(super) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    fn array(&self, name: &'static str) -> Result<Option<ArrayRef>, EncodeError> {
        let missing = || EncodeError::MissingColumn { table: self.table.name(), column: name };
        let declared = self.table.column(name).ok_or_else(missing)?;
        let Some(array) = self.batch.column_by_name(name) else {
            return if declared.nullable { Ok(None) } else { Err(missing()) };
        };
        cast(array, &declared.ty.memory())
            .map(Some)
            .map_err(|source| EncodeError::Column { column: name, source })
    }

    fn typed<A: Clone + 'static>(
        &self,
        name: &'static str,
        of: impl FnOnce(&ArrayRef) -> Option<&A>,
    ) -> Result<Column<A>, EncodeError> {
        let Some(array) = self.array(name)? else { return Ok(Column(None)) };
        let wrong = || ArrowError::CastError(format!("unexpected {}", array.data_type()));
        let typed = of(&array).cloned();
        typed
            .map(|typed| Column(Some(typed)))
            .ok_or_else(|| EncodeError::Column { column: name, source: wrong() })
    }

    pub(super) fn texts(&self, name: &'static str) -> Result<Texts, EncodeError> {
        self.typed(name, AsArray::as_string_view_opt)
    }

    pub(super) fn ids(&self, name: &'static str) -> Result<Ids, EncodeError> {
        self.typed(name, AsArray::as_binary_view_opt)
    }

    pub(super) fn ints(&self, name: &'static str) -> Result<Ints, EncodeError> {
        self.typed(name, AsArray::as_primitive_opt::<Int64Type>)
    }

    pub(super) fn doubles(&self, name: &'static str) -> Result<Doubles, EncodeError> {
        self.typed(name, AsArray::as_primitive_opt::<Float64Type>)
    }

    pub(super) fn bools(&self, name: &'static str) -> Result<Bools, EncodeError> {
        self.typed(name, AsArray::as_boolean_opt)
    }

    pub(super) fn lists(&self, name: &'static str) -> Result<Lists, EncodeError> {
        self.typed(name, AsArray::as_list_opt::<i32>)
    }
}

impl<A: Array> Column<A> {
    fn valid(&self, row: usize) -> Option<&A> {
        self.0.as_ref().filter(|array| row < array.len() && array.is_valid(row))
    }
}

impl Texts {
    pub(super) fn get(&self, row: usize) -> Option<&str> {
        self.valid(row).map(|array| array.value(row))
    }
}

impl Ids {
    pub(super) fn get(&self, row: usize) -> Option<&[u8]> {
        self.valid(row).map(|array| array.value(row))
    }
}

impl Ints {
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.valid(row).map(|array| array.value(row))
    }

    /// The value with its bits as OTLP says them; zero when null.
    pub(super) fn unsigned(&self, row: usize) -> u64 {
        self.get(row).unwrap_or(0).cast_unsigned()
    }
}

impl Doubles {
    pub(super) fn get(&self, row: usize) -> Option<f64> {
        self.valid(row).map(|array| array.value(row))
    }
}

impl Bools {
    pub(super) fn get(&self, row: usize) -> Option<bool> {
        self.valid(row).map(|array| array.value(row))
    }
}

impl Lists {
    fn values<T: ArrowPrimitiveType>(&self, row: usize) -> Vec<T::Native> {
        let list = self.valid(row).map(|array| array.value(row));
        list.and_then(|list| list.as_primitive_opt::<T>().map(|items| items.values().to_vec()))
            .unwrap_or_default()
    }

    /// Integers with their bits as OTLP says them; none when null.
    pub(super) fn unsigned(&self, row: usize) -> Vec<u64> {
        self.values::<Int64Type>(row).into_iter().map(i64::cast_unsigned).collect()
    }

    /// Doubles; none when null.
    pub(super) fn doubles(&self, row: usize) -> Vec<f64> {
        self.values::<Float64Type>(row)
    }
}
