//! What one reader sees of one table of one project.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_schema::Table;

use crate::{Corrections, DataFile};

/// A consistent view: every durable row exactly once, in `memory` or in one of `files`. Rows show
/// their original values; the reader applies `corrections` to both.
///
/// While a snapshot holds a file, the file is not removed from disk.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Whose rows.
    pub project: Project,
    /// Of which table.
    pub table: Table,
    /// Rows that are not in files yet, in the memory schema, in no promised order.
    pub memory: Vec<RecordBatch>,
    /// Files, in no promised order.
    pub files: Vec<Arc<DataFile>>,
    /// Changes to rows of both.
    pub corrections: Arc<Corrections>,
}
