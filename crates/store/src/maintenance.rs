//! One round of background work on files: fold, merge, drop, remove, checkpoint, catch up with the
//! catalogue. One thing at a time, each bounded, with a pause after every rewrite as long as the rewrite took, so that
//! ingest and queries keep most of the machine.

mod cataloguing;
mod folding;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use telltale_base::Project;
use telltale_schema::Table;

use crate::delta::CommitKind;
use crate::engine::{Engine, blocking};
use crate::health::Task;
use crate::own_trace::Work;
use crate::rewrite::{Rewrite, pending, replace, rewrite};
use crate::vacuum::{Doomed, leftovers};
use crate::{DataFile, StoreError, compaction, retention};

/// Longest pause after a rewrite.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What background work remembers between rounds.
#[derive(Debug, Default)]
pub(crate) struct Maintenance {
    doomed: Vec<Doomed>,
    /// When corrections were first seen pending, in monotonic time.
    pending_since: HashMap<(Project, Table), Duration>,
    leftovers_found: bool,
    /// A catalogue of attributes that is being made anew.
    filling: Option<cataloguing::Filling>,
    /// The one before it.
    filled: Option<(Project, Table)>,
}

/// Whether a round only does what is due, or everything that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// What is due, pausing between rewrites.
    Background,
    /// Folds at once, without pauses.
    Now,
}

type Files = Arc<Vec<Arc<DataFile>>>;

/// Runs one round. Failures are noted in health and do not stop the other tasks; the first is
/// returned.
pub(crate) async fn round(engine: &Engine, pace: Pace) -> Result<(), StoreError> {
    let mut maintenance = engine.maintenance.lock().await;
    let mut first = Ok(());
    for task in Task::ALL {
        let outcome = match task {
            Task::Folding => folding::fold(engine, &mut maintenance, pace).await,
            Task::Compaction => compact(engine, &mut maintenance, pace).await,
            Task::Retention => drop_old(engine, &mut maintenance).await,
            Task::Vacuum => vacuum(engine, &mut maintenance).await,
            Task::Checkpoint => checkpoint(engine).await,
            Task::Catalogue => cataloguing::catalogue(engine, &mut maintenance, pace).await,
            // Has a loop of its own.
            Task::Flush => continue,
        };
        if engine.stopping.is_cancelled() {
            return first;
        }
        engine.shared.health.step(task, engine.shared.clock.now(), &outcome);
        if let Err(error) = outcome {
            first = first.and(Err(error));
        }
    }
    first
}

/// The files of every project and table that has some.
fn shelves(engine: &Engine) -> Vec<(Project, Table, Files)> {
    let state = engine.shared.read();
    let with_files = state.shelves.iter().filter(|(_, shelf)| !shelf.files.is_empty());
    with_files
        .map(|((project, table), shelf)| (project.clone(), *table, Arc::clone(&shelf.files)))
        .collect()
}

fn pick(files: &[Arc<DataFile>], indices: &[usize]) -> Vec<Arc<DataFile>> {
    indices.iter().filter_map(|index| files.get(*index)).map(Arc::clone).collect()
}

async fn run_rewrite(
    engine: &Engine,
    maintenance: &mut Maintenance,
    task: Task,
    job: Rewrite,
    pace: Pace,
) -> Result<HashSet<i64>, StoreError> {
    let clock = &engine.shared.clock;
    let (before, inputs) = (clock.monotonic(), job.inputs.clone());
    let work = Work::begin(task, Some(job.table), Some(&job.project));
    work.files(&inputs);
    let settled = work.end(rewrite(engine, job).await)?;
    let now = clock.now();
    maintenance.doomed.extend(inputs.into_iter().map(|file| Doomed::of(file, now)));
    if pace == Pace::Background {
        let took = clock.monotonic().saturating_sub(before);
        tokio::select! {
            () = engine.stopping.cancelled() => {}
            () = tokio::time::sleep(took.min(PAUSE_MAX)) => {}
        }
    }
    Ok(settled)
}

async fn compact(
    engine: &Engine,
    maintenance: &mut Maintenance,
    pace: Pace,
) -> Result<bool, StoreError> {
    let mut changed = false;
    for (project, table, files) in shelves(engine) {
        let facts = |(index, file): (usize, &Arc<DataFile>)| compaction::Candidate {
            index,
            date: file.date,
            bytes: file.bytes,
        };
        let candidates: Vec<_> = files.iter().enumerate().map(facts).collect();
        let today = engine.shared.clock.now().day();
        let config = &engine.shared.config.compaction;
        let Some(chosen) = compaction::plan(&candidates, today, config) else { continue };
        let inputs = pick(&files, &chosen);
        let Some(date) = inputs.first().map(|file| file.date) else { continue };
        let job = Rewrite { project, table, date, inputs };
        run_rewrite(engine, maintenance, Task::Compaction, job, pace).await?;
        changed = true;
    }
    Ok(changed)
}

async fn drop_old(engine: &Engine, maintenance: &mut Maintenance) -> Result<bool, StoreError> {
    let mut changed = false;
    for (project, table, files) in shelves(engine) {
        let rules = &engine.shared.config.retention;
        let (age_max, bytes_max) = retention::limits(rules, &project, table);
        let facts = |(index, file): (usize, &Arc<DataFile>)| retention::Candidate {
            index,
            date: file.date,
            bytes: file.bytes,
        };
        let candidates: Vec<_> = files.iter().enumerate().map(facts).collect();
        let now = engine.shared.clock.now();
        let inputs = pick(&files, &retention::plan(&candidates, age_max, bytes_max, now));
        if inputs.is_empty() {
            continue;
        }
        let work = Work::begin(Task::Retention, Some(table), Some(&project));
        work.files(&inputs);
        let (_, version) = pending(engine, &project, table);
        let job = Rewrite { project, table, date: 0, inputs: inputs.clone() };
        let none = HashSet::new();
        work.end(replace(engine, job, None, CommitKind::Rewrite, none, version).await)?;
        maintenance.doomed.extend(inputs.into_iter().map(|file| Doomed::of(file, now)));
        changed = true;
    }
    Ok(changed)
}

async fn vacuum(engine: &Engine, maintenance: &mut Maintenance) -> Result<bool, StoreError> {
    let now = engine.shared.clock.now();
    if !maintenance.leftovers_found {
        maintenance.doomed.extend(find_leftovers(engine, &maintenance.doomed).await?);
        maintenance.leftovers_found = true;
    }
    let grace = engine.shared.config.vacuum_grace;
    let (due, waiting): (Vec<Doomed>, Vec<Doomed>) =
        std::mem::take(&mut maintenance.doomed).into_iter().partition(|file| file.due(now, grace));
    maintenance.doomed = waiting;
    engine.shared.health.vacuum_pending(maintenance.doomed.iter().map(|file| file.bytes).sum());
    if due.is_empty() {
        return Ok(false);
    }
    let work = Work::begin(Task::Vacuum, None, None);
    work.sizes(due.len(), None, due.iter().map(|file| file.bytes).sum());
    let fs = Arc::clone(&engine.shared.fs);
    let failed =
        blocking(move || Ok(due.into_iter().filter(|f| !removed(fs.as_ref(), f)).collect()));
    maintenance.doomed.extend::<Vec<Doomed>>(work.end(failed.await)?);
    Ok(true)
}

/// A removal need not be durable: a file that comes back is a leftover of the next start.
fn removed(fs: &dyn telltale_wal::Fs, file: &Doomed) -> bool {
    match fs.remove_file(&file.path) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            tracing::warn!(path = %file.path.display(), %error, "cannot remove a data file");
            false
        }
    }
}

async fn find_leftovers(engine: &Engine, doomed: &[Doomed]) -> Result<Vec<Doomed>, StoreError> {
    let mut known: HashSet<PathBuf> = doomed.iter().map(|file| file.path.clone()).collect();
    {
        let state = engine.shared.read();
        let files = state.shelves.values().flat_map(|shelf| shelf.files.iter());
        known.extend(files.map(|file| file.path.clone()));
        known.extend(state.quarantined.keys().cloned());
    }
    let fs = Arc::clone(&engine.shared.fs);
    let now = engine.shared.clock.now();
    let names = Arc::clone(&engine.names);
    let roots: Vec<PathBuf> = Table::ALL.map(|t| engine.shared.paths.table(t)).to_vec();
    blocking(move || {
        let mut found = Vec::new();
        for root in roots {
            let all = leftovers(fs.as_ref(), &root, &known, now)
                .map_err(StoreError::io("list", &root))?;
            // A flush may be writing right now.
            let of_others = |file: &Doomed| {
                let name = file.path.file_name().and_then(|name| name.to_str());
                !name.is_some_and(|name| names.made(name))
            };
            found.extend(all.into_iter().filter(of_others));
        }
        Ok(found)
    })
    .await
}

async fn checkpoint(engine: &Engine) -> Result<bool, StoreError> {
    let config = &engine.shared.config;
    let kept_from = engine.shared.clock.now().minus(config.delta_log_kept);
    let mut changed = false;
    for store in engine.tables.values() {
        changed |= store.log.lock().await.checkpoint(config.checkpoint_commits, kept_from).await?;
    }
    Ok(changed)
}
