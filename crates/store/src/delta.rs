//! The Delta log of one table: opening, committing, checkpointing. The one place that speaks to
//! the Delta library. Never knows what is in the files or in memory.

mod actions;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Transaction};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::checkpoints::{cleanup_expired_logs_for, create_checkpoint};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaResult, DeltaTable, DeltaTableBuilder, DeltaTableError};
use telltale_base::UnixNanos;
use telltale_schema::Table;
use url::Url;

use crate::StoreError;
use crate::fsync_store::FsyncStore;
pub(crate) use actions::{Listed, add, remove};

/// The application id under which a commit says up to which frame it has all rows.
const WAL_APP: &str = "telltale-wal";

/// A commit to make.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) kind: CommitKind,
    pub(crate) actions: Vec<Action>,
    /// All rows of frames up to this one are in the table with this commit.
    pub(crate) position: Option<u64>,
}

/// Why a commit is made, for the table's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommitKind {
    Flush,
    /// The same rows in other files.
    Compact,
    /// Rows change or go.
    Rewrite,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct TableLog {
    table: Table,
    root: PathBuf,
    delta: DeltaTable,
    /// A commit failed and the log could not be read after it.
    in_doubt: bool,
    checkpoint: i64,
}

impl TableLog {
    /// Opens the table at `root`, creating it and adding columns that it lacks.
    pub(crate) async fn open(
        table: Table,
        root: PathBuf,
        store: FsyncStore,
    ) -> Result<Self, StoreError> {
        let delta =
            open_or_create(table, &root, store).await.map_err(StoreError::delta("open", table))?;
        let checkpoint = last_checkpoint(&root);
        let mut log = Self { table, root, delta, in_doubt: false, checkpoint };
        log.add_missing_columns().await?;
        Ok(log)
    }

    pub(crate) fn table(&self) -> Table {
        self.table
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn version(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.version())
    }

    /// All rows of frames up to this one are in the table.
    pub(crate) async fn position(&self) -> Result<u64, StoreError> {
        let log_store = self.delta.log_store();
        let version = self
            .state()?
            .transaction_version(log_store.as_ref(), WAL_APP)
            .await
            .map_err(StoreError::delta("read", self.table))?;
        Ok(version.and_then(|v| u64::try_from(v).ok()).unwrap_or(0))
    }

    /// The files of the table.
    pub(crate) fn files(&self) -> Result<Vec<Listed>, StoreError> {
        let state = self.state()?;
        state.log_data().iter().map(|view| Listed::read(self.table, &self.root, &view)).collect()
    }

    /// Commits. When it returns `Ok`, the commit is durable; on an error it did not happen, except
    /// for [`StoreError::InDoubt`], after which every commit to this table fails until a restart.
    pub(crate) async fn commit(&mut self, commit: Commit) -> Result<(), StoreError> {
        if self.in_doubt {
            return Err(StoreError::InDoubt { table: self.table });
        }
        let before = self.version()?;
        let error = match self.try_commit(commit).await {
            Ok(state) => {
                self.delta.state = Some(state);
                return Ok(());
            }
            Err(error) => error,
        };
        // The library writes the commit and then reads it back: which of the two failed?
        let log_store = self.delta.log_store();
        match DeltaTableState::try_new(log_store.as_ref(), None).await {
            Ok(state) if state.version() == before => {
                Err(StoreError::delta("commit to", self.table)(error))
            }
            // There is a commit, but whether its name was made durable is not known.
            Ok(_) | Err(_) => {
                self.in_doubt = true;
                tracing::error!(table = self.table.name(), %error, "a commit failed half-way");
                Err(StoreError::InDoubt { table: self.table })
            }
        }
    }

    async fn try_commit(&self, commit: Commit) -> Result<DeltaTableState, DeltaTableError> {
        let operation = match commit.kind {
            CommitKind::Flush => DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: None,
                predicate: None,
            },
            CommitKind::Compact => DeltaOperation::Optimize { predicate: None, target_size: 0 },
            CommitKind::Rewrite => DeltaOperation::Delete { predicate: None },
        };
        let mut properties = CommitProperties::default().with_create_checkpoint(false);
        if let Some(position) = commit.position.and_then(|p| i64::try_from(p).ok()) {
            properties =
                properties.with_application_transaction(Transaction::new(WAL_APP, position));
        }
        let state = self.delta.snapshot()?;
        let finished = CommitBuilder::from(properties)
            .with_actions(commit.actions)
            .build(Some(state), self.delta.log_store(), operation)
            .await?;
        Ok(finished.snapshot)
    }

    /// Writes a checkpoint when `every` commits were made since the last, then drops commits that
    /// are older than `kept_from` and no longer needed.
    pub(crate) async fn checkpoint(
        &mut self,
        every: u64,
        kept_from: UnixNanos,
    ) -> Result<bool, StoreError> {
        let version = self.version()?;
        let current = i64::try_from(version).unwrap_or(i64::MAX);
        if self.in_doubt || current - self.checkpoint < i64::try_from(every).unwrap_or(i64::MAX) {
            return Ok(false);
        }
        create_checkpoint(&self.delta, None)
            .await
            .map_err(StoreError::delta("checkpoint", self.table))?;
        self.checkpoint = current;
        let log_store = self.delta.log_store();
        cleanup_expired_logs_for(version, log_store.as_ref(), kept_from.0 / 1_000_000, None)
            .await
            .map_err(StoreError::delta("clean the log of", self.table))?;
        Ok(true)
    }

    async fn add_missing_columns(&mut self) -> Result<(), StoreError> {
        let state = self.state()?;
        let metadata = schema::with_missing_columns(self.table, state)
            .map_err(StoreError::delta("extend", self.table))?;
        let Some((metadata, fields)) = metadata else { return Ok(()) };
        let state = CommitBuilder::default()
            .with_actions(vec![Action::Metadata(metadata)])
            .build(Some(state), self.delta.log_store(), DeltaOperation::AddColumn { fields })
            .await
            .map_err(StoreError::delta("extend", self.table))?
            .snapshot;
        self.delta.state = Some(state);
        Ok(())
    }

    fn state(&self) -> Result<&DeltaTableState, StoreError> {
        self.delta.snapshot().map_err(StoreError::delta("read", self.table))
    }
}

async fn open_or_create(table: Table, root: &Path, store: FsyncStore) -> DeltaResult<DeltaTable> {
    let url = Url::from_directory_path(root)
        .map_err(|()| DeltaTableError::InvalidTableLocation(root.display().to_string()))?;
    let log_store: LogStoreRef = DeltaTableBuilder::from_url(url.clone())?
        .with_storage_backend(Arc::new(store), url)
        .build_storage()?;
    if log_store.is_delta_table_location().await? {
        let mut delta = DeltaTable::new(log_store);
        delta.load().await?;
        Ok(delta)
    } else {
        schema::create(table, log_store).await
    }
}

/// The version of the last checkpoint, or -1. Only decides when the next is due.
fn last_checkpoint(root: &Path) -> i64 {
    let hint = std::fs::read(root.join("_delta_log").join("_last_checkpoint"));
    let hint: Option<serde_json::Value> =
        hint.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    hint.and_then(|hint| hint.get("version")?.as_i64()).unwrap_or(-1)
}
