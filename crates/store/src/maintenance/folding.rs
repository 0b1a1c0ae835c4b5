//! Pending corrections go into the files that have their rows.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use telltale_base::Project;
use telltale_schema::Table;

use super::{Maintenance, Pace, run_rewrite};
use crate::check::unreadable;
use crate::corrections::frame_of;
use crate::engine::{Engine, blocking};
use crate::health::Task;
use crate::parquet_file::read_record_ids;
use crate::rewrite::{Rewrite, pending};
use crate::state::Replacement;
use crate::{Corrections, DataFile, StoreError};

/// Folds what is due. Corrections of rows in memory wait for their flush.
pub(super) async fn fold(
    engine: &Engine,
    maintenance: &mut Maintenance,
    pace: Pace,
) -> Result<bool, StoreError> {
    let now = engine.shared.clock.monotonic();
    let waiting: Vec<(Project, Table)> = {
        let state = engine.shared.read();
        let pending = state.shelves.iter().filter(|(_, shelf)| !shelf.corrections.is_empty());
        pending.map(|(key, _)| key.clone()).collect()
    };
    maintenance.pending_since.retain(|key, _| waiting.contains(key));
    let mut changed = false;
    for key in waiting {
        let since = *maintenance.pending_since.entry(key.clone()).or_insert(now);
        let due = now.saturating_sub(since) >= engine.shared.config.fold_interval;
        if due || pace == Pace::Now {
            changed |= fold_table(engine, maintenance, &key.0, key.1, pace).await?;
            maintenance.pending_since.remove(&key);
        }
    }
    Ok(changed)
}

async fn fold_table(
    engine: &Engine,
    maintenance: &mut Maintenance,
    project: &Project,
    table: Table,
    pace: Pace,
) -> Result<bool, StoreError> {
    let (corrections, version) = pending(engine, project, table);
    let (files, flushed, damaged) = {
        let state = engine.shared.read();
        let shelf = state.shelves.get(&(project.clone(), table));
        let files = shelf.map(|shelf| Arc::clone(&shelf.files)).unwrap_or_default();
        (files, state.progress(table).flushed, !state.quarantined.is_empty())
    };
    let mut left: BTreeSet<i64> =
        corrections.iter().map(|(id, _)| *id).filter(|id| frame_of(*id) <= flushed).collect();
    if left.is_empty() {
        return Ok(false);
    }
    for file in by_hint(&files, &corrections) {
        if left.range(file.record_min..=file.record_max).next().is_none() {
            continue;
        }
        let path = file.path.clone();
        let ids = match blocking(move || read_record_ids(table, &path)).await {
            Ok(ids) => ids,
            Err(StoreError::Corrupt { path, reason }) => {
                return Err(unreadable(engine, path, reason).await);
            }
            Err(error) => return Err(error),
        };
        if !ids.iter().any(|id| left.contains(id)) {
            continue;
        }
        let date = file.date;
        let job = Rewrite { project: project.clone(), table, date, inputs: vec![file] };
        for id in run_rewrite(engine, maintenance, Task::Folding, job, pace).await? {
            left.remove(&id);
        }
    }
    if !left.is_empty() && !damaged {
        // No file has these rows: they were deleted, or dropped with their partition.
        let settled: HashSet<i64> = left.into_iter().collect();
        let (project, removed, added) = (project.clone(), Vec::new(), Vec::new());
        let nothing = Replacement { project, table, removed, added, settled, version };
        engine.shared.write().replace(nothing);
    }
    Ok(true)
}

/// Files of dates that corrections name first: the others need not be looked at when all rows are
/// found there.
fn by_hint(files: &[Arc<DataFile>], corrections: &Corrections) -> Vec<Arc<DataFile>> {
    let dates: HashSet<i32> = corrections.iter().map(|(_, entry)| entry.date).collect();
    let (hinted, others): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|file| dates.contains(&file.date));
    hinted.into_iter().chain(others).collect()
}
