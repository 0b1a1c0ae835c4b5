//! The SQLite file: opening, settings, migrations.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::SqlitePool;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use telltale_base::{Clock, UnixNanos};

use crate::cache::Cache;
use crate::error::MetaError;

/// Connections kept to the file. SQLite has one writer; the others read.
const CONNECTIONS_MAX: u32 = 4;
/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The metadata database. Cheap to clone; clones share connections and cache.
#[derive(Clone)]
pub struct Meta {
    pub(crate) pool: SqlitePool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) cache: Arc<Cache>,
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta").finish_non_exhaustive()
    }
}

impl Meta {
    /// Opens the file, creating it when absent, and brings it to this version's schema. The folder
    /// must exist.
    pub async fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, MetaError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(|source| MetaError::Open { path: path.to_owned(), source })?;
        migrator()
            .run(&pool)
            .await
            .map_err(|source| MetaError::Migrate { path: path.to_owned(), source })?;
        Ok(Self { pool, clock, cache: Arc::default() })
    }

    /// Waits for running statements and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Writes a consistent copy of the whole database to `path`, which must not exist.
    pub async fn snapshot_to(&self, path: &Path) -> Result<(), MetaError> {
        sqlx::query("VACUUM INTO ?")
            .bind(path.to_string_lossy().into_owned())
            .execute(&self.pool)
            .await
            .map_err(MetaError::statement("copy itself"))?;
        Ok(())
    }

    pub(crate) fn now(&self) -> UnixNanos {
        self.clock.now()
    }
}

fn migrator() -> Migrator {
    let files = [(1, "keys", include_str!("../migrations/0001_keys.sql"))];
    let migrations = files.map(|(version, name, sql)| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
}
