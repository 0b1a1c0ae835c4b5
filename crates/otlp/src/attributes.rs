//! Attributes and values (`KeyValue`, `AnyValue`) from the wire straight into JSON text.
//!
//! This is the inner loop of ingest: no tree is built. The recursion is as deep as values nest,
//! which `Limits::depth_max` bounds.

use std::borrow::Cow;

use telltale_schema::json::JsonWriter;

use crate::limits::Limits;
use crate::record::{Cause, Refusal, Stop};
use crate::wire::{Field, Reader, WireError};

/// Numbers of the fields of `AnyValue`'s oneof that OTLP signals use.
pub(crate) mod any_value {
    pub(crate) const STRING: u32 = 1;
    pub(crate) const BOOL: u32 = 2;
    pub(crate) const INT: u32 = 3;
    pub(crate) const DOUBLE: u32 = 4;
    pub(crate) const ARRAY: u32 = 5;
    pub(crate) const MAP: u32 = 6;
    pub(crate) const BYTES: u32 = 7;
}

/// What stands around a value: for limits and for the name of the place in a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'l> {
    pub(crate) name: &'static str,
    pub(crate) limits: &'l Limits,
}

impl Place<'_> {
    #[cold]
    fn refuse(&self, part: &'static str, cause: Cause) -> Stop {
        Stop::Refuse(Refusal { place: self.name, part, cause })
    }

    #[inline]
    fn text<'a>(&self, bytes: &'a [u8], part: &'static str) -> Result<&'a str, Stop> {
        simdutf8::basic::from_utf8(bytes).map_err(|_| self.refuse(part, Cause::Utf8))
    }

    /// Fails when the next member would be one too many.
    #[inline]
    pub(crate) fn check_count(&self, members: usize) -> Result<(), Stop> {
        let limit = self.limits.attributes_max;
        if members >= limit {
            return Err(self.refuse("", Cause::Count(limit, "attributes_max")));
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn check_value(&self, value: &[u8], part: &'static str) -> Result<(), Stop> {
        let limit = self.limits.value_bytes_max;
        if value.len() > limit {
            return Err(self.refuse(part, Cause::Bytes(limit, "value_bytes_max")));
        }
        Ok(())
    }
}

/// A key and its value, as bytes of the body.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) key: &'a [u8],
    /// Owned only when the value came in pieces, which protobuf joins.
    pub(crate) value: Option<Cow<'a, [u8]>>,
}

/// Reads a `KeyValue`.
#[inline]
pub(crate) fn pair(bytes: &[u8]) -> Result<Pair<'_>, WireError> {
    let mut pair = Pair { key: &[], value: None };
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.field()? {
        match (field.number, &mut pair.value) {
            (1, _) => pair.key = field.bytes()?,
            (2, None) => pair.value = Some(Cow::Borrowed(field.bytes()?)),
            (2, Some(value)) => value.to_mut().extend_from_slice(field.bytes()?),
            _ => {}
        }
    }
    Ok(pair)
}

/// A list of attributes being written into an open object.
#[derive(Debug)]
pub(crate) struct List<'l> {
    place: Place<'l>,
    count: usize,
}

impl<'l> List<'l> {
    pub(crate) fn new(name: &'static str, limits: &'l Limits) -> Self {
        Self { place: Place { name, limits }, count: 0 }
    }

    /// Writes one attribute.
    #[inline]
    pub(crate) fn push(&mut self, writer: &mut JsonWriter, bytes: &[u8]) -> Result<(), Stop> {
        self.push_pair(writer, &pair(bytes)?)
    }

    /// Writes one attribute that is read already.
    #[inline]
    pub(crate) fn push_pair(
        &mut self,
        writer: &mut JsonWriter,
        pair: &Pair<'_>,
    ) -> Result<(), Stop> {
        self.place.check_count(self.count)?;
        self.count += 1;
        write_pair(writer, pair, self.place, 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Writes a log body: a value that is not in a list.
pub(crate) fn write_body(
    writer: &mut JsonWriter,
    bytes: &[u8],
    place: Place<'_>,
) -> Result<(), Stop> {
    place.check_value(bytes, "")?;
    write_value(writer, bytes, place, "", 0)
}

#[inline]
fn write_pair(
    writer: &mut JsonWriter,
    pair: &Pair<'_>,
    place: Place<'_>,
    depth: usize,
) -> Result<(), Stop> {
    let limit = place.limits.key_bytes_max;
    if pair.key.len() > limit {
        return Err(place.refuse("[].key", Cause::Bytes(limit, "key_bytes_max")));
    }
    writer.key(place.text(pair.key, "[].key")?);
    let Some(value) = &pair.value else {
        writer.absent();
        return Ok(());
    };
    place.check_value(value, "[].value")?;
    write_value(writer, value, place, "[].value", depth)
}

/// The member of the oneof that counts (the last), and the bytes from where its run begins: a
/// message that came in several pieces is all of them.
#[inline]
pub(crate) fn choose(bytes: &[u8]) -> Result<Option<(Field<'_>, &[u8])>, WireError> {
    let mut chosen: Option<(Field<'_>, &[u8])> = None;
    let mut reader = Reader::new(bytes);
    loop {
        let before = reader.rest();
        let Some(field) = reader.field()? else { return Ok(chosen) };
        if (any_value::STRING..=any_value::BYTES).contains(&field.number) {
            let run = chosen.filter(|(c, _)| c.number == field.number).map_or(before, |(_, r)| r);
            chosen = Some((field, run));
        }
    }
}

fn write_value(
    writer: &mut JsonWriter,
    bytes: &[u8],
    place: Place<'_>,
    part: &'static str,
    depth: usize,
) -> Result<(), Stop> {
    let Some((field, run)) = choose(bytes)? else {
        writer.null();
        return Ok(());
    };
    match field.number {
        any_value::STRING => writer.string(place.text(field.bytes()?, part)?),
        any_value::BOOL => writer.bool(field.varint()? != 0),
        any_value::INT => writer.int(field.varint()?.cast_signed()),
        any_value::DOUBLE => writer.double(field.double()?),
        any_value::BYTES => writer.bytes(field.bytes()?),
        _ if depth >= place.limits.depth() => {
            return Err(place.refuse(part, Cause::Depth(place.limits.depth())));
        }
        any_value::ARRAY => {
            writer.begin_array();
            each_member(field.number, run, |item| {
                write_value(writer, item, place, part, depth + 1)
            })?;
            writer.end_array();
        }
        _ => {
            writer.begin_object();
            let mut members = 0;
            each_member(field.number, run, |member| {
                place.check_count(members)?;
                members += 1;
                write_pair(writer, &pair(member)?, place, depth + 1)
            })?;
            writer.end_object();
        }
    }
    Ok(())
}

/// Visits the members of an `ArrayValue` or `KeyValueList`, which may stand in several pieces.
pub(crate) fn each_member<'a, E: From<WireError>>(
    number: u32,
    run: &'a [u8],
    mut visit: impl FnMut(&'a [u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut pieces = Reader::new(run);
    while let Some(piece) = pieces.field()? {
        if piece.number != number {
            continue;
        }
        let mut members = Reader::new(piece.bytes()?);
        while let Some(member) = members.field()? {
            if member.number == 1 {
                visit(member.bytes()?)?;
            }
        }
    }
    Ok(())
}
