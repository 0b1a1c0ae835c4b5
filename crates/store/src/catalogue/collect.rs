//! From batches of rows to the catalogue: walks the attribute texts, each run of equal ones once.

use std::borrow::Cow;
use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::Int64Type;
use telltale_schema::json::{self, Value};
use telltale_schema::{AttributeScope, RawText, RawValue, Table, for_each_attribute};

use super::key::Seen;
use super::keys::AttributeCatalogue;
use super::types::ValueTypes;
use crate::corrections::frame_of;

/// Escapes make a text at most this many times longer.
const ESCAPE_FACTOR: usize = 6;

/// The columns that hold attributes, with those that hold their types.
const COLUMNS: [(AttributeScope, &str, &str); 2] = [
    (AttributeScope::Record, "attributes", "attributes_types"),
    (AttributeScope::Resource, "resource", "resource_types"),
];

/// All of them.
pub(crate) const ATTRIBUTE_COLUMNS: [&str; 4] =
    ["attributes", "attributes_types", "resource", "resource_types"];

/// Neighbouring rows with the same attributes.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) text: &'a str,
    types: Option<&'a str>,
    seen: Seen,
}

/// Calls `sink` with every run of the rows whose record id is `wanted`. A batch without times (or
/// without ids, when any is asked for) has no runs.
pub(crate) fn for_each_run<'a>(
    table: Table,
    batch: &'a RecordBatch,
    day: i32,
    wanted: Option<&dyn Fn(i64) -> bool>,
    mut sink: impl FnMut(AttributeScope, &Run<'a>),
) {
    let ints = |name| batch.column_by_name(name).and_then(|c| c.as_primitive_opt::<Int64Type>());
    let ids = wanted.zip(ints("record_id"));
    let Some(times) = ints(table.time_column()).filter(|_| wanted.is_none() || ids.is_some())
    else {
        return;
    };
    let is_wanted = |row| ids.is_none_or(|(wanted, ids)| wanted(ids.value(row)));
    for (scope, name, types) in COLUMNS {
        let texts = |name| batch.column_by_name(name).and_then(|c| c.as_string_view_opt());
        let Some(values) = texts(name) else { continue };
        let types: Option<&StringViewArray> = texts(types).filter(|c| c.null_count() < c.len());
        let mut run: Option<Run<'a>> = None;
        for (row, time) in times.values().iter().enumerate() {
            if values.is_null(row) || !is_wanted(row) {
                continue;
            }
            let (text, time) = (values.value(row), *time);
            let types = types.filter(|types| types.is_valid(row)).map(|types| types.value(row));
            match &mut run {
                Some(run) if run.text == text && run.types == types => {
                    run.seen.rows += 1;
                    run.seen.first = run.seen.first.min(time);
                    run.seen.last = run.seen.last.max(time);
                }
                _ => {
                    let seen = Seen { rows: 1, first: time, last: time, day };
                    if let Some(done) = run.replace(Run { text, types, seen }) {
                        sink(scope, &done);
                    }
                }
            }
        }
        if let Some(done) = run {
            sink(scope, &done);
        }
    }
}

impl AttributeCatalogue {
    /// Adds rows of frames after `after`, as memory has them, to be read beside a stored catalogue
    /// that has those before. Answers the last of their frames.
    pub fn read_memory(&mut self, table: Table, batch: &RecordBatch, after: u64) -> u64 {
        let later = |id: i64| frame_of(id) > after;
        // Rows in memory are of no partition yet; they count as of the latest.
        self.read_file(table, batch, i32::MAX, &later);
        record_ids(batch).iter().copied().max().map_or(0, frame_of)
    }

    /// Adds rows of one partition whose record id is `wanted`.
    pub(crate) fn read_file(
        &mut self,
        table: Table,
        batch: &RecordBatch,
        day: i32,
        wanted: &dyn Fn(i64) -> bool,
    ) {
        let rows = record_ids(batch).iter().filter(|id| wanted(**id)).count() as u64;
        if rows > 0 {
            self.read(table, batch, day, Some(wanted));
            self.count_rows(day, rows);
        }
    }

    /// Adds what rows have without counting the rows.
    pub(crate) fn read(
        &mut self,
        table: Table,
        batch: &RecordBatch,
        day: i32,
        wanted: Option<&dyn Fn(i64) -> bool>,
    ) {
        for_each_run(table, batch, day, wanted, |scope, run| {
            self.learn(scope, run, |_, _| {});
        });
    }

    /// Adds the pairs of a run. `also` sees each pair of scalars at least once in a group, so that
    /// the text is walked once for all, and what is cheap to recognise here is not looked at again.
    pub(crate) fn learn<'a>(
        &mut self,
        scope: AttributeScope,
        run: &Run<'a>,
        mut also: impl FnMut(RawText<'a>, RawValue<'a>),
    ) {
        let codes = run.types.map(codes);
        let longest = self.limits.value_bytes_max.saturating_mul(ESCAPE_FACTOR);
        let mut index = 0;
        for_each_attribute(run.text, |key, value| {
            let code = codes.as_ref().and_then(|codes| codes.get(&index).copied());
            index += 1;
            let seen = &run.seen;
            let Some(place) = self.place(scope, key, || unescaped(key.text), seen) else {
                return also(key, value);
            };
            let (types, text) = describe(value, code, longest);
            // Corrections may bring escapes where none are needed.
            let escaped = matches!(value, RawValue::Text(RawText { escaped: true, .. }));
            if escaped || key.escaped {
                self.note_unusual(place, types, text.as_deref(), seen);
            } else if self.note(place, types, text.as_deref(), seen) {
                return;
            }
            also(key, value);
        });
    }
}

fn record_ids(batch: &RecordBatch) -> &[i64] {
    let ids = batch.column_by_name("record_id").and_then(|c| c.as_primitive_opt::<Int64Type>());
    ids.map(|ids| ids.values().as_ref()).unwrap_or_default()
}

/// Type codes of the members of an object, by their places: the first letter says it.
fn codes(types: &str) -> HashMap<usize, u8> {
    let entry = |entry: &str| {
        let (place, code) = entry.split_once(':')?;
        Some((place.parse().ok()?, *code.as_bytes().first()?))
    };
    types.split(',').filter_map(entry).collect()
}

/// The type of a value, and its text when it is one to list.
fn describe(
    value: RawValue<'_>,
    code: Option<u8>,
    longest: usize,
) -> (ValueTypes, Option<Cow<'_, str>>) {
    match (value, code) {
        (RawValue::Text(_), Some(b'b')) => (ValueTypes::BYTES, None),
        (RawValue::Text(raw), Some(b'd')) => (ValueTypes::DOUBLE, Some(raw.text.into())),
        (RawValue::Text(RawText { text, escaped: false }), _) => {
            (ValueTypes::STRING, Some(text.into()))
        }
        (RawValue::Text(RawText { text, escaped: true }), _) => {
            let short = (text.len() <= longest).then(|| unescaped(text)).flatten();
            (ValueTypes::STRING, short.map(Cow::Owned))
        }
        (RawValue::Word(word), _) => match ValueTypes::of_word(word) {
            ValueTypes::EMPTY => (ValueTypes::EMPTY, None),
            types => (types, Some(word.into())),
        },
        (RawValue::Array, _) => (ValueTypes::ARRAY, None),
        (RawValue::Map, _) => (ValueTypes::MAP, None),
    }
}

/// The text of a JSON string; `None` when it is none.
fn unescaped(raw: &str) -> Option<String> {
    match json::read(&format!("\"{raw}\""), None) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
