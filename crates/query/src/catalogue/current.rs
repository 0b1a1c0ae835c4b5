//! The catalogue of this moment: the stored one and the rows in memory that it lacks. The sum is
//! kept for a while, so that the next ask only looks at rows that came since.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::max;
use arrow::datatypes::Int64Type;
use telltale_base::Project;
use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{AttributeCatalogue, Snapshot};
use tokio::time::Instant;

use crate::error::QueryError;
use crate::source::Source;

/// Catalogues that are kept at once.
const KEPT_MAX: usize = 256;
/// Their bytes together.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// What is known at one moment.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) looked_at: Arc<LookedAt>,
    /// Whether these are all rows.
    pub(super) complete: bool,
    /// Whether counts are exact, as far as their keys are of partitions since `first_day`.
    pub(super) exact: bool,
    /// Earliest partition that has rows in files, in days since 1970.
    pub(super) first_day: i32,
}

/// Rows that were looked at.
#[derive(Clone, Debug)]
pub(super) struct LookedAt {
    pub(super) catalogue: AttributeCatalogue,
    /// Version of the stored part.
    version: u64,
    /// Rows in memory of frames up to this one are in `catalogue`.
    upto: u64,
    /// Whether the stored part has all rows,
    complete: bool,
    /// and whether corrections changed some of them since.
    corrected: bool,
}

/// Catalogues with the time when each was used last.
type ByTable = HashMap<(Project, Table), (Instant, Arc<LookedAt>)>;

/// Recent catalogues.
#[derive(Debug)]
pub(crate) struct Kept {
    age_max: Duration,
    kept: Mutex<ByTable>,
}

impl Kept {
    pub(crate) fn new(age_max: Duration) -> Self {
        Self { age_max, kept: Mutex::default() }
    }

    fn get(&self, project: &Project, table: Table) -> Option<Arc<LookedAt>> {
        self.lock().get(&(project.clone(), table)).map(|(_, kept)| Arc::clone(kept))
    }

    fn put(&self, project: &Project, table: Table, found: Arc<LookedAt>) {
        let mut kept = self.lock();
        kept.retain(|_, (used, _)| used.elapsed() < self.age_max);
        kept.remove(&(project.clone(), table));
        let bytes: usize = kept.values().map(|(_, kept)| kept.catalogue.memory_bytes()).sum();
        if kept.len() < KEPT_MAX && bytes + found.catalogue.memory_bytes() <= KEPT_BYTES_MAX {
            kept.insert((project.clone(), table), (Instant::now(), found));
        }
    }

    fn lock(&self) -> MutexGuard<'_, ByTable> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts the catalogue of this moment together. Blocks.
pub(super) fn current(
    source: &dyn Source,
    kept: &Kept,
    project: &Project,
    table: Table,
    rows_max: usize,
) -> Result<Current, QueryError> {
    // The snapshot comes first: rows that leave its memory are in the catalogue before they do.
    let snapshot = source.snapshot(project, table);
    let version = source.catalogue_version(project, table);
    let before = kept.get(project, table).filter(|kept| kept.version == version);
    let mut found = before.unwrap_or_else(|| Arc::new(stored(source, project, table)));
    let all = add_memory(&mut found, &snapshot, rows_max)?;
    if all {
        kept.put(project, table, Arc::clone(&found));
    }
    Ok(standing(found, &snapshot, all))
}

fn stored(source: &dyn Source, project: &Project, table: Table) -> LookedAt {
    let stored = source.catalogue(project, table);
    LookedAt {
        catalogue: stored.catalogue,
        version: stored.version,
        upto: stored.position,
        complete: stored.complete,
        corrected: stored.corrected,
    }
}

/// Adds rows in memory that were not looked at yet. Answers whether those were all of them: when
/// there are more than `rows_max`, some batches are passed over.
fn add_memory(
    found: &mut Arc<LookedAt>,
    snapshot: &Snapshot,
    rows_max: usize,
) -> Result<bool, QueryError> {
    let (after, mut left) = (found.upto, rows_max);
    for batch in snapshot.memory.iter().filter(|batch| has_later(batch, after)) {
        if batch.num_rows() > left {
            return Ok(false);
        }
        left -= batch.num_rows();
        let batch = snapshot.corrections.apply(batch).map_err(QueryError::internal)?;
        let found = Arc::make_mut(found);
        let last = found.catalogue.read_memory(snapshot.table, &batch, after);
        found.upto = found.upto.max(last);
    }
    Ok(true)
}

fn has_later(batch: &RecordBatch, after: u64) -> bool {
    let ids = batch.column_by_name("record_id").and_then(|c| c.as_primitive_opt::<Int64Type>());
    let last = ids.and_then(max).map(|id| id >> RECORD_ORDINAL_BITS);
    last.and_then(|frame| u64::try_from(frame).ok()).is_some_and(|frame| frame > after)
}

/// What can be said of the counts, the rows being those of the snapshot.
fn standing(looked_at: Arc<LookedAt>, snapshot: &Snapshot, all: bool) -> Current {
    let first_day = snapshot.files.iter().map(|file| file.date).min().unwrap_or(i32::MIN);
    let in_files: u64 = snapshot.files.iter().map(|file| file.rows).sum();
    let in_memory: u64 = snapshot.memory.iter().map(|batch| batch.num_rows() as u64).sum();
    let complete = all && looked_at.complete;
    let exact = complete
        && !looked_at.corrected
        && !snapshot.corrections.change_attributes()
        // Rows that retention, deletion or damage took are still counted.
        && looked_at.catalogue.rows_since(first_day) == in_files + in_memory;
    Current { looked_at, complete, exact, first_day }
}
