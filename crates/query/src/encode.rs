//! Results as bytes, piece by piece: no encoder holds more than one piece of a batch, or one row.

mod arrow;
mod csv;
mod json;
mod pieces;
mod value;

use std::sync::Arc;

use ::arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use ::arrow::datatypes::SchemaRef;
use ::arrow::error::ArrowError;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use telltale_base::Project;
use telltale_schema::{ColumnType, Table};

use crate::engine::SqlStream;
use crate::error::QueryError;
use crate::limits::Truncated;
use crate::udf::hex::hex_array;
use pieces::Pieces;

pub use json::json_rows;
pub use value::type_name;

/// A form of result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `{"columns":[{"name","type"}],"rows":[[...]],"row_count":n,"truncated":false}`.
    Json,
    /// A header line, then one line a row, as RFC 4180 says; null is an empty field.
    Csv,
    /// An Arrow IPC stream with plain string and binary columns.
    Arrow,
}

impl Format {
    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }
}

/// One form's way of writing.
trait Encoder: Send {
    fn begin(&mut self, schema: &SchemaRef) -> Result<Vec<u8>, QueryError>;
    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, QueryError>;
    /// The last `rows` rows are not sent.
    fn forget(&mut self, _rows: usize) {}
    fn end(&mut self, truncated: bool) -> Result<Vec<u8>, QueryError>;
}

/// The rows of a query as bytes. An error ends the stream: what was sent before is not a whole
/// result, and the connection should be cut rather than closed in peace.
pub fn encode(
    rows: SqlStream,
    format: Format,
) -> impl Stream<Item = Result<Bytes, QueryError>> + Send {
    let encoder: Box<dyn Encoder> = match format {
        Format::Json => Box::new(json::Json::default()),
        Format::Csv => Box::new(csv::Csv),
        Format::Arrow => Box::new(arrow::Arrow::default()),
    };
    let truncated = rows.truncated();
    let left = rows.bytes_max();
    let pieces = Pieces::default();
    let state = Some(State { rows, encoder, truncated, begun: false, pieces, left });
    let chunks = stream::unfold(state, |state| async move {
        let mut state = state?;
        match state.next().await {
            Ok((bytes, false)) => Some((Ok(bytes), Some(state))),
            Ok((bytes, true)) => Some((Ok(bytes), None)),
            Err(error) => Some((Err(error), None)),
        }
    });
    chunks.filter(|chunk| {
        let send = chunk.as_ref().map_or(true, |bytes: &Bytes| !bytes.is_empty());
        std::future::ready(send)
    })
}

struct State {
    rows: SqlStream,
    encoder: Box<dyn Encoder>,
    truncated: Truncated,
    begun: bool,
    pieces: Pieces,
    /// Bytes that may still be sent.
    left: u64,
}

impl State {
    /// The next bytes, and whether they are the last.
    async fn next(&mut self) -> Result<(Bytes, bool), QueryError> {
        if !self.begun {
            self.begun = true;
            let schema = Arc::clone(self.rows.schema());
            return Ok((self.encoder.begin(&schema)?.into(), false));
        }
        let Some((rows, estimate)) = self.piece().await? else {
            return Ok((self.encoder.end(self.truncated.get())?.into(), true));
        };
        if estimate <= self.left {
            // Encoding never waits: the thread is given back between pieces.
            tokio::task::yield_now().await;
            self.rows.in_time()?;
            let bytes = self.encoder.batch(&rows)?;
            if let Some(left) = self.left.checked_sub(bytes.len() as u64) {
                self.left = left;
                return Ok((bytes.into(), false));
            }
            self.encoder.forget(rows.num_rows());
        }
        self.truncated.set();
        Ok((self.encoder.end(true)?.into(), true))
    }

    async fn piece(&mut self) -> Result<Option<(RecordBatch, u64)>, QueryError> {
        loop {
            if let Some(piece) = self.pieces.next() {
                return Ok(Some(piece));
            }
            match self.rows.next().await {
                Some(batch) => self.pieces = Pieces::of(batch?),
                None => return Ok(None),
            }
        }
    }
}

/// A memory batch in the shape that SQL shows: `project` in front, ids as hex text.
///
/// # Errors
/// When the batch is not of the table's memory schema.
pub fn sql_batch(
    project: &Project,
    table: Table,
    batch: &RecordBatch,
) -> Result<RecordBatch, QueryError> {
    let schema = table.sql_schema();
    let columns = schema.fields().iter().map(|field| -> Result<ArrayRef, ArrowError> {
        if field.name() == "project" {
            let names = std::iter::repeat_n(project.as_str(), batch.num_rows());
            return Ok(Arc::new(StringViewArray::from_iter_values(names)));
        }
        let column = batch
            .column_by_name(field.name())
            .ok_or_else(|| ArrowError::SchemaError(format!("no column {}", field.name())))?;
        match table.column(field.name()).map(|column| column.ty) {
            Some(ColumnType::Id) => Ok(hex_array(column)?),
            _ => Ok(Arc::clone(column)),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(schema, columns)?)
}

#[cfg(test)]
mod tests;
