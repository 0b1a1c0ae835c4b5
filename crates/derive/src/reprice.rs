//! Prices stored calls again when prices have changed.

use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_ledger::Pricing;
use telltale_schema::Table;
use telltale_store::Correction;

use crate::error::DeriveError;
use crate::revisit::Visit;

/// Prices calls, and with them the spans that bear them, again when prices have changed.
#[derive(Debug)]
pub struct Reprice {
    /// The prices of now.
    pub pricing: Pricing,
    /// A number that differs between different prices.
    pub fingerprint: u64,
}

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

    fn corrections(
        &self,
        project: &Project,
        rows: &[RecordBatch],
    ) -> Result<Vec<(Table, Correction)>, DeriveError> {
        Ok(rows.iter().flat_map(|rows| self.pricing.again(project, rows)).collect())
    }
}
