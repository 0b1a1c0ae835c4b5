//! Attribute text back to `KeyValue` and `AnyValue`; knows no signal.

use telltale_base::unhex;
use telltale_schema::json::{Value, read};

use super::columns::Texts;
use crate::attributes::any_value;
use crate::error::EncodeError;
use crate::wire::Writer;

/// The value of a text column; `None` when null.
pub(super) fn value(
    name: &'static str,
    texts: &Texts,
    types: &Texts,
    row: usize,
) -> Result<Option<Value>, EncodeError> {
    let Some(text) = texts.get(row) else { return Ok(None) };
    read(text, types.get(row)).map(Some).map_err(|error| EncodeError::Text {
        column: name,
        row,
        problem: error.to_string(),
    })
}

/// Writes the attributes of a column as field `number`.
pub(super) fn attributes(
    out: &mut Writer,
    number: u32,
    texts: &Texts,
    types: &Texts,
    row: usize,
) -> Result<(), EncodeError> {
    if let Some(Value::Map(members)) = value("attributes", texts, types, row)? {
        write_members(out, number, &members);
    }
    Ok(())
}

/// Writes `KeyValue`s.
pub(super) fn write_members(out: &mut Writer, number: u32, members: &[(String, Value)]) {
    for (key, value) in members {
        let open = out.begin(number);
        out.text(1, key);
        if !matches!(value, Value::Absent) {
            write_value(out, 2, value);
        }
        out.end(open);
    }
}

/// Writes an `AnyValue`.
pub(super) fn write_value(out: &mut Writer, number: u32, value: &Value) {
    let open = out.begin(number);
    match value {
        Value::Absent | Value::Null => {}
        Value::String(text) => out.bytes(any_value::STRING, text.as_bytes()),
        Value::Bool(value) => out.varint(any_value::BOOL, u64::from(*value)),
        Value::Int(value) => out.varint(any_value::INT, value.cast_unsigned()),
        Value::Double(value) => out.double(any_value::DOUBLE, *value),
        Value::Bytes(bytes) => out.bytes(any_value::BYTES, bytes),
        Value::Array(items) => {
            let array = out.begin(any_value::ARRAY);
            for item in items {
                write_value(out, 1, item);
            }
            out.end(array);
        }
        Value::Map(members) => {
            let map = out.begin(any_value::MAP);
            write_members(out, 1, members);
            out.end(map);
        }
    }
    out.end(open);
}

/// Visits the objects of a JSON array column: events, links, exemplars.
pub(super) fn each_object(
    name: &'static str,
    texts: &Texts,
    types: &Texts,
    row: usize,
    mut visit: impl FnMut(&Object),
) -> Result<(), EncodeError> {
    let wrong =
        |problem: &str| EncodeError::Text { column: name, row, problem: problem.to_owned() };
    match value(name, texts, types, row)? {
        None => Ok(()),
        Some(Value::Array(items)) => items.into_iter().try_for_each(|item| match item {
            Value::Map(members) => {
                visit(&Object(members));
                Ok(())
            }
            _ => Err(wrong("an object is expected in the list")),
        }),
        Some(_) => Err(wrong("a list is expected")),
    }
}

/// An object that this crate wrote: its keys are its own, not a client's.
#[derive(Debug)]
pub(super) struct Object(Vec<(String, Value)>);

impl Object {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(super) fn unsigned(&self, key: &str) -> u64 {
        if let Some(Value::Int(value)) = self.get(key) { value.cast_unsigned() } else { 0 }
    }

    pub(super) fn text(&self, key: &str) -> &str {
        if let Some(Value::String(text)) = self.get(key) { text } else { "" }
    }

    pub(super) fn members(&self, key: &str) -> &[(String, Value)] {
        if let Some(Value::Map(members)) = self.get(key) { members } else { &[] }
    }

    /// Writes an id that stands in hex, and nothing when it is absent.
    pub(super) fn write_id(&self, out: &mut Writer, number: u32, key: &str) {
        if let Some(id) = unhex(self.text(key)).filter(|id| !id.is_empty()) {
            out.bytes(number, &id);
        }
    }
}
