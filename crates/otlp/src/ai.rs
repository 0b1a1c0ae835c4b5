//! AI telemetry between the wire and columns: attributes as the values that `telltale-genai` reads,
//! and what it says of a span as columns.
//!
//! Only records that a rule or a scope is about are read this way; the names of attributes tell,
//! while they are written as text. What is read here was checked against the limits before.

pub(crate) mod notes;

use std::borrow::Cow;

use telltale_genai::{
    Attribute, Canonical, Rules, ScopeDialects, SpanEvent, SpanInput, SpanKind, Value,
};
use telltale_schema::SpanRow;

use crate::attributes::{any_value, choose, each_member, pair};
use crate::envelope::each;
use crate::wire::{Reader, WireError};

/// OTLP's number of the status `error`.
const STATUS_ERROR: i32 = 2;

/// What stands around AI records: the resource's attributes, and the dialects of the scope.
#[derive(Debug, Default)]
pub(crate) struct Surroundings<'a> {
    resource: Vec<Attribute<'a>>,
    pub(crate) scope: ScopeDialects,
}

impl<'a> Surroundings<'a> {
    /// Reads the resource of a `ResourceSpans`, `ResourceLogs` or `ResourceMetrics`.
    pub(crate) fn enter_resource(&mut self, group: &'a [u8]) -> Result<(), WireError> {
        self.resource.clear();
        each(group, 1, |resource| {
            each(resource, 1, |bytes| {
                self.resource.extend(attribute(bytes)?);
                Ok::<(), WireError>(())
            })
        })
    }

    pub(crate) fn enter_scope(&mut self, rules: &Rules, name: Option<&str>, version: Option<&str>) {
        let (name, version) = (name.unwrap_or_default(), version.unwrap_or_default());
        self.scope = ScopeDialects::new(rules, name, version, &self.resource);
    }
}

/// A span's message as far as AI telemetry is concerned.
#[derive(Debug, Default)]
pub(crate) struct Message<'a> {
    pub(crate) trace_id: &'a [u8],
    pub(crate) span_id: &'a [u8],
    pub(crate) name: &'a str,
    kind: i32,
    start: u64,
    end: u64,
    failed: bool,
    attributes: Vec<Attribute<'a>>,
    events: Vec<Event<'a>>,
}

impl<'a> Message<'a> {
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut span = Self::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => span.trace_id = field.bytes()?,
                2 => span.span_id = field.bytes()?,
                5 => span.name = text(field.bytes()?),
                6 => span.kind = field.int32()?,
                7 => span.start = field.fixed64()?,
                8 => span.end = field.fixed64()?,
                9 => span.attributes.extend(attribute(field.bytes()?)?),
                11 => span.events.push(Event::read(field.bytes()?)?),
                15 => span.failed = is_error(field.bytes()?)?,
                _ => {}
            }
        }
        Ok(span)
    }

    pub(crate) fn events(&self) -> Vec<SpanEvent<'_>> {
        self.events.iter().map(Event::lend).collect()
    }

    /// The span as the normaliser takes it; `events` are its own.
    pub(crate) fn input<'s>(
        &'s self,
        events: &'s [SpanEvent<'s>],
        around: &'s Surroundings<'_>,
    ) -> SpanInput<'s> {
        SpanInput {
            name: self.name,
            kind: SpanKind::from(self.kind),
            start_unix_nano: self.start,
            end_unix_nano: self.end,
            failed: self.failed,
            attributes: &self.attributes,
            events,
            resource: &around.resource,
        }
    }
}

/// The AI columns of a span.
#[derive(Debug, Default)]
pub(crate) struct SpanColumns<'a> {
    canonical: Canonical<'a>,
    finish_reasons: Option<String>,
    dialects: Option<String>,
}

impl SpanColumns<'_> {
    /// Puts the columns into a row.
    pub(crate) fn fill<'r>(&'r self, row: &mut SpanRow<'r>) {
        let canonical = &self.canonical;
        row.operation = canonical.operation.as_deref();
        row.provider = canonical.provider.as_deref();
        row.request_model = canonical.request_model.as_deref();
        row.response_model = canonical.response_model.as_deref();
        row.response_id = canonical.response_id.as_deref();
        row.conversation_id = canonical.conversation_id.as_deref();
        row.user_id = canonical.user_id.as_deref();
        row.agent_name = canonical.agent_name.as_deref();
        row.agent_id = canonical.agent_id.as_deref();
        row.workflow_name = canonical.workflow_name.as_deref();
        row.tool_name = canonical.tool_name.as_deref();
        row.tool_call_id = canonical.tool_call_id.as_deref();
        row.prompt_name = canonical.prompt_name.as_deref();
        row.prompt_version = canonical.prompt_version.as_deref();
        row.finish_reasons = self.finish_reasons.as_deref();
        row.ttft_ms = canonical.time_to_first_chunk.map(|seconds| seconds * 1e3);
        row.ai_dialects = self.dialects.as_deref();
    }
}

impl<'a> From<Canonical<'a>> for SpanColumns<'a> {
    fn from(canonical: Canonical<'a>) -> Self {
        let joined = |list: Vec<&str>| (!list.is_empty()).then(|| list.join(","));
        Self {
            finish_reasons: joined(canonical.finish_reasons.iter().map(AsRef::as_ref).collect()),
            dialects: joined(canonical.dialects.iter().map(AsRef::as_ref).collect()),
            canonical,
        }
    }
}

fn is_error(status: &[u8]) -> Result<bool, WireError> {
    let (mut reader, mut code) = (Reader::new(status), 0);
    while let Some(field) = reader.field()? {
        if field.number == 3 {
            code = field.int32()?;
        }
    }
    Ok(code == STATUS_ERROR)
}

/// An event with its attributes.
#[derive(Debug, Default)]
struct Event<'a> {
    name: &'a str,
    time: u64,
    attributes: Vec<Attribute<'a>>,
}

impl<'a> Event<'a> {
    fn read(message: &'a [u8]) -> Result<Self, WireError> {
        let mut event = Self::default();
        let mut reader = Reader::new(message);
        while let Some(field) = reader.field()? {
            match field.number {
                1 => event.time = field.fixed64()?,
                2 => event.name = text(field.bytes()?),
                3 => event.attributes.extend(attribute(field.bytes()?)?),
                _ => {}
            }
        }
        Ok(event)
    }

    fn lend(&self) -> SpanEvent<'_> {
        let Self { name, time, attributes } = self;
        SpanEvent { name, time_unix_nano: *time, attributes }
    }
}

/// Text that is not UTF-8 was refused before, so nothing is lost.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// An attribute. One whose value came in pieces is left out: protobuf allows it, no client does
/// it, and it would have to be copied.
fn attribute(bytes: &[u8]) -> Result<Option<Attribute<'_>>, WireError> {
    let pair = pair(bytes)?;
    let value = match pair.value {
        None => Value::Null,
        Some(Cow::Borrowed(bytes)) => value(bytes)?,
        Some(Cow::Owned(_)) => return Ok(None),
    };
    Ok(Some((Cow::Borrowed(text(pair.key)), value)))
}

/// A value. As deep as it nests, which was checked before.
fn value(bytes: &[u8]) -> Result<Value<'_>, WireError> {
    let Some((field, run)) = choose(bytes)? else { return Ok(Value::Null) };
    Ok(match field.number {
        any_value::STRING => Value::Str(Cow::Borrowed(text(field.bytes()?))),
        any_value::BOOL => Value::Bool(field.varint()? != 0),
        any_value::INT => Value::Int(field.varint()?.cast_signed()),
        any_value::DOUBLE => Value::Double(field.double()?),
        any_value::BYTES => Value::Bytes(Cow::Borrowed(field.bytes()?)),
        any_value::ARRAY => {
            let mut items = Vec::new();
            each_member(field.number, run, |item| {
                items.push(value(item)?);
                Ok::<(), WireError>(())
            })?;
            Value::Array(items)
        }
        _ => {
            let mut entries = Vec::new();
            each_member(field.number, run, |member| {
                entries.extend(attribute(member)?);
                Ok::<(), WireError>(())
            })?;
            Value::Map(entries)
        }
    })
}
