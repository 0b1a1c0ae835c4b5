//! The catalogues of attributes catch up with their tables: keys of dropped partitions go, and rows
//! that a catalogue lacks are read again, a slice of time in each round.

use std::sync::Arc;
use std::time::Duration;

use telltale_base::Project;
use telltale_schema::Table;
use tokio_util::sync::CancellationToken;

use super::{Maintenance, Pace};
use crate::catalogue::{AttributeCatalogue, Missing};
use crate::corrections::frame_of;
use crate::engine::{Engine, blocking};
use crate::parquet_file::FileReader;
use crate::{DataFile, StoreError};

/// A catalogue whose missing rows are being read. The files are held from start to end, so that
/// each row is met once, whatever merging does meanwhile.
#[derive(Debug)]
pub(super) struct Filling {
    project: Project,
    table: Table,
    ranges: Vec<Missing>,
    /// Files to read, the newest last.
    files: Vec<Arc<DataFile>>,
    rows_left: u64,
    found: AttributeCatalogue,
}

/// Does what can be done within a slice; all of it when it is to be done now.
pub(super) async fn catalogue(
    engine: &Engine,
    maintenance: &mut Maintenance,
    pace: Pace,
) -> Result<bool, StoreError> {
    let mut changed = prune(engine).await?;
    let clock = &engine.shared.clock;
    let start = clock.monotonic();
    let slice = match pace {
        Pace::Background => engine.shared.config.catalogue.rebuild_slice,
        Pace::Now => Duration::MAX,
    };
    while clock.monotonic().saturating_sub(start) < slice {
        let last = maintenance.filled.as_ref();
        let Some(mut filling) = maintenance.filling.take().or_else(|| next(engine, last)) else {
            break;
        };
        maintenance.filled = Some((filling.project.clone(), filling.table));
        if engine.stopping.is_cancelled() {
            return Ok(changed);
        }
        let file = if filling.rows_left > 0 { filling.files.pop() } else { None };
        match file {
            Some(file) => {
                filling = read(engine, filling, &file).await?;
                maintenance.filling = Some(filling);
            }
            None => finish(engine, filling).await?,
        }
        changed = true;
    }
    Ok(changed)
}

/// What is to be read next: in turn, so that one that fails does not keep the others waiting.
fn next(engine: &Engine, last: Option<&(Project, Table)>) -> Option<Filling> {
    let shared = &engine.shared;
    let missing = shared.catalogues.missing();
    let later = missing.iter().filter(|(key, _)| last.is_some_and(|last| *key > last));
    let mut files = Vec::new();
    let has_files = |(key, ranges): &(&(Project, Table), &Vec<Missing>)| {
        let state = shared.read();
        // A flush tells catalogues of its rows before it shows its files.
        let flushed = state.progress(key.1).flushed;
        let all = ranges.iter().all(|range| range.upto <= flushed);
        files = state.shelves.get(*key).map(|shelf| shelf.files.to_vec()).unwrap_or_default();
        all
    };
    let ((project, table), ranges) = later.chain(&missing).find(has_files)?;
    let (project, table, ranges) = (project.clone(), *table, ranges.clone());
    files.retain(|file| {
        let (first, last) = (frame_of(file.record_min), frame_of(file.record_max));
        ranges.iter().any(|range| range.touches(first, last))
    });
    files.sort_by_key(|file| file.record_max);
    let limits = shared.config.catalogue;
    let (rows_left, found) = (limits.rebuild_rows_max, AttributeCatalogue::new(limits));
    Some(Filling { project, table, ranges, files, rows_left, found })
}

/// Reads one file. A damaged one is set aside, and its rows are nobody's any more.
async fn read(
    engine: &Engine,
    filling: Filling,
    file: &Arc<DataFile>,
) -> Result<Filling, StoreError> {
    let Filling { project, table, ranges, files, rows_left, mut found } = filling;
    let (input, wanted, stopping) = (Arc::clone(file), ranges.clone(), engine.stopping.clone());
    let mut part = AttributeCatalogue::new(engine.shared.config.catalogue);
    let work = move || {
        read_file(table, &input, &wanted, &mut part, &stopping)?;
        found.merge(&part);
        Ok(found)
    };
    let found = match blocking(work).await {
        Ok(found) => found,
        Err(StoreError::Corrupt { path, reason }) => {
            engine.quarantine(&path, &reason)?;
            return Err(StoreError::Corrupt { path, reason });
        }
        Err(error) => return Err(error),
    };
    let rows_left = rows_left.saturating_sub(file.rows);
    Ok(Filling { project, table, ranges, files, rows_left, found })
}

fn read_file(
    table: Table,
    file: &DataFile,
    ranges: &[Missing],
    part: &mut AttributeCatalogue,
    stopping: &CancellationToken,
) -> Result<(), StoreError> {
    let wanted = |id: i64| ranges.iter().any(|range| range.has(frame_of(id)));
    for batch in FileReader::open_attributes(table, &file.path)? {
        if stopping.is_cancelled() {
            return Err(StoreError::Closed);
        }
        part.read_file(table, &batch?, file.date, &wanted);
    }
    Ok(())
}

async fn finish(engine: &Engine, filling: Filling) -> Result<(), StoreError> {
    let shared = Arc::clone(&engine.shared);
    blocking(move || {
        let Filling { project, table, ranges, files, found, .. } = filling;
        shared.catalogues.fill(&project, table, &ranges, &found, !files.is_empty())
    })
    .await
}

/// Lets go of keys that only dropped partitions had. A flush adds keys before others see its files,
/// so none may run meanwhile; while one does, the next round is early enough.
async fn prune(engine: &Engine) -> Result<bool, StoreError> {
    let Ok(_no_flush) = engine.flushing.try_lock() else { return Ok(false) };
    let shared = Arc::clone(&engine.shared);
    blocking(move || {
        let mut changed = false;
        for (project, table) in shared.catalogues.keys() {
            let oldest = {
                let state = shared.read();
                let shelf = state.shelves.get(&(project.clone(), table));
                shelf.and_then(|shelf| shelf.files.iter().map(|file| file.date).min())
            };
            changed |= shared.catalogues.prune(&project, table, oldest)?;
        }
        Ok(changed)
    })
    .await
}
