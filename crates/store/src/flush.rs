//! Rows in memory become files: freeze, sort, write, commit, publish, then let the log go.
//!
//! Order matters for crashes: files are durable before the commit, the commit carries the position
//! of the log, the catalogue of attributes follows, and the log is trimmed last. A crash in between leaves files that no table knows,
//! or frames that a table is past; both are recognised at the next start.

mod triggers;

use std::collections::HashMap;
use std::sync::Arc;

use telltale_base::Project;
use telltale_schema::Table;

use crate::catalogue::Learned;
use crate::committer::Request;
use crate::corrections::save_corrections;
use crate::delta::{self, Commit, CommitKind};
use crate::engine::{Engine, blocking};
use crate::health::Task;
use crate::order::Sorted;
use crate::own_trace::Work;
use crate::parquet_file::{FileWriting, NewFile, discard};
use crate::shared::Shared;
use crate::state::Frozen;
use crate::{CatalogueConfig, DataFile, StoreError};

pub(crate) use triggers::{Load, due};

/// Flushes tables, then trims the log as far as all tables allow. A table that fails keeps its
/// rows in memory and in the log; the others are flushed all the same.
///
/// Runs to its end even when the caller goes away: a flush that stopped half-way would have to be
/// recognised by the next.
pub(crate) async fn flush(engine: &Arc<Engine>, tables: Vec<Table>) -> Result<(), StoreError> {
    let engine = Arc::clone(engine);
    let work = tokio::spawn(async move {
        let outcome = flush_tables(&engine, &tables).await;
        let now = engine.shared.clock.now();
        engine.shared.health.step(Task::Flush, now, &outcome);
        outcome.map(|_| ())
    });
    work.await.map_err(|e| StoreError::internal(format!("flush failed: {e}")))?
}

async fn flush_tables(engine: &Engine, tables: &[Table]) -> Result<bool, StoreError> {
    let _one_at_a_time = engine.flushing.lock().await;
    let mut outcome = Ok(false);
    for table in tables {
        match flush_table(engine, *table).await {
            Ok(changed) => outcome = outcome.map(|before| before || changed),
            Err(error) => outcome = Err(error),
        }
    }
    trim(engine).await?;
    outcome
}

async fn flush_table(engine: &Engine, table: Table) -> Result<bool, StoreError> {
    let shared = &engine.shared;
    let Some(frozen) = shared.write().freeze(table) else { return Ok(false) };
    let frozen = Arc::new(frozen);
    let only = match &frozen.shelves[..] {
        [(project, ..)] => Some(project),
        _ => None,
    };
    let work = Work::begin(Task::Flush, Some(table), only);
    let written = write_and_commit(engine, &frozen).await;
    if let Ok(files) = &written {
        let files: Vec<_> = files.iter().flat_map(|(_, files)| files).cloned().collect();
        work.files(&files);
    }
    let files = match work.end(written) {
        Ok(files) => files,
        Err(error) => {
            shared.write().thaw(&frozen);
            return Err(error);
        }
    };
    let now = shared.clock.monotonic();
    let garbage = {
        let mut state = shared.write();
        let garbage = state.flushed(&frozen, files, now);
        shared.update_memory_gauge(&state);
        garbage
    };
    drop((garbage, frozen));
    Ok(true)
}

type Files = Vec<(Project, Vec<Arc<DataFile>>)>;

async fn write_and_commit(engine: &Engine, frozen: &Arc<Frozen>) -> Result<Files, StoreError> {
    let store = engine.table(frozen.table)?;
    let (writing, rows) = (store.writing.clone(), Arc::clone(frozen));
    let limits = engine.shared.config.catalogue;
    let mut files = blocking(move || write_files(&writing, &rows, limits)).await?;
    let now = engine.shared.clock.now();
    let mut log = store.log.lock().await;
    let root = log.root().to_path_buf();
    let actions = files
        .iter()
        .map(|(project, file)| delta::add(&root, project, file, now, true))
        .collect::<Result<_, _>>()?;
    let commit = Commit { kind: CommitKind::Flush, actions, position: Some(frozen.seq) };
    // On an error the files stay: the commit may still turn up after a loss of power, and must
    // then find them. Else they are leftovers, which the next start removes.
    log.commit(commit).await?;
    drop(log);
    catalogue(engine, frozen, &mut files).await;
    let mut published: HashMap<Project, Vec<Arc<DataFile>>> = HashMap::new();
    for (project, new) in files {
        published.entry(project).or_default().push(Arc::new(new.file));
    }
    Ok(published.into_iter().collect())
}

/// Adds what was written to the catalogues, before readers find the rows in files. It has no part
/// in whether the flush succeeds: what fails here is caught up later.
async fn catalogue(engine: &Engine, frozen: &Frozen, files: &mut [(Project, NewFile)]) {
    let mut learned: Vec<Learned> = Vec::new();
    for (project, new) in files {
        let Some(catalogue) = new.attributes.take() else { continue };
        match learned.last_mut().filter(|last| last.project == *project) {
            Some(last) => last.catalogue.merge(&catalogue),
            None => learned.push(Learned { project: project.clone(), catalogue }),
        }
    }
    let shared = Arc::clone(&engine.shared);
    let (table, seq) = (frozen.table, frozen.seq);
    let done = blocking(move || shared.catalogues.learn(table, seq, learned)).await;
    if let Err(error) = done {
        engine.shared.health.step(Task::Catalogue, engine.shared.clock.now(), &Err(error));
    }
}

/// One file a project and date.
fn write_files(
    writing: &FileWriting,
    frozen: &Frozen,
    limits: CatalogueConfig,
) -> Result<Vec<(Project, NewFile)>, StoreError> {
    let mut files = Vec::new();
    for (project, batches, corrections) in &frozen.shelves {
        let corrected;
        let batches = if corrections.is_empty() {
            batches
        } else {
            let apply = |batch| corrections.apply(batch);
            corrected = batches.iter().map(apply).collect::<Result<Vec<_>, _>>()?;
            &corrected
        };
        let sorted = Sorted::new(writing.table, batches)?;
        for date in sorted.dates() {
            match write_file(writing, project, &sorted, date, limits) {
                Ok(file) => files.extend(file.map(|file| (project.clone(), file))),
                Err(error) => {
                    let unused: Vec<NewFile> = files.into_iter().map(|(_, file)| file).collect();
                    discard(writing.fs.as_ref(), &unused);
                    return Err(error);
                }
            }
        }
    }
    Ok(files)
}

fn write_file(
    writing: &FileWriting,
    project: &Project,
    sorted: &Sorted<'_>,
    date: i32,
    limits: CatalogueConfig,
) -> Result<Option<NewFile>, StoreError> {
    let mut writer = writing.start(project, date)?.collecting(limits);
    for chunk in sorted.chunks(date) {
        if let Err(error) = chunk.map_err(StoreError::from).and_then(|chunk| writer.write(&chunk)) {
            writer.abandon();
            return Err(error);
        }
    }
    writer.finish()
}

/// Saves what the log is needed for besides rows, then lets go of what nobody needs any more.
async fn trim(engine: &Engine) -> Result<(), StoreError> {
    let shared: Arc<Shared> = Arc::clone(&engine.shared);
    let up_to = blocking(move || {
        save_corrections(&shared)?;
        let up_to = shared.read().trimmable();
        shared
            .decoder
            .before_trim()
            .map_err(|e| StoreError::internal(format!("the log cannot be trimmed yet: {e}")))?;
        Ok(up_to)
    })
    .await?;
    engine.ask(|answer| Request::Trim(up_to, answer)).await
}
