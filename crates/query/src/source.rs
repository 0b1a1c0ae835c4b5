//! Where rows come from.

use telltale_base::Project;
use telltale_schema::Table;
use telltale_store::{Snapshot, Store};

/// What queries read. The store is one; tests bring their own.
pub trait Source: Send + Sync + std::fmt::Debug + 'static {
    /// A consistent view of one table of one project, and of nothing else.
    fn snapshot(&self, project: &Project, table: Table) -> Snapshot;
}

impl Source for Store {
    fn snapshot(&self, project: &Project, table: Table) -> Snapshot {
        Self::snapshot(self, project, table)
    }
}
