//! Where rows come from.

use std::path::Path;

use async_trait::async_trait;
use telltale_base::Project;
use telltale_schema::Table;
use telltale_store::{FileCheck, Snapshot, Store, StoredCatalogue};

/// What queries read. The store is one; tests bring their own.
#[async_trait]
pub trait Source: Send + Sync + std::fmt::Debug + 'static {
    /// A consistent view of one table of one project, and of nothing else.
    fn snapshot(&self, project: &Project, table: Table) -> Snapshot;

    /// Looks at a file that a query failed on, and excludes it from later snapshots if it is
    /// damaged. `Sound` also when that cannot be told.
    async fn check_file(&self, path: &Path) -> FileCheck;

    /// Which attributes the rows in files have. A snapshot that was taken before has every other
    /// row in memory. Blocks.
    fn catalogue(&self, project: &Project, table: Table) -> StoredCatalogue;

    /// A number that changes when the stored catalogue does.
    fn catalogue_version(&self, project: &Project, table: Table) -> u64;
}

#[async_trait]
impl Source for Store {
    fn snapshot(&self, project: &Project, table: Table) -> Snapshot {
        Self::snapshot(self, project, table)
    }

    async fn check_file(&self, path: &Path) -> FileCheck {
        Self::check_file(self, path).await.unwrap_or_else(|error| {
            tracing::warn!(path = %path.display(), %error, "a file cannot be looked at");
            FileCheck::Sound
        })
    }

    fn catalogue(&self, project: &Project, table: Table) -> StoredCatalogue {
        Self::catalogue(self, project, table)
    }

    fn catalogue_version(&self, project: &Project, table: Table) -> u64 {
        Self::catalogue_version(self, project, table)
    }
}
