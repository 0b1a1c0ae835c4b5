//! Rows as SQL shows them, turned into the shape of which OTLP is made: ids as bytes.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use telltale_base::{Signal, unhex};
use telltale_otlp::EncodeError;
use telltale_schema::{ColumnType, Table};

/// Largest request that is made of more than one row.
const REQUEST_BYTES_MAX: usize = 8 << 20;

/// Rows that do not make a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ShapeError {
    #[error("column {column}, row {row}: {text:?} is not an id in hex")]
    Id { column: String, row: usize, text: String },
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Arrow(#[from] ArrowError),
}

/// The signal whose exports fill a table.
pub(crate) fn signal(table: Table) -> Signal {
    match table {
        // Nobody sends calls; encoding them says so.
        Table::Spans | Table::Calls => Signal::Traces,
        Table::Logs => Signal::Logs,
        Table::Metrics | Table::Histograms => Signal::Metrics,
    }
}

/// The columns of a table in plain types, as the API answers and as files have them.
pub(crate) fn plain_schema(table: Table) -> Schema {
    let plain = |ty: &DataType| match ty {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        other => other.clone(),
    };
    let schema = table.sql_schema();
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), plain(field.data_type()), field.is_nullable()));
    Schema::new(fields.collect::<Vec<_>>())
}

/// Export requests that say what the rows say, protobuf. The same rows make the same bytes.
pub(crate) fn requests(table: Table, batches: &[RecordBatch]) -> Result<Vec<Vec<u8>>, ShapeError> {
    let mut requests = Vec::new();
    if let Some(first) = batches.first() {
        let batch = with_binary_ids(table, &concat_batches(&first.schema(), batches)?)?;
        add_requests(table, &batch, &mut requests)?;
    }
    Ok(requests)
}

fn add_requests(
    table: Table,
    batch: &RecordBatch,
    requests: &mut Vec<Vec<u8>>,
) -> Result<(), ShapeError> {
    let rows = batch.num_rows();
    if rows == 0 {
        return Ok(());
    }
    let request = telltale_otlp::encode(table, std::slice::from_ref(batch))?;
    if request.len() <= REQUEST_BYTES_MAX || rows == 1 {
        requests.push(request);
        return Ok(());
    }
    let half = rows / 2;
    add_requests(table, &batch.slice(0, half), requests)?;
    add_requests(table, &batch.slice(half, rows - half), requests)
}

/// Ids in hex become bytes; ids that are bytes already, as in data files, stay.
fn with_binary_ids(table: Table, batch: &RecordBatch) -> Result<RecordBatch, ShapeError> {
    let schema = batch.schema();
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let Some(declared) = table.column(field.name()) else { continue };
        let text =
            matches!(column.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        if declared.ty == ColumnType::Id && text {
            fields.push(Field::new(declared.name, DataType::Binary, true));
            columns.push(bytes_of(declared.name, column)?);
        } else {
            fields.push(field.as_ref().clone().with_nullable(true));
            columns.push(Arc::clone(column));
        }
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn bytes_of(name: &str, column: &ArrayRef) -> Result<ArrayRef, ShapeError> {
    let texts = cast(column, &DataType::Utf8)?;
    let texts = texts.as_string::<i32>();
    let ids = (0..texts.len()).map(|row| {
        if texts.is_null(row) {
            return Ok(None);
        }
        let text = texts.value(row);
        let wrong = || ShapeError::Id {
            column: name.to_owned(),
            row,
            text: text.chars().take(64).collect(),
        };
        unhex(text).map(Some).ok_or_else(wrong)
    });
    let ids = ids.collect::<Result<Vec<Option<Vec<u8>>>, ShapeError>>()?;
    Ok(Arc::new(BinaryArray::from_iter(ids)))
}
