//! One attribute key with what is known of it.

use std::sync::Arc;

use telltale_schema::AttributeScope;

use super::frequent::{Frequent, Item};
use super::types::ValueTypes;

/// Bytes of memory that a key takes besides its name and values, roughly.
const KEY_BYTES: usize = 256;

/// A key with what is known of it.
#[derive(Clone, Debug)]
pub struct CatalogueKey {
    pub(super) scope: AttributeScope,
    pub(super) name: Arc<str>,
    pub(super) types: ValueTypes,
    pub(super) rows: u64,
    pub(super) missed: u64,
    pub(super) first: i64,
    pub(super) last: i64,
    pub(super) first_day: i32,
    pub(super) last_day: i32,
    pub(super) values: Frequent,
    /// Place of the key that came after this one last.
    pub(super) next: usize,
}

/// A value of a key and about how often it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueValue<'a> {
    /// Its text, as `->>` shows it.
    pub text: &'a str,
    /// Rows that have it, at most.
    pub count: u64,
    /// `count` is at most this much too high.
    pub error: u64,
}

impl CatalogueKey {
    /// Whose attribute it is.
    pub fn scope(&self) -> AttributeScope {
        self.scope
    }

    /// The key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Types of its values, in the order of their names.
    pub fn types(&self) -> Vec<&'static str> {
        self.types.names()
    }

    /// Rows that have it: exact when [`Self::missed`] is 0, else at most this many.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows that may have been counted without being there, because the key was left out for a
    /// while.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// Nanoseconds since 1970 of the earliest row that has it.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Nanoseconds since 1970 of the latest row that has it.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Earliest partition with a row that has it, in days since 1970.
    pub fn first_day(&self) -> i32 {
        self.first_day
    }

    /// Frequent values, most frequent first.
    pub fn values(&self) -> Vec<CatalogueValue<'_>> {
        let items = self.values.items().iter();
        let mut values: Vec<_> = items
            .map(|Item { text, count, error, .. }| CatalogueValue {
                text,
                count: *count,
                error: *error,
            })
            .collect();
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(b.text)));
        values
    }

    /// Rows that a value which is not among [`Self::values`] can have, values that are never
    /// listed (nested, or long) aside.
    pub fn other_values_max(&self) -> u64 {
        self.values.floor()
    }
}

/// Rows that are counted at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) rows: u64,
    /// Times of the earliest and the latest of them, in nanoseconds since 1970.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Their partition, in days since 1970.
    pub(crate) day: i32,
}

impl CatalogueKey {
    /// A key of no rows.
    pub(super) fn new(scope: AttributeScope, name: &str, types: ValueTypes) -> Self {
        Self {
            scope,
            name: Arc::from(name),
            types,
            rows: 0,
            missed: 0,
            first: 0,
            last: 0,
            first_day: 0,
            last_day: 0,
            values: Frequent::default(),
            next: 0,
        }
    }

    /// Takes into account that up to `rows` more rows may have it.
    pub(super) fn miss(&mut self, rows: u64) {
        self.rows += rows;
        self.missed += rows;
        self.values.miss(rows);
    }

    /// Adds what other rows say of the same key.
    pub(super) fn merge(&mut self, other: &Self, capacity: usize) {
        self.types = self.types.with(other.types);
        self.rows += other.rows;
        self.missed += other.missed;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.first_day = self.first_day.min(other.first_day);
        self.last_day = self.last_day.max(other.last_day);
        self.values.merge(&other.values, capacity);
    }

    /// Bytes of memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        KEY_BYTES + self.name.len() + self.values.bytes()
    }
}
