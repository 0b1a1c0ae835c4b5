//! CSV as RFC 4180 says.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;

use super::{Encoder, value};
use crate::error::QueryError;

/// Writes a header line, then lines of fields.
#[derive(Debug)]
pub(super) struct Csv;

impl Encoder for Csv {
    fn begin(&mut self, schema: &SchemaRef) -> Result<Vec<u8>, QueryError> {
        let mut out = Vec::new();
        for (at, field) in schema.fields().iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_field(&mut out, field.name());
        }
        out.extend_from_slice(b"\r\n");
        Ok(out)
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, QueryError> {
        let columns = batch.columns().iter().map(value::simplify).collect::<Result<Vec<_>, _>>()?;
        let (mut out, mut cell) = (Vec::new(), Vec::new());
        for row in 0..batch.num_rows() {
            for (at, column) in columns.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                if column.is_null(row) {
                    continue;
                }
                if let Some(text) = column.as_string_view_opt() {
                    push_text(&mut out, text.value(row));
                    continue;
                }
                cell.clear();
                value::write(&mut cell, column, row, 0)?;
                push_cell(&mut out, &cell);
            }
            out.extend_from_slice(b"\r\n");
        }
        Ok(out)
    }

    fn end(&mut self, _truncated: bool) -> Result<Vec<u8>, QueryError> {
        Ok(Vec::new())
    }
}

/// Text; an empty one is quoted, which tells it from null.
fn push_text(out: &mut Vec<u8>, text: &str) {
    if text.is_empty() {
        out.extend_from_slice(b"\"\"");
    } else {
        push_field(out, text);
    }
}

fn push_field(out: &mut Vec<u8>, text: &str) {
    if !text.contains(['"', ',', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A value in JSON's form: a string without its quotes, anything else as it is.
fn push_cell(out: &mut Vec<u8>, cell: &[u8]) {
    let text = std::str::from_utf8(cell).unwrap_or_default();
    match serde_json::from_str::<String>(text) {
        Ok(string) => push_field(out, &string),
        Err(_) => push_field(out, text),
    }
}
