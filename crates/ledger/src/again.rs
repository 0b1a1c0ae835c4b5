//! Prices of stored calls made again.

use arrow::record_batch::RecordBatch;
use telltale_base::Project;
use telltale_schema::Table;
use telltale_store::{Change, Correction, Scalar};

use crate::call::row_of;
use crate::pricing::Pricing;
use crate::stored::{Stored, calls_of};

impl Pricing {
    /// What has to be changed in rows of `calls`, and in the spans that bear them, because they cost
    /// something else by now.
    pub fn again(&self, project: &Project, rows: &RecordBatch) -> Vec<(Table, Correction)> {
        let stored = Stored(rows);
        let mut corrections = Vec::new();
        for row in 0..rows.num_rows() {
            // One row at a time keeps a row that cannot be read from hiding the others.
            let Some((id, call)) = calls_of(&rows.slice(row, 1)).pop() else { continue };
            let (cost, date) = (self.cost(project, &call), stored.date(row).unwrap_or_default());
            let nano_usd = cost.as_ref().and_then(|cost| cost.nano_usd);
            let (source, price) =
                (cost.as_ref().map(|c| c.source), cost.as_ref().map(|c| &c.price));
            let is_same = stored.int("cost_nano_usd", row) == nano_usd
                && stored.text("price_source", row) == source
                && stored.text("price", row) == price.map(String::as_str);
            if is_same {
                continue;
            }
            let text = |text: Option<&str>| text.map_or(Scalar::Null, |t| Scalar::Text(t.into()));
            let mut columns = vec![
                ("cost_nano_usd".to_owned(), nano_usd.map_or(Scalar::Null, Scalar::Int)),
                ("price_source".to_owned(), text(source)),
            ];
            if let Some((Table::Spans, record_id)) = row_of(call.bearer) {
                let change = Change::Set(columns.clone());
                corrections.push((Table::Spans, Correction { record_id, date, change }));
            }
            columns.push(("price".to_owned(), text(price.map(String::as_str))));
            let change = Change::Set(columns);
            corrections.push((Table::Calls, Correction { record_id: id, date, change }));
        }
        corrections
    }
}
