//! Rows of `logs` back to log records.

use telltale_schema::json::Value;

use super::columns::{Columns, Ids, Ints, Texts};
use super::node::Node;
use super::{Around, values};
use crate::error::EncodeError;
use crate::wire::Writer;

#[derive(Debug)]
struct Logs {
    time: Ints,
    observed: Ints,
    trace_id: Ids,
    span_id: Ids,
    flags: Ints,
    severity_number: Ints,
    severity_text: Texts,
    event_name: Texts,
    body: Texts,
    body_types: Texts,
    attributes: Texts,
    attributes_types: Texts,
    dropped_attributes: Ints,
}

pub(super) fn add(root: &mut Node, columns: Columns<'_>) -> Result<(), EncodeError> {
    let around = Around::new(columns)?;
    let logs = Logs::new(columns)?;
    for row in 0..columns.rows() {
        let out = &mut around.scope(root, row)?.records;
        let open = out.begin(2);
        logs.write(out, row)?;
        out.end(open);
    }
    Ok(())
}

impl Logs {
    fn new(columns: Columns<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            time: columns.ints("time_unix_nano")?,
            observed: columns.ints("observed_unix_nano")?,
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            flags: columns.ints("flags")?,
            severity_number: columns.ints("severity_number")?,
            severity_text: columns.texts("severity_text")?,
            event_name: columns.texts("event_name")?,
            body: columns.texts("body")?,
            body_types: columns.texts("body_types")?,
            attributes: columns.texts("attributes")?,
            attributes_types: columns.texts("attributes_types")?,
            dropped_attributes: columns.ints("dropped_attributes_count")?,
        })
    }

    fn write(&self, out: &mut Writer, row: usize) -> Result<(), EncodeError> {
        let severity = self.severity_number.get(row).unwrap_or(0);
        out.some_fixed64(1, self.time.unsigned(row));
        out.some_enum(2, i32::try_from(severity).unwrap_or(0));
        out.text(3, self.severity_text.get(row).unwrap_or_default());
        if let Some(body) = self.body(row)? {
            values::write_value(out, 5, &body);
        }
        values::attributes(out, 6, &self.attributes, &self.attributes_types, row)?;
        out.count(7, self.dropped_attributes.get(row));
        out.some_fixed32(8, self.flags.get(row));
        out.some_bytes(9, self.trace_id.get(row));
        out.some_bytes(10, self.span_id.get(row));
        out.some_fixed64(11, self.observed.unsigned(row));
        out.text(12, self.event_name.get(row).unwrap_or_default());
        Ok(())
    }

    fn body(&self, row: usize) -> Result<Option<Value>, EncodeError> {
        if self.body_types.get(row).is_none() {
            return Ok(self.body.get(row).map(|text| Value::String(text.to_owned())));
        }
        // The mark that the body is JSON has no colon, which the reader of sidecars passes over.
        values::value("body", &self.body, &self.body_types, row)
    }
}
