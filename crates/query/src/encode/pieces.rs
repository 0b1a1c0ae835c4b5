//! Cuts batches into pieces of about equal size, so that none makes too many bytes at once.
//!
//! The memory of a batch says little: views of texts share what they point to, so a batch of a few
//! megabytes can be gigabytes when written out. The length of each row is added up instead.

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait, RecordBatch};
use arrow::array::{GenericListArray, GenericStringArray};
use arrow::datatypes::DataType;

/// Bytes of a piece, about; a longer row is a piece by itself.
const PIECE_BYTES: u64 = 1 << 20;

/// What a value without text or bytes takes, about.
const CELL_BYTES: u64 = 8;

/// The pieces of a batch that are left.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    rest: Option<RecordBatch>,
    /// Bytes of each row of the batch, those that were taken included.
    sizes: Vec<u64>,
    taken: usize,
}

impl Pieces {
    pub(super) fn of(batch: RecordBatch) -> Self {
        let sizes = batch.columns().iter().fold(vec![0; batch.num_rows()], |sizes, column| {
            sizes
                .iter()
                .zip(lengths(column))
                .map(|(sum, bytes)| bytes.saturating_add(*sum))
                .collect()
        });
        Self { rest: Some(batch), sizes, taken: 0 }
    }
}

impl Iterator for Pieces {
    type Item = (RecordBatch, u64);

    /// The next piece and about how many bytes it has.
    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.rest.as_ref()?;
        let (mut rows, mut bytes) = (0, 0_u64);
        for size in self.sizes.iter().skip(self.taken) {
            let sum = bytes.saturating_add(*size);
            if rows > 0 && sum > PIECE_BYTES {
                break;
            }
            (rows, bytes) = (rows + 1, sum);
        }
        let piece = batch.slice(self.taken, rows);
        self.taken += rows;
        if self.taken >= batch.num_rows() {
            self.rest = None;
        }
        (rows > 0).then_some((piece, bytes))
    }
}

/// Bytes of each value, about.
fn lengths(column: &ArrayRef) -> Vec<u64> {
    match column.data_type() {
        DataType::Utf8View => {
            column.as_string_view().iter().map(|text| text.map_or(0, str::len) as u64).collect()
        }
        DataType::Utf8 => texts(column.as_string::<i32>()),
        DataType::LargeUtf8 => texts(column.as_string::<i64>()),
        DataType::BinaryView => {
            column.as_binary_view().iter().map(|b| b.map_or(0, <[u8]>::len) as u64).collect()
        }
        DataType::Binary => {
            column.as_binary::<i32>().iter().map(|b| b.map_or(0, <[u8]>::len) as u64).collect()
        }
        DataType::List(_) => items(column.as_list::<i32>()),
        DataType::LargeList(_) => items(column.as_list::<i64>()),
        DataType::Struct(_) => {
            let fields = column.as_struct().columns().iter();
            fields.fold(vec![0; column.len()], |sizes, field| {
                let both = sizes.into_iter().zip(lengths(field));
                both.map(|(sum, bytes): (u64, u64)| sum.saturating_add(bytes)).collect()
            })
        }
        ty if ty.is_nested() || matches!(ty, DataType::Dictionary(..)) => {
            let each = column.get_array_memory_size() / column.len().max(1);
            vec![(each as u64).max(CELL_BYTES); column.len()]
        }
        _ => vec![CELL_BYTES; column.len()],
    }
}

fn texts<O: OffsetSizeTrait>(texts: &GenericStringArray<O>) -> Vec<u64> {
    texts.iter().map(|text| text.map_or(0, str::len) as u64).collect()
}

fn items<O: OffsetSizeTrait>(lists: &GenericListArray<O>) -> Vec<u64> {
    let list = |items: Option<ArrayRef>| {
        items.map_or(0, |items| lengths(&items).into_iter().fold(CELL_BYTES, u64::saturating_add))
    };
    lists.iter().map(list).collect()
}

#[cfg(test)]
mod tests;
