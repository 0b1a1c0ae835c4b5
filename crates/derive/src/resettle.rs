//! Settles stored calls again when the rules have changed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use telltale_base::Project;
use telltale_ledger::Ledger;
use telltale_schema::Table;
use telltale_store::{Correction, Derive};

use crate::error::DeriveError;
use crate::revisit::Visit;

/// Changes when the ledger itself settles differently, or to make it of data from before it.
const LEDGER_VERSION: u64 = 1;

/// Traces that are settled at once.
const TRACES: usize = 200;

/// Keeps what follows from records that are stored already.
#[async_trait]
pub trait KeepDerived: Send + Sync + fmt::Debug {
    /// Keeps it, in the order of the log.
    async fn keep(&self, project: &Project, derive: Box<dyn Derive>) -> Result<(), String>;
}

/// Settles the calls of stored traces again when the rules, or the ledger itself, have changed.
#[derive(Debug)]
pub struct Resettle {
    /// The ledger, with the rules of now.
    pub ledger: Arc<Ledger>,
    /// Where its changes go.
    pub keep: Arc<dyn KeepDerived>,
    /// Fingerprint of the rules.
    pub rules: u64,
}

#[async_trait]
impl Visit for Resettle {
    fn name(&self) -> &'static str {
        "resettle"
    }

    fn table(&self) -> Table {
        Table::Spans
    }

    fn fingerprint(&self) -> u64 {
        self.rules.wrapping_add(LEDGER_VERSION)
    }

    async fn visit(
        &self,
        project: &Project,
        rows: Vec<RecordBatch>,
    ) -> Result<Vec<(Table, Correction)>, DeriveError> {
        let traces: BTreeSet<u128> = rows.iter().flat_map(ai_traces).collect();
        let traces: Vec<u128> = traces.into_iter().collect();
        for some in traces.chunks(TRACES) {
            let again = self.ledger.again(project, some.iter().copied()).await;
            if let Some(derive) = again.map_err(DeriveError::Rows)? {
                self.keep.keep(project, derive).await.map_err(DeriveError::Rows)?;
            }
        }
        Ok(Vec::new())
    }
}

/// The traces that AI spans, or spans that bear a call, are of.
fn ai_traces(rows: &RecordBatch) -> Vec<u128> {
    let texts = |name: &str| rows.column_by_name(name).and_then(|c| c.as_string_view_opt());
    let traces = rows.column_by_name("trace_id").and_then(|c| c.as_binary_view_opt());
    let (Some(traces), dialects, usage) = (traces, texts("ai_dialects"), texts("usage_source"))
    else {
        return Vec::new();
    };
    let says = |column: Option<&arrow::array::StringViewArray>, row: usize| {
        column.is_some_and(|column| column.is_valid(row))
    };
    let ai = (0..rows.num_rows()).filter(|row| says(dialects, *row) || says(usage, *row));
    ai.filter_map(|row| traces.value(row).try_into().map(u128::from_be_bytes).ok()).collect()
}
