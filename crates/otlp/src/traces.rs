//! Spans from the wire to rows of `spans`.

use telltale_base::{SpanId, TraceId, hex};
use telltale_genai::{Normaliser, Rules};
use telltale_schema::json::JsonWriter;
use telltale_schema::{SpanRow, SpansBuilder};

use crate::ai::notes::{Note, ids, of_span};
use crate::ai::{Message, SpanColumns};
use crate::attributes::{List, pair};
use crate::context::{Context, Days, micros};
use crate::enums::{SPAN_KIND, STATUS_CODE};
use crate::envelope::{Around, Records, each};
use crate::limits::Limits;
use crate::record::{
    Cause, Refusal, Report, Stop, check_record_bytes, id, some_count, some_id, some_text, text,
};
use crate::wire::{Reader, WireError};

/// Builds `spans`.
#[derive(Debug)]
pub(crate) struct Spans<'c> {
    pub(crate) builder: SpansBuilder,
    /// What AI spans report.
    pub(crate) notes: Vec<Note>,
    limits: &'c Limits,
    rules: &'c Rules,
    days: Days,
    texts: Texts,
}

/// Texts under construction; kept from span to span for their memory.
#[derive(Debug, Default)]
struct Texts {
    attributes: JsonWriter,
    events: JsonWriter,
    links: JsonWriter,
}

/// A span's fields as they stand in the body.
#[derive(Debug, Default)]
struct Fields<'a> {
    trace_id: &'a [u8],
    span_id: &'a [u8],
    parent_span_id: &'a [u8],
    trace_state: &'a [u8],
    name: &'a [u8],
    kind: i32,
    start: u64,
    end: u64,
    flags: u32,
    status_code: i32,
    status_message: &'a [u8],
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
    events: usize,
    links: usize,
}

impl<'c> Spans<'c> {
    pub(crate) fn new(context: &'c Context) -> Self {
        Self {
            builder: SpansBuilder::new(),
            notes: Vec::new(),
            limits: &context.limits,
            rules: &context.rules,
            days: Days::new(context),
            texts: Texts::default(),
        }
    }

    fn span<'a>(&mut self, message: &'a [u8], around: &Around<'a>) -> Result<(), Stop> {
        check_record_bytes(message, self.limits.record_bytes(), "span")?;
        let names = Normaliser::new(self.rules);
        let (fields, named) = self.texts.read(message, self.limits, names)?;
        let texts = &self.texts;
        let (resource, scope) = (&around.resource, &around.scope);
        let (date, date_source) = self.days.partition(fields.start);
        let mut row = SpanRow {
            date,
            date_source,
            trace_id: id(fields.trace_id, TraceId::LEN, "span.trace_id")?,
            span_id: id(fields.span_id, SpanId::LEN, "span.span_id")?,
            parent_span_id: some_id(fields.parent_span_id, SpanId::LEN, "span.parent_span_id")?,
            name: text(fields.name, "span.name")?,
            kind: &SPAN_KIND.name(fields.kind),
            service_name: &resource.service_name,
            start_time: micros(fields.start),
            start_unix_nano: fields.start.cast_signed(),
            duration_ns: fields.end.wrapping_sub(fields.start).cast_signed(),
            status_code: &STATUS_CODE.name(fields.status_code),
            status_message: some_text(fields.status_message, "span.status.message")?,
            trace_state: some_text(fields.trace_state, "span.trace_state")?,
            flags: some_count(fields.flags),
            attributes: texts.attributes.text(),
            attributes_types: texts.attributes.types(),
            dropped_attributes_count: some_count(fields.dropped_attributes),
            events: (fields.events > 0).then(|| texts.events.text()),
            events_types: texts.events.types(),
            dropped_events_count: some_count(fields.dropped_events),
            links: (fields.links > 0).then(|| texts.links.text()),
            links_types: texts.links.types(),
            dropped_links_count: some_count(fields.dropped_links),
            resource: resource.attributes.text(),
            resource_types: resource.attributes.types(),
            resource_dropped_attributes_count: resource.dropped_attributes,
            resource_schema_url: resource.schema_url,
            scope_name: scope.name,
            scope_version: scope.version,
            scope_attributes: scope.attributes(),
            scope_attributes_types: scope.attributes_types(),
            scope_dropped_attributes_count: scope.dropped_attributes,
            scope_schema_url: scope.schema_url,
            ..SpanRow::default()
        };
        if !named && !around.ai.scope.is_ai() {
            self.builder.append(&row);
            return Ok(());
        }
        let span = Message::read(message)?;
        let events = span.events();
        let input = span.input(&events, &around.ai);
        let canonical = names.span(around.ai.scope, &input, None);
        if let Some(canonical) = &canonical {
            let ids = ids(fields.trace_id, fields.span_id, fields.parent_span_id);
            self.notes.push(of_span(self.builder.len(), ids, around, &input, canonical));
        }
        let columns = canonical.map(SpanColumns::from).unwrap_or_default();
        columns.fill(&mut row);
        self.builder.append(&row);
        Ok(())
    }
}

impl Records for Spans<'_> {
    const DERIVES: bool = true;

    fn take(
        &mut self,
        message: &[u8],
        around: &Around<'_>,
        report: &mut Report,
    ) -> Result<(), WireError> {
        let outcome = report
            .check_room(self.limits)
            .map_err(Stop::from)
            .and_then(|()| self.span(message, around));
        report.book(message, outcome)
    }

    fn count(_message: &[u8]) -> Result<u64, WireError> {
        Ok(1)
    }
}

impl Texts {
    /// Reads a span: scalars are borrowed, lists are written as text.
    /// Also says whether an attribute or event has a name of AI telemetry.
    fn read<'a>(
        &mut self,
        message: &'a [u8],
        limits: &Limits,
        names: Normaliser<'_>,
    ) -> Result<(Fields<'a>, bool), Stop> {
        self.attributes.clear();
        self.events.clear();
        self.links.clear();
        self.attributes.begin_object();
        self.events.begin_array();
        self.links.begin_array();
        let (mut fields, mut named) = (Fields::default(), false);
        let mut list = List::new("span.attributes", limits);
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => fields.trace_id = field.bytes()?,
                2 => fields.span_id = field.bytes()?,
                3 => fields.trace_state = field.bytes()?,
                4 => fields.parent_span_id = field.bytes()?,
                5 => fields.name = field.bytes()?,
                6 => fields.kind = field.int32()?,
                7 => fields.start = field.fixed64()?,
                8 => fields.end = field.fixed64()?,
                9 => {
                    let pair = pair(field.bytes()?)?;
                    named |= names.attribute_is_ai(pair.key);
                    list.push_pair(&mut self.attributes, &pair)?;
                }
                10 => fields.dropped_attributes = field.uint32()?,
                11 => {
                    check_next(fields.events, limits.events_max, "span.events", "events_max")?;
                    fields.events += 1;
                    let name = write_event(&mut self.events, field.bytes()?, limits)?;
                    named |= names.event_is_ai(name);
                }
                12 => fields.dropped_events = field.uint32()?,
                13 => {
                    check_next(fields.links, limits.links_max, "span.links", "links_max")?;
                    fields.links += 1;
                    write_link(&mut self.links, field.bytes()?, limits)?;
                }
                14 => fields.dropped_links = field.uint32()?,
                15 => fields.read_status(field.bytes()?)?,
                16 => fields.flags = field.fixed32()?,
                _ => {}
            }
        }
        self.attributes.end_object();
        self.events.end_array();
        self.links.end_array();
        Ok((fields, named))
    }
}

impl<'a> Fields<'a> {
    fn read_status(&mut self, status: &'a [u8]) -> Result<(), WireError> {
        let mut reader = Reader::new(status);
        while let Some(field) = reader.field()? {
            match field.number {
                2 => self.status_message = field.bytes()?,
                3 => self.status_code = field.int32()?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn check_next(
    count: usize,
    limit: usize,
    place: &'static str,
    name: &'static str,
) -> Result<(), Refusal> {
    if count >= limit {
        return Err(Refusal::new(place, Cause::Count(limit, name)));
    }
    Ok(())
}

/// Answers the event's name.
fn write_event<'a>(
    writer: &mut JsonWriter,
    event: &'a [u8],
    limits: &Limits,
) -> Result<&'a str, Stop> {
    let (mut time, mut name, mut dropped) = (0, &[][..], 0);
    let mut reader = Reader::new(event);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => time = field.fixed64()?,
            2 => name = field.bytes()?,
            4 => dropped = field.uint32()?,
            _ => {}
        }
    }
    writer.begin_object();
    writer.key("name");
    let name = text(name, "span.events[].name")?;
    writer.string(name);
    writer.key("time_unix_nano");
    writer.int(time.cast_signed());
    write_attributes(writer, event, 3, &mut List::new("span.events[].attributes", limits))?;
    write_dropped(writer, dropped);
    writer.end_object();
    Ok(name)
}

fn write_link(writer: &mut JsonWriter, link: &[u8], limits: &Limits) -> Result<(), Stop> {
    let (mut trace_id, mut span_id, mut trace_state) = (&[][..], &[][..], &[][..]);
    let (mut flags, mut dropped) = (0, 0);
    let mut reader = Reader::new(link);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => trace_id = field.bytes()?,
            2 => span_id = field.bytes()?,
            3 => trace_state = field.bytes()?,
            5 => dropped = field.uint32()?,
            6 => flags = field.fixed32()?,
            _ => {}
        }
    }
    writer.begin_object();
    write_id(writer, "trace_id", trace_id, TraceId::LEN, "span.links[].trace_id")?;
    write_id(writer, "span_id", span_id, SpanId::LEN, "span.links[].span_id")?;
    if let Some(state) = some_text(trace_state, "span.links[].trace_state")? {
        writer.key("trace_state");
        writer.string(state);
    }
    write_attributes(writer, link, 4, &mut List::new("span.links[].attributes", limits))?;
    if flags != 0 {
        writer.key("flags");
        writer.int(i64::from(flags));
    }
    write_dropped(writer, dropped);
    writer.end_object();
    Ok(())
}

fn write_attributes(
    writer: &mut JsonWriter,
    message: &[u8],
    number: u32,
    list: &mut List<'_>,
) -> Result<(), Stop> {
    writer.key("attributes");
    writer.begin_object();
    each(message, number, |attribute| list.push(writer, attribute))?;
    writer.end_object();
    Ok(())
}

fn write_dropped(writer: &mut JsonWriter, dropped: u32) {
    if dropped != 0 {
        writer.key("dropped_attributes_count");
        writer.int(i64::from(dropped));
    }
}

/// Writes an id as hex, and nothing when it is absent. Zeros are kept: a link may say them.
pub(crate) fn write_id(
    writer: &mut JsonWriter,
    key: &str,
    id: &[u8],
    length: usize,
    place: &'static str,
) -> Result<(), Refusal> {
    some_id(id, length, place)?;
    if !id.is_empty() {
        writer.key(key);
        writer.string(&hex(id));
    }
    Ok(())
}
