//! Rows as a table for people.

use std::io::{self, Write};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use crate::text::printable;

/// Writes a table. Columns of numbers are aligned to the right. It is as wide as the terminal, or
/// as its content when the output is no terminal.
pub(crate) fn write(
    out: &mut (dyn Write + Send),
    header: &[String],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header.iter().map(|name| printable(name)));
    for row in rows {
        table.add_row(row.iter().map(cell));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        let mut values = rows.iter().filter_map(|row| row.get(index)).filter(|v| !v.is_null());
        if values.next().is_some_and(Value::is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}")
}

/// A value as it stands in a cell. Null is written out: unknown is neither empty nor zero.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

#[cfg(test)]
mod tests;
