//! Columns back to an OTLP request that says what was sent, for export. Rows are grouped by equal
//! resource, scope and metric, in the order in which each first stands.

mod columns;
mod logs;
mod metrics;
mod node;
mod traces;
mod values;

use arrow::record_batch::RecordBatch;
use telltale_schema::Table;

use crate::error::EncodeError;
use crate::wire::Writer;
use columns::{Columns, Ints, Texts};
use node::Node;

/// Makes the request of which [`crate::decode`] makes these rows again. Batches have the memory or
/// the file schema of `table`, with binary ids; nullable columns may be absent. Requests of
/// `metrics` and `histograms` may be joined end to end into one.
///
/// # Errors
/// When a column is absent, or a text is not what this crate wrote.
pub fn encode(table: Table, batches: &[RecordBatch]) -> Result<Vec<u8>, EncodeError> {
    let mut root = Node::default();
    for batch in batches {
        let columns = Columns::new(table, batch);
        match table {
            Table::Spans => traces::add(&mut root, columns)?,
            Table::Logs => logs::add(&mut root, columns)?,
            Table::Metrics => metrics::add_numbers(&mut root, columns)?,
            Table::Histograms => metrics::add_distributions(&mut root, columns)?,
            Table::Calls => return Err(EncodeError::NotSent { table: table.name() }),
        }
    }
    let mut out = Writer::new();
    root.write_content(&mut out);
    Ok(out.into_bytes())
}

/// The columns that say what stands around a record.
#[derive(Debug)]
struct Around {
    resource: Texts,
    resource_types: Texts,
    resource_dropped: Ints,
    resource_schema_url: Texts,
    scope_name: Texts,
    scope_version: Texts,
    scope_attributes: Texts,
    scope_attributes_types: Texts,
    scope_dropped: Ints,
    scope_schema_url: Texts,
}

impl Around {
    fn new(columns: Columns<'_>) -> Result<Self, EncodeError> {
        Ok(Self {
            resource: columns.texts("resource")?,
            resource_types: columns.texts("resource_types")?,
            resource_dropped: columns.ints("resource_dropped_attributes_count")?,
            resource_schema_url: columns.texts("resource_schema_url")?,
            scope_name: columns.texts("scope_name")?,
            scope_version: columns.texts("scope_version")?,
            scope_attributes: columns.texts("scope_attributes")?,
            scope_attributes_types: columns.texts("scope_attributes_types")?,
            scope_dropped: columns.ints("scope_dropped_attributes_count")?,
            scope_schema_url: columns.texts("scope_schema_url")?,
        })
    }

    /// The scope to which a row's record belongs.
    fn scope<'n>(&self, root: &'n mut Node, row: usize) -> Result<&'n mut Node, EncodeError> {
        let key = node::key(
            &[&self.resource, &self.resource_types, &self.resource_schema_url],
            &[&self.resource_dropped],
            row,
        );
        let resource = root.child(key, 1, |out| {
            let open = out.begin(1);
            values::attributes(out, 1, &self.resource, &self.resource_types, row)?;
            out.count(2, self.resource_dropped.get(row));
            out.end(open);
            out.text(3, self.resource_schema_url.get(row).unwrap_or_default());
            Ok(())
        })?;
        let key = node::key(
            &[
                &self.scope_name,
                &self.scope_version,
                &self.scope_attributes,
                &self.scope_attributes_types,
                &self.scope_schema_url,
            ],
            &[&self.scope_dropped],
            row,
        );
        resource.child(key, 2, |out| {
            let open = out.begin(1);
            out.text(1, self.scope_name.get(row).unwrap_or_default());
            out.text(2, self.scope_version.get(row).unwrap_or_default());
            values::attributes(out, 3, &self.scope_attributes, &self.scope_attributes_types, row)?;
            out.count(4, self.scope_dropped.get(row));
            out.end(open);
            out.text(3, self.scope_schema_url.get(row).unwrap_or_default());
            Ok(())
        })
    }
}
