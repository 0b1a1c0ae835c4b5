//! Rows whose derived columns come out different by the rules of now, as corrections.
//!
//! A row is written as OTLP and read again, which is the way that every record took when it came:
//! there is no second reading of attributes that could differ.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use telltale_base::{Project, Signal, UnixNanos};
use telltale_genai::Rules;
use telltale_otlp::{Context, Limits};
use telltale_schema::{LEDGER_COLUMNS, Table};
use telltale_store::{Change, Correction, Scalar};

use crate::error::DeriveError;
use crate::revisit::{Visit, blocking};

/// Makes the columns of AI telemetry again when the rules have changed.
#[derive(Debug)]
pub struct Renormalise(pub Arc<Rules>);

#[async_trait]
impl Visit for Renormalise {
    fn name(&self) -> &'static str {
        "renormalise"
    }

    fn table(&self) -> Table {
        Table::Spans
    }

    fn fingerprint(&self) -> u64 {
        self.0.fingerprint()
    }

    async fn visit(
        &self,
        _: &Project,
        rows: Vec<RecordBatch>,
    ) -> Result<Vec<(Table, Correction)>, DeriveError> {
        let rules = Arc::clone(&self.0);
        let changed = blocking(move || corrections(&rows, &rules)).await?;
        Ok(changed.into_iter().map(|correction| (Table::Spans, correction)).collect())
    }
}

/// The corrections that a page needs.
fn corrections(page: &[RecordBatch], rules: &Arc<Rules>) -> Result<Vec<Correction>, DeriveError> {
    // The arrival decides the partition only, which a stored row has.
    let (arrival, rules) = (UnixNanos(0), Arc::clone(rules));
    let context = Context { arrival, retention: None, limits: Limits::none(), rules };
    let mut corrections = Vec::new();
    for batch in page {
        for row in 0..batch.num_rows() {
            let stored = batch.slice(row, 1);
            let body = telltale_otlp::encode(Table::Spans, std::slice::from_ref(&stored))?;
            let made = telltale_otlp::decode(Signal::Traces, &body, &context)?;
            let made = made.first().map(|(_, batch)| batch);
            let changes = made.map(|made| changes(&stored, made)).unwrap_or_default();
            if let (false, Some(correction)) = (changes.is_empty(), identity(&stored)) {
                corrections.push(correction(changes));
            }
        }
    }
    Ok(corrections)
}

/// Makes a correction of the row.
fn identity(row: &RecordBatch) -> Option<impl FnOnce(Vec<(String, Scalar)>) -> Correction> {
    let record_id = row.column_by_name("record_id")?.as_primitive_opt::<Int64Type>()?.value(0);
    let date = row.column_by_name("date")?.as_primitive_opt::<Date32Type>()?.value(0);
    Some(move |columns| Correction { record_id, date, change: Change::Set(columns) })
}

/// The derived columns of `made` that differ from those of `stored`.
fn changes(stored: &RecordBatch, made: &RecordBatch) -> Vec<(String, Scalar)> {
    let derived = Table::Spans.columns().iter().filter(|column| {
        // Those of the ledger follow from other records as well.
        column.derived && !LEDGER_COLUMNS.contains(&column.name)
    });
    derived
        .filter_map(|column| {
            let new = Scalar::of(made.column_by_name(column.name)?, 0)?;
            let old = stored.column_by_name(column.name).and_then(|old| Scalar::of(old, 0));
            let old = old.unwrap_or(Scalar::Null);
            (new != old).then(|| (column.name.to_owned(), new))
        })
        .collect()
}
