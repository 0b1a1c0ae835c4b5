//! A hash over everything a span says, so that the same span in another export is recognised.

use arrow::array::{Array, AsArray, StringViewArray};
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use telltale_schema::Table;

use crate::dedup::Key;

/// Columns that are not part of what the client said, besides those that rules derive.
const NOT_CONTENT: [&str; 4] = ["record_id", "date", "date_source", "start_time"];

/// Hashes every row of a `spans` batch together with its project.
pub(crate) fn span_keys(project: &str, batch: &RecordBatch) -> Vec<Key> {
    let schema = batch.schema();
    // A column keeps its place when others are skipped: the same span must hash the same in a
    // batch where another span fills a column that is all null here.
    let columns: Vec<(u8, Column<'_>)> = (0_u8..)
        .zip(schema.fields().iter().zip(batch.columns()))
        .filter(|(_, (field, _))| !NOT_CONTENT.contains(&field.name().as_str()))
        .filter(|(_, (field, _))| !Table::Spans.column(field.name()).is_some_and(|c| c.derived))
        .filter(|(_, (_, column))| column.null_count() < column.len())
        .filter_map(|(place, (_, column))| Some((place, Column::of(column.as_ref())?)))
        .collect();
    let mut row_bytes = Vec::with_capacity(1 << 10);
    (0..batch.num_rows())
        .map(|row| {
            row_bytes.clear();
            for (place, column) in &columns {
                column.push(*place, row, &mut row_bytes);
            }
            Key::of(&row_bytes, project.as_bytes())
        })
        .collect()
}

enum Column<'a> {
    Text(&'a StringViewArray),
    Bytes(&'a arrow::array::BinaryViewArray),
    Int(&'a arrow::array::Int64Array),
}

impl<'a> Column<'a> {
    fn of(array: &'a dyn Array) -> Option<Self> {
        match array.data_type() {
            DataType::Utf8View => array.as_string_view_opt().map(Self::Text),
            DataType::BinaryView => array.as_binary_view_opt().map(Self::Bytes),
            DataType::Int64 => array.as_primitive_opt::<Int64Type>().map(Self::Int),
            _ => None,
        }
    }

    /// Appends one value so that no two different rows give the same bytes.
    fn push(&self, place: u8, row: usize, out: &mut Vec<u8>) {
        let mut put = |bytes: &[u8]| {
            out.push(place);
            out.extend_from_slice(&bytes.len().to_le_bytes());
            out.extend_from_slice(bytes);
        };
        match self {
            Self::Text(array) if array.is_valid(row) => put(array.value(row).as_bytes()),
            Self::Bytes(array) if array.is_valid(row) => put(array.value(row)),
            Self::Int(array) if array.is_valid(row) => put(&array.value(row).to_le_bytes()),
            Self::Text(_) | Self::Bytes(_) | Self::Int(_) => {}
        }
    }
}
