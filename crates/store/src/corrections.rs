//! Changes to rows that were already written, merged into what readers see.
//!
//! A row's corrections combine column by column: the one with the highest version wins, and a
//! deletion is final. Because the combination does not depend on order, layers can be merged,
//! folded into files and applied again without changing what is read.
//!
//! Never knows where rows lie: it sees batches that have a `record_id` column.

mod apply;
pub(crate) mod codec;
mod entry;
mod saved;

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_schema::{ColumnType, RECORD_ORDINAL_BITS, Table};

pub(crate) use entry::{Entry, Version};
pub(crate) use saved::{load_corrections, save_corrections};

/// A change to one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Correction {
    /// Identity of the row.
    pub record_id: i64,
    /// Partition of the row, in days since 1970: a hint that keeps folding cheap.
    pub date: i32,
    /// What becomes of it.
    pub change: Change,
}

/// What a correction does to its row.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Gives columns new values. Only correctable columns of the table are allowed.
    Set(Vec<(String, Scalar)>),
    /// Removes the row. Later changes to it have no effect.
    Delete,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// No value.
    Null,
    /// For integer columns, and for time columns in microseconds since 1970.
    Int(i64),
    /// For floating point columns.
    Float(f64),
    /// For truth values.
    Bool(bool),
    /// For text.
    Text(String),
    /// For ids.
    Bytes(Vec<u8>),
}

impl Scalar {
    /// The value of a row of a column; `None` for types that no correctable column has.
    #[must_use]
    pub fn of(column: &dyn Array, row: usize) -> Option<Self> {
        if column.is_null(row) {
            return Some(Self::Null);
        }
        match column.data_type() {
            DataType::Utf8View => {
                Some(Self::Text(column.as_string_view_opt()?.value(row).to_owned()))
            }
            DataType::Int64 => Some(Self::Int(column.as_primitive_opt::<Int64Type>()?.value(row))),
            DataType::Float64 => {
                Some(Self::Float(column.as_primitive_opt::<Float64Type>()?.value(row)))
            }
            DataType::Boolean => Some(Self::Bool(column.as_boolean_opt()?.value(row))),
            _ => None,
        }
    }
}

impl Correction {
    /// Upper bound of its bytes in the log.
    pub(crate) fn bytes(&self) -> usize {
        let value = |value: &Scalar| match value {
            Scalar::Text(text) => text.len(),
            Scalar::Bytes(bytes) => bytes.len(),
            Scalar::Null | Scalar::Int(_) | Scalar::Float(_) | Scalar::Bool(_) => 0,
        };
        let columns = match &self.change {
            Change::Delete => 0,
            Change::Set(columns) => columns.iter().map(|(n, v)| 16 + n.len() + value(v)).sum(),
        };
        32 + columns
    }

    /// Says what is wrong with this correction for `table`, if anything.
    pub(crate) fn check(&self, table: Table) -> Result<(), String> {
        let Change::Set(columns) = &self.change else { return Ok(()) };
        for (name, value) in columns {
            let column = table
                .column(name)
                .ok_or_else(|| format!("table {} has no column {name:?}", table.name()))?;
            if !column.correctable {
                return Err(format!("column {name:?} of {} cannot be corrected", table.name()));
            }
            let fits = match value {
                Scalar::Null => column.nullable,
                Scalar::Int(_) => matches!(column.ty, ColumnType::Int | ColumnType::Time),
                Scalar::Float(_) => column.ty == ColumnType::Float,
                Scalar::Bool(_) => column.ty == ColumnType::Bool,
                Scalar::Text(_) => {
                    matches!(column.ty, ColumnType::Text | ColumnType::SharedText)
                }
                Scalar::Bytes(_) => column.ty == ColumnType::Id,
            };
            if !fits {
                return Err(format!("column {name:?} does not take this kind of value: {value:?}"));
            }
        }
        Ok(())
    }
}

/// Sequence number of the frame that a record arrived in.
pub(crate) fn frame_of(record_id: i64) -> u64 {
    u64::try_from(record_id >> RECORD_ORDINAL_BITS).unwrap_or(0)
}

/// Pending corrections of one table of one project: immutable sorted layers, newest last.
///
/// Adding a layer never copies the others beyond what keeps their number logarithmic, so a reader
/// that holds an older value costs a writer nothing.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    layers: Vec<Arc<Layer>>,
}

/// Entries by ascending record id, each id once.
#[derive(Debug)]
struct Layer {
    entries: Vec<(i64, Entry)>,
    bytes: usize,
    /// Whether any of them changes which attributes there are.
    attributes: bool,
}

impl Corrections {
    /// Whether there is nothing to apply.
    pub fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Whether any row with an id from `record_min` to `record_max`, both included, may be changed.
    pub fn touches(&self, record_min: i64, record_max: i64) -> bool {
        self.layers.iter().any(|layer| {
            let from = layer.entries.partition_point(|(id, _)| *id < record_min);
            layer.entries.get(from).is_some_and(|(id, _)| *id <= record_max)
        })
    }

    /// The batch as corrected. Takes any projection that has an `Int64` column `record_id` and
    /// binary ids; columns that are corrected but absent from the batch are left out. Rows keep
    /// their order.
    ///
    /// # Errors
    /// When `record_id` is missing or a value cannot become the column's type.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        if self.is_empty() || batch.num_rows() == 0 {
            return Ok(batch.clone());
        }
        apply::apply(self, batch)
    }

    /// Rows that have pending corrections (a row in several layers counts in each).
    pub fn len(&self) -> usize {
        self.layers.iter().map(|layer| layer.entries.len()).sum()
    }

    /// Approximate bytes of memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.layers.iter().map(|layer| layer.bytes).sum()
    }

    /// All entries of all layers; an id can come several times.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(i64, Entry)> {
        self.layers.iter().flat_map(|layer| layer.entries.iter())
    }

    /// Parts of the entry of one row, from every layer that has one.
    fn find(&self, record_id: i64) -> impl Iterator<Item = &Entry> {
        self.layers.iter().filter_map(move |layer| {
            let at = layer.entries.binary_search_by_key(&record_id, |(id, _)| *id).ok()?;
            layer.entries.get(at).map(|(_, entry)| entry)
        })
    }

    /// Whether a row has pending corrections.
    pub(crate) fn has(&self, record_id: i64) -> bool {
        self.find(record_id).next().is_some()
    }

    /// Whether any of them changes which attributes rows have, a deletion included.
    pub fn change_attributes(&self) -> bool {
        self.layers.iter().any(|layer| layer.attributes)
    }

    /// Whether those of one row do.
    pub(crate) fn changes_attributes_of(&self, record_id: i64) -> bool {
        self.change_attributes() && self.find(record_id).any(Entry::changes_attributes)
    }

    /// The smallest and largest id with a pending correction.
    fn bounds(&self) -> Option<(i64, i64)> {
        let min = self.layers.iter().filter_map(|l| l.entries.first()).map(|(id, _)| *id).min()?;
        let max = self.layers.iter().filter_map(|l| l.entries.last()).map(|(id, _)| *id).max()?;
        Some((min, max))
    }

    /// These corrections and the entries besides.
    #[must_use]
    pub(crate) fn with(&self, mut entries: Vec<(i64, Entry)>) -> Self {
        if entries.is_empty() {
            return self.clone();
        }
        entries.sort_by_key(|(id, _)| *id);
        let mut entries = merge_equal(entries);
        let mut layers = self.layers.clone();
        // A layer never stands on one less than twice its size, so there are few of them.
        while let Some(below) = layers.pop_if(|below| below.entries.len() < 2 * entries.len()) {
            let mut both: Vec<_> = below.entries.iter().cloned().chain(entries).collect();
            both.sort_by_key(|(id, _)| *id);
            entries = merge_equal(both);
        }
        let bytes = entries.iter().map(|(_, e)| e.memory_bytes() + size_of::<(i64, Entry)>()).sum();
        let attributes = entries.iter().any(|(_, entry)| entry.changes_attributes());
        layers.push(Arc::new(Layer { entries, bytes, attributes }));
        Self { layers }
    }

    /// These corrections without what `settled` says has reached its file: it gets each entry and
    /// returns the highest version that is settled, if any.
    #[must_use]
    pub(crate) fn without(&self, settled: impl Fn(i64, &Entry) -> Option<Version>) -> Self {
        let left = self.iter().filter_map(|(id, entry)| match settled(*id, entry) {
            None => Some((*id, entry.clone())),
            Some(version) => entry.newer_than(version).map(|entry| (*id, entry)),
        });
        Self::default().with(left.collect())
    }
}

impl FromIterator<Correction> for Corrections {
    /// The corrections as if each had come in a frame of its own, in this order.
    fn from_iter<I: IntoIterator<Item = Correction>>(corrections: I) -> Self {
        let entries = (0_u64..).zip(corrections).map(|(seq, correction)| {
            (correction.record_id, Entry::new(correction, Version { seq, place: 0 }))
        });
        Self::default().with(entries.collect())
    }
}

fn merge_equal(sorted: Vec<(i64, Entry)>) -> Vec<(i64, Entry)> {
    let mut layer: Vec<(i64, Entry)> = Vec::with_capacity(sorted.len());
    for (id, entry) in sorted {
        match layer.last_mut() {
            Some((last, merged)) if *last == id => merged.merge(entry),
            _ => layer.push((id, entry)),
        }
    }
    layer
}

/// A request to correct rows, as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CorrectionFrame {
    pub(crate) project: Project,
    pub(crate) table: Table,
    pub(crate) corrections: Vec<Correction>,
}

#[cfg(test)]
mod tests;
