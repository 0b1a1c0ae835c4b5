//! The tree of a request under construction: messages that hold messages, found again by what
//! they say. Knows no signal.

use std::collections::{BTreeMap, HashMap};

use super::columns::{Ints, Texts};
use crate::error::EncodeError;
use crate::wire::Writer;

/// A message: what it says of itself, then what it holds.
#[derive(Debug, Default)]
pub(super) struct Node {
    number: u32,
    head: Vec<u8>,
    places: HashMap<String, usize>,
    /// In the order in which they came.
    children: BTreeMap<usize, Self>,
    /// Encoded records that this message holds.
    pub(super) records: Writer,
}

impl Node {
    /// The child that says this, made by `head` when it is new. `number` is its field here.
    pub(super) fn child(
        &mut self,
        key: String,
        number: u32,
        head: impl FnOnce(&mut Writer) -> Result<(), EncodeError>,
    ) -> Result<&mut Self, EncodeError> {
        let next = self.children.len();
        let place = *self.places.entry(key).or_insert(next);
        let child = self.children.entry(place).or_default();
        if place == next {
            let mut out = Writer::new();
            head(&mut out)?;
            child.number = number;
            child.head = out.into_bytes();
        }
        Ok(child)
    }

    pub(super) fn write_content(&self, out: &mut Writer) {
        out.raw(&self.head);
        for child in self.children.values() {
            let open = out.begin(child.number);
            child.write_content(out);
            out.end(open);
        }
        out.raw(self.records.as_slice());
    }
}

/// What tells messages apart: the values of some columns of a row, each with its length, so that
/// no two rows with different values have one key.
pub(super) fn key(texts: &[&Texts], ints: &[&Ints], row: usize) -> String {
    let mut key = String::new();
    let mut push = |value: Option<&str>| {
        if let Some(value) = value {
            key.push_str(&value.len().to_string());
            key.push(':');
            key.push_str(value);
        }
        key.push(';');
    };
    for column in texts {
        push(column.get(row));
    }
    for column in ints {
        push(column.get(row).map(|value| value.to_string()).as_deref());
    }
    key
}
