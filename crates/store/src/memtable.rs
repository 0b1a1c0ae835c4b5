//! Rows of one table of one project that are not in files yet: immutable batches, small ones
//! joined now and then, so that one-row requests stay cheap to hold and to query.
//!
//! Never knows the log, files or other tables.

use arrow::record_batch::RecordBatch;
use telltale_schema::memory_bytes;

/// So many batches of one size class become one of the next.
const JOIN: usize = 16;
/// Size classes: below 16 rows, below 256, below 4096, and the rest, which is never joined.
const CLASSES: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct MemTable {
    classes: [Vec<RecordBatch>; CLASSES],
    rows: usize,
    bytes: usize,
    /// Changes whenever batches leave other than by joining.
    generation: u64,
}

/// Batches to join, taken while others keep reading.
#[derive(Debug)]
pub(crate) struct Join {
    pub(crate) batches: Vec<RecordBatch>,
    class: usize,
    generation: u64,
}

impl MemTable {
    pub(crate) fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.bytes += memory_bytes(&batch);
        if let Some(class) = self.classes.get_mut(class_of(batch.num_rows())) {
            class.push(batch);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = &RecordBatch> {
        self.classes.iter().flatten()
    }

    /// Takes all rows.
    pub(crate) fn drain(&mut self) -> Vec<RecordBatch> {
        let batches = self.classes.iter_mut().flat_map(std::mem::take).collect();
        *self = Self { generation: self.generation + 1, ..Self::default() };
        batches
    }

    /// A class that has batches enough to join.
    pub(crate) fn crowded(&self) -> Option<Join> {
        let (class, batches) =
            self.classes.iter().enumerate().take(CLASSES - 1).find(|(_, b)| b.len() >= JOIN)?;
        Some(Join { batches: batches.clone(), class, generation: self.generation })
    }

    /// Puts the joined batch in place of its parts; does nothing when they have left meanwhile.
    pub(crate) fn joined(&mut self, join: &Join, whole: RecordBatch) {
        let Some(class) = self.classes.get_mut(join.class) else { return };
        if self.generation != join.generation || class.len() < join.batches.len() {
            return;
        }
        let before: usize = class.drain(..join.batches.len()).map(|b| memory_bytes(&b)).sum();
        let after = memory_bytes(&whole);
        self.bytes = (self.bytes + after).saturating_sub(before);
        // Many tiny batches make one that is still tiny only when rows are missing; the class
        // above keeps the number of batches logarithmic in any case.
        let above = class_of(whole.num_rows()).max(join.class + 1);
        if let Some(class) = self.classes.get_mut(above) {
            class.push(whole);
        }
    }
}

fn class_of(rows: usize) -> usize {
    match rows {
        0..16 => 0,
        16..256 => 1,
        256..4096 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests;
