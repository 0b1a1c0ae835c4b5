//! The order of rows in files: the table's prefix columns, then time. Sorting a flush in memory,
//! and merging files that are sorted already.

mod merge;

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::error::ArrowError;
use telltale_schema::Table;

pub(crate) use merge::merge;

/// Rows that are handed on at once.
const CHUNK_ROWS: usize = 8192;

/// A row of several batches: batch, then row in it.
type Place = (usize, usize);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    prefix: u128,
    time: i64,
    place: Place,
}

/// Rows of several batches in file order, apart by date.
#[derive(Debug)]
pub(crate) struct Sorted<'a> {
    batches: &'a [RecordBatch],
    dates: BTreeMap<i32, Vec<Place>>,
}

impl<'a> Sorted<'a> {
    /// Sorts batches of one table's memory schema.
    pub(crate) fn new(table: Table, batches: &'a [RecordBatch]) -> Result<Self, ArrowError> {
        let prefixes = prefixes(table, batches)?;
        let mut dates: BTreeMap<i32, Vec<Key>> = BTreeMap::new();
        let mut prefixes = prefixes.into_iter();
        for (number, batch) in batches.iter().enumerate() {
            let days = column(batch, "date")?.as_primitive_opt::<Date32Type>();
            let times = column(batch, table.time_column())?.as_primitive_opt::<Int64Type>();
            let (Some(days), Some(times)) = (days, times) else {
                return Err(ArrowError::SchemaError("date or time of another type".into()));
            };
            for (row, (day, time)) in days.values().iter().zip(times.values()).enumerate() {
                let prefix = prefixes.next().unwrap_or_default();
                let key = Key { prefix, time: *time, place: (number, row) };
                dates.entry(*day).or_default().push(key);
            }
        }
        let dates = dates.into_iter().map(|(date, mut keys)| {
            keys.sort_unstable();
            (date, keys.into_iter().map(|key| key.place).collect())
        });
        Ok(Self { batches, dates: dates.collect() })
    }

    pub(crate) fn dates(&self) -> impl Iterator<Item = i32> {
        self.dates.keys().copied()
    }

    /// The rows of a date, in chunks.
    pub(crate) fn chunks(
        &self,
        date: i32,
    ) -> impl Iterator<Item = Result<RecordBatch, ArrowError>> {
        let batches: Vec<&RecordBatch> = self.batches.iter().collect();
        let places = self.dates.get(&date).map(Vec::as_slice).unwrap_or_default();
        places.chunks(CHUNK_ROWS).map(move |chunk| interleave_record_batch(&batches, chunk))
    }
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b dyn Array, ArrowError> {
    batch
        .column_by_name(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| ArrowError::SchemaError(format!("a batch without column {name}")))
}

/// For each row a number that orders it by the table's prefix columns.
fn prefixes(table: Table, batches: &[RecordBatch]) -> Result<Vec<u128>, ArrowError> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut keys = vec![0_u128; rows];
    for name in table.sort_prefix() {
        let (ranks, distinct) = ranks(name, batches)?;
        for (key, rank) in keys.iter_mut().zip(ranks) {
            *key = *key * u128::from(distinct) + u128::from(rank);
        }
    }
    Ok(keys)
}

/// For each row the rank of its value among the distinct values of a text column.
fn ranks(name: &str, batches: &[RecordBatch]) -> Result<(Vec<u32>, u32), ArrowError> {
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    let mut of_rows: Vec<u32> = Vec::new();
    for batch in batches {
        let texts = column(batch, name)?
            .as_string_view_opt()
            .ok_or_else(|| ArrowError::SchemaError(format!("column {name} is not text")))?;
        let mut last = None;
        for text in texts.iter().map(Option::unwrap_or_default) {
            let number = match last {
                Some((same, number)) if same == text => number,
                _ => {
                    let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                    *numbers.entry(text).or_insert(next)
                }
            };
            last = Some((text, number));
            of_rows.push(number);
        }
    }
    let mut values: Vec<(&str, u32)> = numbers.into_iter().collect();
    values.sort_unstable();
    let mut rank_of = vec![0_u32; values.len()];
    for (rank, (_, number)) in (0_u32..).zip(&values) {
        if let Some(slot) = usize::try_from(*number).ok().and_then(|n| rank_of.get_mut(n)) {
            *slot = rank;
        }
    }
    let rank = |number: u32| {
        usize::try_from(number).ok().and_then(|n| rank_of.get(n)).copied().unwrap_or(0)
    };
    let distinct = u32::try_from(values.len()).unwrap_or(u32::MAX).max(1);
    Ok((of_rows.into_iter().map(rank).collect(), distinct))
}

#[cfg(test)]
mod tests;
