//! Ingest as the place where jobs put what follows from stored records.

use std::sync::Arc;

use async_trait::async_trait;
use telltale_base::Project;
use telltale_derive::KeepDerived;
use telltale_ingest::Ingest;
use telltale_store::Derive;

/// See the module.
#[derive(Debug)]
pub(crate) struct IngestAmend(pub(crate) Arc<Ingest>);

#[async_trait]
impl KeepDerived for IngestAmend {
    async fn keep(&self, project: &Project, derive: Box<dyn Derive>) -> Result<(), String> {
        self.0.amend(project, derive).await.map_err(|error| error.to_string())
    }
}
