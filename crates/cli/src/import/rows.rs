//! Files of rows in the columns of SQL, turned back into OTLP requests. What the server works out
//! itself (`record_id`, `project`, `date` and the timestamps in microseconds) is left out.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::json::ReaderBuilder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Map, Value};
use telltale_schema::{ColumnType, Table};

use super::{Sent, unusable};
use crate::error::CliError;
use crate::export::deliver::{Media, Receiver};
use crate::export::shape;

/// Rows that become one request, when they are not too large for it. The same file is always cut
/// at the same rows, so that the server recognises what it has.
const REQUEST_ROWS: usize = 2_000;

/// Most bytes of the first line of a file, which says what table it is.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// The rows of a file.
pub(super) struct Rows {
    table: Table,
    batches: Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>,
}

/// Opens a file of JSON objects; `None` when it has none.
pub(super) fn jsonl(path: &Path) -> Result<Option<Rows>, CliError> {
    let mut file = BufReader::new(File::open(path).map_err(CliError::file("open", path))?);
    let mut line = String::new();
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut file, LINE_BYTES_MAX);
        let read = limited.read_line(&mut line).map_err(CliError::file("read", path))?;
        if read == 0 {
            return Ok(None);
        }
        if !line.trim().is_empty() {
            break;
        }
    }
    let first: Map<String, Value> = serde_json::from_str(&line)
        .map_err(|error| unusable(path, &format!("not a JSON object a line: {error}")))?;
    let table = table_of(|column| first.contains_key(column))
        .ok_or_else(|| unusable(path, &"its first row is of none of our tables"))?;
    file.rewind().map_err(CliError::file("read", path))?;
    let reader = ReaderBuilder::new(Arc::new(sent_columns(table)))
        .with_batch_size(REQUEST_ROWS)
        .build(file)
        .map_err(|error| unusable(path, &error))?;
    Ok(Some(Rows { table, batches: Box::new(reader) }))
}

/// Opens a Parquet file.
pub(super) fn parquet(path: &Path) -> Result<Option<Rows>, CliError> {
    let file = File::open(path).map_err(CliError::file("open", path))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unusable(path, &error))?;
    let schema = Arc::clone(builder.schema());
    let table = table_of(|column| schema.index_of(column).is_ok())
        .ok_or_else(|| unusable(path, &"its columns are those of none of our tables"))?;
    let reader =
        builder.with_batch_size(REQUEST_ROWS).build().map_err(|error| unusable(path, &error))?;
    Ok(Some(Rows { table, batches: Box::new(reader) }))
}

pub(super) async fn send(
    path: &Path,
    rows: Option<Rows>,
    receiver: &Receiver,
) -> Result<Sent, CliError> {
    let mut sent = Sent { rows: Some(0), ..Sent::default() };
    let Some(Rows { table, batches }) = rows else { return Ok(sent) };
    let mut count = 0;
    for batch in batches {
        let told = |problem: String| unusable(path, &format!("behind row {count}: {problem}"));
        let batch = batch.map_err(|error| told(error.to_string()))?;
        let rows = batch.num_rows() as u64;
        let bodies = shape::requests(table, &[batch]).map_err(|error| told(error.to_string()))?;
        for body in bodies {
            let refusal = receiver.send(shape::signal(table), Media::Protobuf, body).await?;
            sent.refusal.add(refusal);
            sent.requests += 1;
        }
        count += rows;
        sent.rows = Some(count);
    }
    Ok(sent)
}

/// The table whose rows always have these columns; the one with most such columns, as a row of
/// `histograms` has all that one of `metrics` must have.
fn table_of(has: impl Fn(&str) -> bool) -> Option<Table> {
    let must = |table: Table| table.columns().iter().filter(|column| !column.nullable);
    Table::SENT
        .into_iter()
        .filter(|table| must(*table).all(|column| has(column.name)))
        .max_by_key(|table| must(*table).count())
}

/// The columns that make an export.
fn sent_columns(table: Table) -> Schema {
    let plain = Table::delta_schema(table);
    let sent = table.columns().iter().filter(|column| column.ty != ColumnType::Time);
    let fields = sent.filter_map(|column| {
        let field = plain.field_with_name(column.name).ok()?;
        Some(field.clone().with_nullable(column.nullable))
    });
    Schema::new(fields.collect::<Vec<_>>())
}

impl Rows {
    #[cfg(test)]
    pub(super) fn into_parts(
        self,
    ) -> (Table, Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>) {
        (self.table, self.batches)
    }
}
