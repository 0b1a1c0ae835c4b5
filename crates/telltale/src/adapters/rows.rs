//! The query engine as the reader of stored rows.

use std::sync::Arc;

use async_trait::async_trait;
use telltale_base::Project;
use telltale_derive::{Page, StoredRows};
use telltale_query::{Engine, Table};

/// See the module.
#[derive(Debug)]
pub(crate) struct EngineRows(pub(crate) Arc<Engine>);

#[async_trait]
impl StoredRows for EngineRows {
    async fn page(
        &self,
        project: &Project,
        table: Table,
        after: i64,
        upto: i64,
        limit: usize,
    ) -> Result<Option<Page>, String> {
        let page = self.0.page_of_rows(project, table, after, upto, limit).await;
        let page = page.map_err(|error| error.to_string())?;
        Ok(page.map(|(rows, last)| Page { rows, last }))
    }
}
