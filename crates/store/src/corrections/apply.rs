//! Puts corrected values into a batch, touching only the columns that change.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewBuilder, BooleanArray, BooleanBuilder, Float64Array,
    Int64Array, StringViewBuilder, new_null_array,
};
use arrow::compute::{cast, filter_record_batch, interleave};
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::entry::SetColumn;
use super::{Corrections, Scalar};

/// Corrected values of one column, by row of the batch, each row once.
type ColumnValues<'a> = Vec<(usize, &'a SetColumn)>;

pub(super) fn apply(
    corrections: &Corrections,
    batch: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let ids = batch
        .column_by_name("record_id")
        .and_then(|column| column.as_primitive_opt::<Int64Type>())
        .ok_or_else(|| ArrowError::SchemaError("no Int64 column record_id to correct by".into()))?;
    let Some((min, max)) = corrections.bounds() else { return Ok(batch.clone()) };
    let mut sets: BTreeMap<&str, ColumnValues<'_>> = BTreeMap::new();
    let mut deleted = Vec::new();
    for (row, id) in ids.values().iter().enumerate() {
        if *id < min || *id > max {
            continue;
        }
        for entry in corrections.find(*id) {
            if entry.deleted.is_some() {
                deleted.push(row);
            }
            for column in &entry.columns {
                put(sets.entry(&column.name).or_default(), row, column);
            }
        }
    }
    let batch = if sets.is_empty() { batch.clone() } else { set_columns(batch, &sets)? };
    if deleted.is_empty() { Ok(batch) } else { drop_rows(&batch, &deleted) }
}

/// Rows come in ascending order, so an earlier value of the same row is the last one.
fn put<'a>(values: &mut ColumnValues<'a>, row: usize, column: &'a SetColumn) {
    match values.last_mut() {
        Some((last, old)) if *last == row => {
            if column.version > old.version {
                *old = column;
            }
        }
        _ => values.push((row, column)),
    }
}

fn set_columns(
    batch: &RecordBatch,
    sets: &BTreeMap<&str, ColumnValues<'_>>,
) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        match sets.get(field.name().as_str()) {
            Some(values) => set_column(column, values),
            None => Ok(Arc::clone(column)),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(schema, columns)
}

fn set_column(column: &ArrayRef, values: &ColumnValues<'_>) -> Result<ArrayRef, ArrowError> {
    let news = array_of(values.iter().map(|(_, set)| &set.value), column.data_type())?;
    let mut places: Vec<(usize, usize)> = (0..column.len()).map(|row| (0, row)).collect();
    for (at, (row, _)) in values.iter().enumerate() {
        if let Some(place) = places.get_mut(*row) {
            *place = (1, at);
        }
    }
    interleave(&[column.as_ref(), news.as_ref()], &places)
}

/// The values as an array of `ty`. Which kinds of value a column takes was checked when the
/// correction was accepted; a value of another kind is an error here.
fn array_of<'a>(
    values: impl ExactSizeIterator<Item = &'a Scalar>,
    ty: &DataType,
) -> Result<ArrayRef, ArrowError> {
    let values: Vec<&Scalar> = values.collect();
    let wrong = |value: &Scalar| {
        ArrowError::CastError(format!("a corrected value {value:?} for a column of type {ty}"))
    };
    let kind = values.iter().find(|value| !matches!(value, Scalar::Null));
    let array: ArrayRef = match kind {
        None => return Ok(new_null_array(ty, values.len())),
        Some(Scalar::Int(_)) => Arc::new(
            collect(&values, |v| match v {
                Scalar::Int(v) => Ok(*v),
                v => Err(wrong(v)),
            })?
            .into_iter()
            .collect::<Int64Array>(),
        ),
        Some(Scalar::Float(_)) => Arc::new(
            collect(&values, |v| match v {
                Scalar::Float(v) => Ok(*v),
                v => Err(wrong(v)),
            })?
            .into_iter()
            .collect::<Float64Array>(),
        ),
        Some(Scalar::Bool(_)) => {
            let mut builder = BooleanBuilder::new();
            builder.extend(collect(&values, |v| match v {
                Scalar::Bool(v) => Ok(*v),
                v => Err(wrong(v)),
            })?);
            Arc::new(builder.finish())
        }
        Some(Scalar::Text(_)) => {
            let mut builder = StringViewBuilder::new();
            builder.extend(collect(&values, |v| match v {
                Scalar::Text(v) => Ok(v.as_str()),
                v => Err(wrong(v)),
            })?);
            Arc::new(builder.finish())
        }
        Some(Scalar::Bytes(_) | Scalar::Null) => {
            let mut builder = BinaryViewBuilder::new();
            builder.extend(collect(&values, |v| match v {
                Scalar::Bytes(v) => Ok(v.as_slice()),
                v => Err(wrong(v)),
            })?);
            Arc::new(builder.finish())
        }
    };
    if array.data_type() == ty { Ok(array) } else { cast(&array, ty) }
}

fn collect<'a, T>(
    values: &[&'a Scalar],
    take: impl Fn(&'a Scalar) -> Result<T, ArrowError>,
) -> Result<Vec<Option<T>>, ArrowError> {
    let one = |value: &&'a Scalar| match value {
        Scalar::Null => Ok(None),
        value => take(value).map(Some),
    };
    values.iter().map(one).collect()
}

fn drop_rows(batch: &RecordBatch, deleted: &[usize]) -> Result<RecordBatch, ArrowError> {
    let mut keep = vec![true; batch.num_rows()];
    for row in deleted {
        if let Some(row) = keep.get_mut(*row) {
            *row = false;
        }
    }
    filter_record_batch(batch, &BooleanArray::from(keep))
}
