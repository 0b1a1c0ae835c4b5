//! The Delta log's side of our schemas: creating a table and adding columns to an old one.

use std::sync::Arc;

use arrow::datatypes::Schema as ArrowSchema;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Metadata, MetadataExt, StructField, StructType};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::table::state::DeltaTableState;
use deltalake_core::{DeltaResult, DeltaTable, TableProperty};
use telltale_schema::Table;

use crate::parquet_file::stats_columns;

const PARTITION_COLUMNS: [&str; 2] = ["project", "date"];

fn kernel_schema(table: Table) -> DeltaResult<StructType> {
    let schema: Arc<ArrowSchema> = table.delta_schema();
    let schema: StructType = schema.as_ref().try_into_kernel()?;
    Ok(schema)
}

pub(super) async fn create(table: Table, log_store: LogStoreRef) -> DeltaResult<DeltaTable> {
    let properties = [
        (TableProperty::DataSkippingStatsColumns, stats_columns(table).join(",")),
        // Checkpoints and cleaning are scheduled by ourselves, not by whichever commit comes by.
        (TableProperty::EnableExpiredLogCleanup, "false".to_owned()),
        (TableProperty::LogRetentionDuration, "interval 1 days".to_owned()),
    ];
    let properties = properties.map(|(key, value)| (key.as_ref().to_owned(), Some(value)));
    CreateBuilder::new()
        .with_log_store(log_store)
        .with_table_name(table.name())
        .with_comment(table.description())
        .with_columns(kernel_schema(table)?.fields().cloned())
        .with_partition_columns(PARTITION_COLUMNS)
        .with_configuration(properties)
        .await
}

/// The metadata that the table should have, and the columns that it lacks; `None` when none.
pub(super) fn with_missing_columns(
    table: Table,
    state: &DeltaTableState,
) -> DeltaResult<Option<(Metadata, Vec<StructField>)>> {
    let stored = state.schema();
    let wanted = kernel_schema(table)?;
    let missing: Vec<StructField> =
        wanted.fields().filter(|f| stored.field(f.name()).is_none()).cloned().collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let fields = stored.fields().cloned().chain(missing.iter().cloned());
    let schema = StructType::try_new(fields)?;
    let metadata = state.metadata().clone().with_schema(&schema)?;
    Ok(Some((metadata, missing)))
}
