//! The query engine as the reader of stored spans.

use std::sync::Arc;

use async_trait::async_trait;
use telltale_base::Project;
use telltale_derive::{Page, SpanRows};
use telltale_query::Engine;

/// See the module.
#[derive(Debug)]
pub(crate) struct EngineRows(pub(crate) Arc<Engine>);

#[async_trait]
impl SpanRows for EngineRows {
    async fn page(
        &self,
        project: &Project,
        after: i64,
        upto: i64,
        limit: usize,
    ) -> Result<Option<Page>, String> {
        let page = self.0.span_page(project, after, upto, limit).await;
        let page = page.map_err(|error| error.to_string())?;
        Ok(page.map(|(rows, last)| Page { rows, last }))
    }
}
