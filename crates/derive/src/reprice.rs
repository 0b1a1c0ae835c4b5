//! Prices stored calls again when prices have changed.

use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use telltale_base::Project;
use telltale_ledger::Pricing;
use telltale_schema::Table;
use telltale_store::Correction;

use crate::error::DeriveError;
use crate::revisit::{Visit, blocking};

/// Prices calls, and with them the spans that bear them, again when prices have changed.
#[derive(Debug)]
pub struct Reprice {
    /// The prices of now.
    pub pricing: Pricing,
    /// A number that differs between different prices.
    pub fingerprint: u64,
}

#[async_trait]
impl Visit for Reprice {
    fn name(&self) -> &'static str {
        "reprice"
    }

    fn table(&self) -> Table {
        Table::Calls
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    async fn visit(
        &self,
        project: &Project,
        rows: Vec<RecordBatch>,
    ) -> Result<Vec<(Table, Correction)>, DeriveError> {
        let (pricing, project) = (self.pricing.clone(), project.clone());
        let again = move || rows.iter().flat_map(|rows| pricing.again(&project, rows)).collect();
        blocking(move || Ok(again())).await
    }
}
