//! JSON: whole results, and single rows as objects.

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use serde_json::json;

use super::{Encoder, value};
use crate::error::QueryError;

/// Writes the members of one object, rows as arrays.
#[derive(Debug, Default)]
pub(super) struct Json {
    rows: usize,
}

impl Encoder for Json {
    fn forget(&mut self, rows: usize) {
        self.rows = self.rows.saturating_sub(rows);
    }

    fn begin(&mut self, schema: &SchemaRef) -> Result<Vec<u8>, QueryError> {
        let columns: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| json!({"name": f.name(), "type": value::type_name(f.data_type())}))
            .collect();
        let mut out = b"{\"columns\":".to_vec();
        serde_json::to_writer(&mut out, &columns).map_err(QueryError::internal)?;
        out.extend_from_slice(b",\"rows\":[");
        Ok(out)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, QueryError> {
        let columns = simplified(batch)?;
        let mut out = Vec::new();
        for row in 0..batch.num_rows() {
            if self.rows > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"\n[");
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                value::write(&mut out, column, row, 0)?;
            }
            out.push(b']');
            self.rows += 1;
        }
        Ok(out)
    }

    fn end(&mut self, truncated: bool) -> Result<Vec<u8>, QueryError> {
        let rows = self.rows;
        Ok(format!("],\"row_count\":{rows},\"truncated\":{truncated}}}\n").into_bytes())
    }
}

fn simplified(batch: &RecordBatch) -> Result<Vec<ArrayRef>, QueryError> {
    batch.columns().iter().map(value::simplify).collect()
}

/// Each row as one JSON object, columns that are null left out. For a batch in the shape of SQL,
/// see [`super::sql_batch`].
///
/// # Errors
/// When a column cannot be written as JSON.
pub fn json_rows(batch: &RecordBatch) -> Result<Vec<String>, QueryError> {
    let columns = simplified(batch)?;
    let schema = batch.schema();
    let row_text = |row: usize| {
        let mut out = b"{".to_vec();
        for (field, column) in schema.fields().iter().zip(&columns) {
            if column.is_null(row) {
                continue;
            }
            if out.len() > 1 {
                out.push(b',');
            }
            serde_json::to_writer(&mut out, field.name()).map_err(QueryError::internal)?;
            out.push(b':');
            value::write(&mut out, column, row, 0)?;
        }
        out.push(b'}');
        String::from_utf8(out).map_err(QueryError::internal)
    };
    (0..batch.num_rows()).map(row_text).collect()
}
