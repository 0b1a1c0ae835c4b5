//! Log records from the wire to rows of `logs`.

use std::borrow::Cow;
use std::marker::PhantomData;

use telltale_base::{SpanId, TraceId};
use telltale_genai::{Normaliser, Rules};
use telltale_schema::json::JsonWriter;
use telltale_schema::{LogRow, LogsBuilder};

use crate::ai::notes::{LogMessage, Note};
use crate::attributes::{List, Place, any_value, choose, pair, write_body};
use crate::context::{Context, Days, micros};
use crate::envelope::{Around, Records};
use crate::limits::Limits;
use crate::record::{Report, Stop, check_record_bytes, some_count, some_id, some_text, text};
use crate::wire::{Reader, WireError};

/// The mark in `body_types` of a body that is JSON text.
pub(crate) const JSON_BODY: &str = "json";

/// Builds `logs`.
#[derive(Debug)]
pub(crate) struct Logs<'c> {
    pub(crate) builder: LogsBuilder,
    /// What AI records report.
    pub(crate) notes: Vec<Note>,
    limits: &'c Limits,
    rules: &'c Rules,
    days: Days,
    attributes: JsonWriter,
    structure: Structure,
}

/// The text of a body that is not a string, under construction.
#[derive(Debug, Default)]
struct Structure {
    writer: JsonWriter,
    types: String,
}

/// A body on its way into the row.
#[derive(Clone, Copy, Debug)]
enum Body<'a> {
    Absent,
    Text(&'a str),
    Structure,
}

/// A log record's fields as they stand in the body.
#[derive(Debug, Default)]
struct Fields<'a> {
    time: u64,
    observed: u64,
    severity_number: i32,
    severity_text: &'a [u8],
    /// Owned only when the body came in pieces, which protobuf joins.
    body: Option<Cow<'a, [u8]>>,
    dropped_attributes: u32,
    flags: u32,
    trace_id: &'a [u8],
    span_id: &'a [u8],
    event_name: &'a [u8],
}

impl<'c> Logs<'c> {
    pub(crate) fn new(context: &'c Context) -> Self {
        Self {
            builder: LogsBuilder::new(),
            notes: Vec::new(),
            limits: &context.limits,
            rules: &context.rules,
            days: Days::new(context),
            attributes: JsonWriter::new(),
            structure: Structure::default(),
        }
    }

    fn log(&mut self, message: &[u8], around: &Around<'_>) -> Result<(), Stop> {
        check_record_bytes(message, self.limits.record_bytes(), "log_record")?;
        let names = Normaliser::new(self.rules);
        let (fields, named) = read(message, &mut self.attributes, self.limits, names)?;
        let body = Body::read(fields.body.as_deref(), &mut self.structure, self.limits)?;
        let (resource, scope) = (&around.resource, &around.scope);
        let known = [fields.time, fields.observed].into_iter().find(|time| *time != 0);
        let (date, date_source) = self.days.partition(known.unwrap_or(0));
        let row = LogRow {
            date,
            date_source,
            time: micros(known.unwrap_or(self.days.arrival_nanos())),
            time_unix_nano: fields.time.cast_signed(),
            observed_unix_nano: fields.observed.cast_signed(),
            trace_id: some_id(fields.trace_id, TraceId::LEN, "log_record.trace_id")?,
            span_id: some_id(fields.span_id, SpanId::LEN, "log_record.span_id")?,
            flags: some_count(fields.flags),
            service_name: &resource.service_name,
            severity_number: (fields.severity_number != 0)
                .then_some(i64::from(fields.severity_number)),
            severity_text: some_text(fields.severity_text, "log_record.severity_text")?,
            event_name: some_text(fields.event_name, "log_record.event_name")?,
            body: body.text(&self.structure.writer),
            body_types: body.types(&self.structure.types),
            attributes: self.attributes.text(),
            attributes_types: self.attributes.types(),
            dropped_attributes_count: some_count(fields.dropped_attributes),
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
            _borrow: PhantomData,
        };
        if named || around.ai.scope.is_ai() {
            let note = LogMessage::read(message)?.note(self.builder.len(), around, names);
            self.notes.extend(note);
        }
        self.builder.append(&row);
        Ok(())
    }
}

impl Records for Logs<'_> {
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
            .and_then(|()| self.log(message, around));
        report.book(message, outcome)
    }

    fn count(_message: &[u8]) -> Result<u64, WireError> {
        Ok(1)
    }
}

/// Also says whether the event or an attribute has a name of AI telemetry.
fn read<'a>(
    message: &'a [u8],
    attributes: &mut JsonWriter,
    limits: &Limits,
    names: Normaliser<'_>,
) -> Result<(Fields<'a>, bool), Stop> {
    attributes.clear();
    attributes.begin_object();
    let (mut fields, mut named) = (Fields::default(), false);
    let mut list = List::new("log_record.attributes", limits);
    let mut reader = Reader::new(message);
    while let Some(field) = reader.field()? {
        match field.number {
            1 => fields.time = field.fixed64()?,
            2 => fields.severity_number = field.int32()?,
            3 => fields.severity_text = field.bytes()?,
            5 => match &mut fields.body {
                None => fields.body = Some(Cow::Borrowed(field.bytes()?)),
                Some(body) => body.to_mut().extend_from_slice(field.bytes()?),
            },
            6 => {
                let pair = pair(field.bytes()?)?;
                named |= names.attribute_is_ai(pair.key);
                list.push_pair(attributes, &pair)?;
            }
            7 => fields.dropped_attributes = field.uint32()?,
            8 => fields.flags = field.fixed32()?,
            9 => fields.trace_id = field.bytes()?,
            10 => fields.span_id = field.bytes()?,
            11 => fields.observed = field.fixed64()?,
            12 => fields.event_name = field.bytes()?,
            _ => {}
        }
    }
    attributes.end_object();
    named |= std::str::from_utf8(fields.event_name).is_ok_and(|name| names.event_is_ai(name));
    Ok((fields, named))
}

impl<'a> Body<'a> {
    fn read(
        bytes: Option<&'a [u8]>,
        structure: &mut Structure,
        limits: &Limits,
    ) -> Result<Self, Stop> {
        let Some(bytes) = bytes else { return Ok(Self::Absent) };
        structure.writer.clear();
        let place = Place { name: "log_record.body", limits };
        if let Some((field, _)) = choose(bytes)?
            && field.number == any_value::STRING
        {
            place.check_value(bytes, "")?;
            return Ok(Self::Text(text(field.bytes()?, place.name)?));
        }
        write_body(&mut structure.writer, bytes, place)?;
        structure.types.clear();
        structure.types.push_str(JSON_BODY);
        if let Some(types) = structure.writer.types() {
            structure.types.push(',');
            structure.types.push_str(types);
        }
        Ok(Self::Structure)
    }

    fn text(self, structure: &'a JsonWriter) -> Option<&'a str> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(text),
            Self::Structure => Some(structure.text()),
        }
    }

    fn types(self, types: &'a str) -> Option<&'a str> {
        matches!(self, Self::Structure).then_some(types)
    }
}
