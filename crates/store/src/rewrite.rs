//! Writes files of one partition anew, merged and with their pending corrections applied, and puts
//! the result in their place. Merging small files and folding corrections both are this.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use telltale_base::Project;
use telltale_schema::Table;
use tokio_util::sync::CancellationToken;

use crate::catalogue::AttributeCatalogue;
use crate::check::unreadable;
use crate::corrections::Version;
use crate::delta::{self, Commit, CommitKind};
use crate::engine::{Engine, blocking};
use crate::health::Task;
use crate::order::merge;
use crate::parquet_file::{FileReader, FileWriting, NewFile};
use crate::state::Replacement;
use crate::{CatalogueConfig, Corrections, DataFile, StoreError};

/// Files of one (table, project, date) to write anew.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    pub(crate) project: Project,
    pub(crate) table: Table,
    pub(crate) date: i32,
    pub(crate) inputs: Vec<Arc<DataFile>>,
}

/// What a rewrite made.
#[derive(Debug)]
struct Rewritten {
    /// `None` when no row is left.
    file: Option<NewFile>,
    /// Rows of the inputs that had corrections.
    settled: HashSet<i64>,
    /// Attributes of rows that corrections changed or removed, as they are now.
    attributes: Option<AttributeCatalogue>,
}

/// Carries out a rewrite; answers the rows whose corrections are in files now. A damaged input is
/// set aside, and the rewrite fails.
pub(crate) async fn rewrite(engine: &Engine, job: Rewrite) -> Result<HashSet<i64>, StoreError> {
    let store = engine.table(job.table)?;
    let (corrections, version) = pending(engine, &job.project, job.table);
    let (writing, work) = (store.writing.clone(), job.clone());
    let stopping = engine.stopping.clone();
    let limits = engine.shared.config.catalogue;
    let result = blocking(move || write(&writing, &work, &corrections, limits, &stopping)).await;
    let Rewritten { file, settled, attributes } = match result {
        Ok(rewritten) => rewritten,
        Err(StoreError::Corrupt { path, reason }) => {
            return Err(unreadable(engine, path, reason).await);
        }
        Err(error) => return Err(error),
    };
    if let Some(attributes) = attributes {
        catalogue(engine, &job, attributes).await;
    }
    let rows_change = !settled.is_empty();
    let kind = if rows_change { CommitKind::Rewrite } else { CommitKind::Compact };
    replace(engine, job, file, kind, settled.clone(), version).await?;
    Ok(settled)
}

/// Tells the catalogue before the commit: then it has too much after a crash, never too little.
async fn catalogue(engine: &Engine, job: &Rewrite, attributes: AttributeCatalogue) {
    let (shared, project, table) = (Arc::clone(&engine.shared), job.project.clone(), job.table);
    let work = move || shared.catalogues.corrected(&project, table, &attributes);
    if let Err(error) = blocking(work).await {
        engine.shared.health.step(Task::Catalogue, engine.shared.clock.now(), &Err(error));
    }
}

/// Pending corrections, and up to which version.
pub(crate) fn pending(
    engine: &Engine,
    project: &Project,
    table: Table,
) -> (Arc<Corrections>, Version) {
    let state = engine.shared.read();
    let shelf = state.shelves.get(&(project.clone(), table));
    let corrections = shelf.map(|shelf| Arc::clone(&shelf.corrections)).unwrap_or_default();
    (corrections, Version { seq: state.applied, place: u32::MAX })
}

/// Commits that `file` stands for the inputs of `job`, then shows it to readers.
pub(crate) async fn replace(
    engine: &Engine,
    job: Rewrite,
    file: Option<NewFile>,
    kind: CommitKind,
    settled: HashSet<i64>,
    version: Version,
) -> Result<(), StoreError> {
    let store = engine.table(job.table)?;
    let now = engine.shared.clock.now();
    let change = kind == CommitKind::Rewrite;
    let mut log = store.log.lock().await;
    let root = log.root().to_path_buf();
    let mut actions = Vec::new();
    for input in &job.inputs {
        actions.push(delta::remove(&root, &job.project, input, now, change)?);
    }
    if let Some(new) = &file {
        actions.push(delta::add(&root, &job.project, new, now, change)?);
    }
    // On an error the new file stays: the commit may still turn up after a loss of power.
    log.commit(Commit { kind, actions, position: None }).await?;
    let added = file.map(|new| Arc::new(new.file)).into_iter().collect();
    let Rewrite { project, table, inputs, .. } = job;
    engine.shared.write().replace(Replacement {
        project,
        table,
        removed: inputs,
        added,
        settled,
        version,
    });
    Ok(())
}

fn write(
    writing: &FileWriting,
    job: &Rewrite,
    corrections: &Corrections,
    limits: CatalogueConfig,
    stopping: &CancellationToken,
) -> Result<Rewritten, StoreError> {
    let mut noted = Noted { corrections, settled: HashSet::new(), attributes: None, limits };
    let mut writer = writing.start(&job.project, job.date)?;
    // Inputs are pulled by the merge, one at a time, while ids are noted: a cell lends out both.
    let cell = std::cell::RefCell::new(&mut noted);
    let paths: Vec<PathBuf> = job.inputs.iter().map(|file| file.path.clone()).collect();
    let open = |path: &PathBuf| {
        let noted = &cell;
        let reader = FileReader::open(writing.table, path)?;
        Ok(reader.map(move |batch| {
            let batch = batch?;
            let corrected = corrections.apply(&batch)?;
            noted.borrow_mut().note(writing.table, job.date, &batch, &corrected);
            Ok(corrected)
        }))
    };
    let mut sink = |chunk| {
        if stopping.is_cancelled() { Err(StoreError::Closed) } else { writer.write(&chunk) }
    };
    let inputs = paths.iter().map(open).collect::<Result<Vec<_>, StoreError>>();
    let merged = inputs.and_then(|inputs| merge(writing.table, inputs, &mut sink));
    if let Err(error) = merged {
        writer.abandon();
        return Err(error);
    }
    let file = writer.finish()?;
    let Noted { settled, attributes, .. } = noted;
    Ok(Rewritten { file, settled, attributes })
}

/// What corrections did to the rows that were read.
struct Noted<'a> {
    corrections: &'a Corrections,
    settled: HashSet<i64>,
    attributes: Option<AttributeCatalogue>,
    limits: CatalogueConfig,
}

impl Noted<'_> {
    fn note(&mut self, table: Table, date: i32, before: &RecordBatch, after: &RecordBatch) {
        if self.corrections.is_empty() {
            return;
        }
        let ids = before.column_by_name("record_id");
        let ids = ids.and_then(|c| c.as_primitive_opt::<Int64Type>());
        let ids = ids.into_iter().flat_map(|ids| ids.values().iter().copied());
        let corrected = ids.filter(|id| self.corrections.has(*id)).collect::<Vec<_>>();
        let changes = |id: i64| self.corrections.changes_attributes_of(id);
        if corrected.iter().any(|id| changes(*id)) {
            let new = || AttributeCatalogue::new(self.limits);
            self.attributes.get_or_insert_with(new).read(table, after, date, Some(&changes));
        }
        self.settled.extend(corrected);
    }
}
