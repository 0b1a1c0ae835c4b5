//! Rows of `spans` back to spans.

use super::columns::{Columns, Ids, Ints, Texts};
use super::node::Node;
use super::{Around, values};
use crate::enums::{Names, SPAN_KIND, STATUS_CODE};
use crate::error::EncodeError;
use crate::wire::Writer;

#[derive(Debug)]
struct Spans {
    trace_id: Ids,
    span_id: Ids,
    parent_span_id: Ids,
    trace_state: Texts,
    name: Texts,
    kind: Texts,
    start: Ints,
    duration: Ints,
    attributes: Texts,
    attributes_types: Texts,
    dropped_attributes: Ints,
    events: Texts,
    events_types: Texts,
    dropped_events: Ints,
    links: Texts,
    links_types: Texts,
    dropped_links: Ints,
    status_code: Texts,
    status_message: Texts,
    flags: Ints,
}

pub(super) fn add(root: &mut Node, columns: Columns<'_>) -> Result<(), EncodeError> {
    let around = Around::new(columns)?;
    let spans = Spans::new(columns)?;
    for row in 0..columns.rows() {
        let out = &mut around.scope(root, row)?.records;
        let open = out.begin(2);
        spans.write(out, row)?;
        out.end(open);
    }
    Ok(())
}

/// The number of an enumeration's word.
pub(super) fn number(
    names: Names,
    column: &'static str,
    texts: &Texts,
    row: usize,
) -> Result<i32, EncodeError> {
    let Some(word) = texts.get(row) else { return Ok(0) };
    names.number(word).ok_or_else(|| EncodeError::Text {
        column,
        row,
        problem: "neither a known word nor a number".to_owned(),
    })
}

impl Spans {
    fn new(columns: Columns<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            trace_id: columns.ids("trace_id")?,
            span_id: columns.ids("span_id")?,
            parent_span_id: columns.ids("parent_span_id")?,
            trace_state: columns.texts("trace_state")?,
            name: columns.texts("name")?,
            kind: columns.texts("kind")?,
            start: columns.ints("start_unix_nano")?,
            duration: columns.ints("duration_ns")?,
            attributes: columns.texts("attributes")?,
            attributes_types: columns.texts("attributes_types")?,
            dropped_attributes: columns.ints("dropped_attributes_count")?,
            events: columns.texts("events")?,
            events_types: columns.texts("events_types")?,
            dropped_events: columns.ints("dropped_events_count")?,
            links: columns.texts("links")?,
            links_types: columns.texts("links_types")?,
            dropped_links: columns.ints("dropped_links_count")?,
            status_code: columns.texts("status_code")?,
            status_message: columns.texts("status_message")?,
            flags: columns.ints("flags")?,
        })
    }

    fn write(&self, out: &mut Writer, row: usize) -> Result<(), EncodeError> {
        let start = self.start.unsigned(row);
        out.bytes(1, self.trace_id.get(row).unwrap_or_default());
        out.bytes(2, self.span_id.get(row).unwrap_or_default());
        out.text(3, self.trace_state.get(row).unwrap_or_default());
        out.some_bytes(4, self.parent_span_id.get(row));
        out.text(5, self.name.get(row).unwrap_or_default());
        out.some_enum(6, number(SPAN_KIND, "kind", &self.kind, row)?);
        out.some_fixed64(7, start);
        out.some_fixed64(8, start.wrapping_add(self.duration.unsigned(row)));
        values::attributes(out, 9, &self.attributes, &self.attributes_types, row)?;
        out.count(10, self.dropped_attributes.get(row));
        self.write_events(out, row)?;
        out.count(12, self.dropped_events.get(row));
        self.write_links(out, row)?;
        out.count(14, self.dropped_links.get(row));
        self.write_status(out, row)?;
        out.some_fixed32(16, self.flags.get(row));
        Ok(())
    }

    fn write_events(&self, out: &mut Writer, row: usize) -> Result<(), EncodeError> {
        values::each_object("events", &self.events, &self.events_types, row, |event| {
            let open = out.begin(11);
            out.some_fixed64(1, event.unsigned("time_unix_nano"));
            out.text(2, event.text("name"));
            values::write_members(out, 3, event.members("attributes"));
            out.some_varint(4, event.unsigned("dropped_attributes_count"));
            out.end(open);
        })
    }

    fn write_links(&self, out: &mut Writer, row: usize) -> Result<(), EncodeError> {
        values::each_object("links", &self.links, &self.links_types, row, |link| {
            let open = out.begin(13);
            link.write_id(out, 1, "trace_id");
            link.write_id(out, 2, "span_id");
            out.text(3, link.text("trace_state"));
            values::write_members(out, 4, link.members("attributes"));
            out.some_varint(5, link.unsigned("dropped_attributes_count"));
            out.some_fixed32(6, Some(link.unsigned("flags").cast_signed()));
            out.end(open);
        })
    }

    fn write_status(&self, out: &mut Writer, row: usize) -> Result<(), EncodeError> {
        let code = number(STATUS_CODE, "status_code", &self.status_code, row)?;
        let message = self.status_message.get(row).unwrap_or_default();
        if code != 0 || !message.is_empty() {
            let open = out.begin(15);
            out.text(2, message);
            out.some_enum(3, code);
            out.end(open);
        }
        Ok(())
    }
}
