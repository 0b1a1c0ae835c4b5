//! Visits stored rows again after what their columns were made by has changed.
//!
//! Rows that arrive from now on are made by the new way already, so only rows up to the position
//! at the start of the job are visited, project by project in the order of arrival. A row whose
//! columns come out the same is left alone. The place is written after each page: a restart goes on
//! there, and a page that is done twice changes nothing.

mod state;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use telltale_base::Project;
use telltale_schema::{RECORD_ORDINAL_BITS, Table};
use telltale_store::{Correction, Store};
use telltale_wal::Fs;
use tokio_util::sync::CancellationToken;

use crate::error::DeriveError;
use state::State;

/// Rows of one page.
const PAGE_ROWS: usize = 20_000;
/// Pause after each page, so that ingest and queries stay smooth.
const PAUSE: Duration = Duration::from_millis(100);
/// Pause after a page that failed.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// Reads rows as corrected.
#[async_trait]
pub trait StoredRows: Send + Sync + std::fmt::Debug {
    /// The `limit` rows with the smallest ids above `after` and not above `upto`, in any order;
    /// trace and span ids are bytes. `None` when there are no more.
    async fn page(
        &self,
        project: &Project,
        table: Table,
        after: i64,
        upto: i64,
        limit: usize,
    ) -> Result<Option<Page>, String>;
}

/// What is done to each row.
#[async_trait]
pub trait Visit: Send + Sync + std::fmt::Debug {
    /// Name of the job, which its file has too.
    fn name(&self) -> &'static str;

    /// The table that is visited.
    fn table(&self) -> Table;

    /// Changes when rows may come out different.
    fn fingerprint(&self) -> u64;

    /// What has to be changed for these rows, also in other tables.
    ///
    /// # Errors
    /// When a row cannot be understood.
    async fn visit(
        &self,
        project: &Project,
        rows: Vec<RecordBatch>,
    ) -> Result<Vec<(Table, Correction)>, DeriveError>;
}

/// Runs work that takes long on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeriveError> + Send + 'static,
) -> Result<T, DeriveError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| DeriveError::Rows(error.to_string()))?
}

/// Some rows.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<RecordBatch>,
    /// The largest id among them.
    pub last: i64,
}

/// How the job stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevisitStatus {
    /// Whether it has visited every row that it had to.
    pub done: bool,
    /// Rows visited since the server started.
    pub visited: u64,
    /// Rows changed since the server started.
    pub changed: u64,
    /// How long no page could be finished: the pauses between the tries since one was.
    pub failing_for: Duration,
    /// Why the last page failed; it is tried again.
    pub last_error: Option<String>,
}

/// The job.
#[derive(Debug)]
pub struct Revisit {
    store: Arc<Store>,
    rows: Arc<dyn StoredRows>,
    visit: Arc<dyn Visit>,
    fs: Arc<dyn Fs>,
    path: PathBuf,
    status: Mutex<RevisitStatus>,
}

impl Revisit {
    /// A job that keeps its place in a file of the data directory.
    pub fn new(
        store: Arc<Store>,
        rows: Arc<dyn StoredRows>,
        visit: Arc<dyn Visit>,
        fs: Arc<dyn Fs>,
        data_dir: &Path,
    ) -> Self {
        let path = data_dir.join(format!("{}.json", visit.name()));
        Self { store, rows, visit, fs, path, status: Mutex::default() }
    }

    /// Name of the job.
    pub fn name(&self) -> &'static str {
        self.visit.name()
    }

    /// How it stands.
    pub fn status(&self) -> RevisitStatus {
        self.lock().clone()
    }

    /// Runs until every row was visited or `stop`. What fails is tried again after a pause.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() && !self.status().done {
            let step = self.step().await;
            let pause = match &step {
                Ok(_) => PAUSE,
                Err(error) => {
                    let job = self.visit.name();
                    tracing::warn!(job, %error, "cannot visit stored rows again; trying later");
                    RETRY_PAUSE
                }
            };
            self.note(&step);
            if !matches!(step, Ok(Step::Done)) {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }

    fn note(&self, step: &Result<Step, DeriveError>) {
        let mut status = self.lock();
        status.last_error = step.as_ref().err().map(ToString::to_string);
        status.done = matches!(step, Ok(Step::Done));
        status.failing_for = match step {
            Ok(_) => Duration::ZERO,
            Err(_) => status.failing_for.saturating_add(RETRY_PAUSE),
        };
    }

    /// Visits one page.
    async fn step(&self) -> Result<Step, DeriveError> {
        let mut state = match State::read(self.fs.as_ref(), &self.path) {
            Some(state) if state.made_by == self.visit.fingerprint() => state,
            found => self.begin(found.is_some())?,
        };
        let projects = self.store.projects();
        let Some(project) = projects.iter().find(|project| !state.is_done(project)) else {
            return Ok(Step::Done);
        };
        let after = state.place(project);
        let page = self.rows.page(project, self.visit.table(), after, state.upto, PAGE_ROWS).await;
        let Some(Page { rows, last }) = page.map_err(DeriveError::Rows)? else {
            state.finish(project);
            state.write(self.fs.as_ref(), &self.path)?;
            return Ok(Step::Page);
        };
        let visited = rows.iter().map(RecordBatch::num_rows).sum::<usize>();
        let corrections = self.visit.visit(project, rows).await?;
        let mut tables: BTreeMap<Table, Vec<Correction>> = BTreeMap::new();
        for (table, correction) in corrections {
            tables.entry(table).or_default().push(correction);
        }
        let changed = tables.get(&self.visit.table()).map_or(0, Vec::len);
        for (table, corrections) in tables {
            self.store.correct(project, table, corrections).await?;
        }
        state.advance(project, last);
        state.write(self.fs.as_ref(), &self.path)?;
        let mut status = self.lock();
        status.visited += visited as u64;
        status.changed += changed as u64;
        Ok(Step::Page)
    }

    /// A state for what rows are made by now. On a new data directory there is nothing to visit.
    fn begin(&self, again: bool) -> Result<State, DeriveError> {
        let seq = i64::try_from(self.store.health().last_seq).unwrap_or(i64::MAX);
        // The last id that a row of that frame can have.
        let upto = (seq.saturating_add(1) << RECORD_ORDINAL_BITS) - 1;
        if again {
            let job = self.visit.name();
            tracing::info!(job, "what columns are made by has changed: stored rows are visited");
        }
        let state = State::new(self.visit.fingerprint(), upto);
        state.write(self.fs.as_ref(), &self.path)?;
        Ok(state)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, RevisitStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Page,
    Done,
}

#[cfg(test)]
mod tests;
