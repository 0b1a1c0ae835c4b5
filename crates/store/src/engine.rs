//! The parts of an open store that work on files, in one place for the background tasks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use telltale_schema::Table;
use telltale_wal::write_atomic;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::StoreError;
use crate::committer::Request;
use crate::delta::TableLog;
use crate::maintenance::Maintenance;
use crate::parquet_file::{FileWriting, Names};
use crate::shared::Shared;

/// One table on disk.
#[derive(Debug)]
pub(crate) struct TableStore {
    pub(crate) writing: FileWriting,
    /// One committer a table.
    pub(crate) log: Mutex<TableLog>,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tables: BTreeMap<Table, TableStore>,
    pub(crate) queue: mpsc::Sender<Request>,
    /// One flush at a time.
    pub(crate) flushing: Mutex<()>,
    /// One rewrite at a time.
    pub(crate) maintenance: Mutex<Maintenance>,
    pub(crate) names: Arc<Names>,
    /// Background work ends as soon as it can, leaving nothing half done.
    pub(crate) stopping: CancellationToken,
}

impl Engine {
    pub(crate) fn table(&self, table: Table) -> Result<&TableStore, StoreError> {
        self.tables
            .get(&table)
            .ok_or_else(|| StoreError::internal(format!("table {} is not open", table.name())))
    }

    /// Asks the committer, and waits for its answer.
    pub(crate) async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Request,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(request(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Excludes a damaged file from all later snapshots, also after a restart. The file stays
    /// where it is. Blocks.
    pub(crate) fn quarantine(&self, path: &Path, reason: &str) -> Result<(), StoreError> {
        let (new, listed) = {
            let mut state = self.shared.write();
            let new = state.quarantine(path, reason);
            if !new && !state.quarantined.contains_key(path) {
                return Ok(());
            }
            let relative = |path: &PathBuf| {
                path.strip_prefix(&self.shared.paths.root).unwrap_or(path).to_path_buf()
            };
            let listed = state.quarantined.iter().map(|(path, why)| (relative(path), why.clone()));
            (new, listed.collect::<BTreeMap<PathBuf, String>>())
        };
        if new {
            self.shared.health.quarantined(path.to_path_buf(), reason.to_owned());
        }
        let target = self.shared.paths.quarantined_files();
        let json = serde_json::to_vec_pretty(&listed)
            .map_err(|e| StoreError::internal(format!("list of quarantined files: {e}")))?;
        write_atomic(self.shared.fs.as_ref(), &target, &json)
            .map_err(StoreError::io("write", &target))
    }
}

/// Runs blocking work; a panic in it is an error here.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| StoreError::internal(format!("blocking work failed: {e}")))?
}
