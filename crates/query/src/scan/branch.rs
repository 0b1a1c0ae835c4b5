//! The plan of one source of rows: scan, fixed filters, corrections, other filters, columns as
//! asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{Result, ScalarValue, Statistics, exec_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::utils::{collect_columns, conjunction_opt, reassign_expr_columns};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use telltale_base::Project;
use telltale_schema::{ColumnType, Table};
use telltale_store::Corrections;

use super::access::Picked;
use super::corrections::CorrectionExec;
use super::filters::IdForm;
use super::prune;
use super::reader::Readers;
use crate::udf::hex::hex_id;

/// The store that plans name and that holds nothing: bytes come from `reader`.
pub(crate) const STORE_URL: &str = "telltale://files";

/// The columns that files have, then `date`.
pub(crate) fn stored_schema(table: Table) -> SchemaRef {
    let date = table.memory_schema().field_with_name("date").cloned().ok().map(Arc::new);
    let file = table.file_schema();
    Arc::new(Schema::new(file.fields().iter().cloned().chain(date).collect::<Vec<_>>()))
}

/// What is the same for all branches of one scan.
pub(crate) struct Shape<'a> {
    pub(crate) table: Table,
    pub(crate) project: &'a Project,
    pub(crate) ids: IdForm,
    pub(crate) stored: &'a SchemaRef,
    /// Fields to put out, in order.
    pub(crate) output: &'a Schema,
    /// Filters that may run before corrections, cheapest first.
    pub(crate) fixed: &'a [Arc<dyn PhysicalExpr>],
    /// Filters that must see corrected values, cheapest first.
    pub(crate) correctable: &'a [Arc<dyn PhysicalExpr>],
    /// Whether Parquet evaluates filters while it decodes.
    pub(crate) pushdown: bool,
    pub(crate) partitions: usize,
}

impl Shape<'_> {
    /// Places in the stored schema of what must be read.
    fn read_columns(&self, corrected: bool) -> Vec<usize> {
        let mut names: BTreeSet<&str> =
            self.output.fields().iter().map(|field| field.name().as_str()).collect();
        if corrected {
            names.insert("record_id");
        }
        let filters = self.fixed.iter().chain(self.correctable);
        let used: Vec<_> = filters.flat_map(collect_columns).collect();
        names.extend(used.iter().map(Column::name));
        let fields = self.stored.fields().iter().enumerate();
        fields.filter(|(_, f)| names.contains(f.name().as_str())).map(|(at, _)| at).collect()
    }

    /// Everything above the scan of stored columns.
    fn finish(
        &self,
        scan: Arc<dyn ExecutionPlan>,
        corrections: Option<&Arc<Corrections>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = if let Some(corrections) = corrections {
            let filtered = filter(scan, self.fixed)?;
            let corrected = Arc::new(CorrectionExec::new(filtered, Arc::clone(corrections)));
            filter(corrected, self.correctable)?
        } else {
            let all: Vec<_> = self.fixed.iter().chain(self.correctable).cloned().collect();
            filter(scan, &all)?
        };
        self.project(plan)
    }

    fn project(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = plan.schema();
        if input.fields() == self.output.fields() {
            return Ok(plan);
        }
        let columns = self.output.fields().iter().map(|field| {
            let expr = self.output_column(field.name(), &input)?;
            Ok(ProjectionExpr { expr, alias: field.name().clone() })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
    }

    fn output_column(&self, name: &str, input: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
        if name == "project" {
            let project = self.project.as_str().to_owned();
            return Ok(Arc::new(Literal::new(ScalarValue::Utf8View(Some(project)))));
        }
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(name, input)?);
        let id = self.table.column(name).is_some_and(|column| column.ty == ColumnType::Id);
        if !id || self.ids == IdForm::Bytes {
            return Ok(column);
        }
        let field = self
            .output
            .field_with_name(name)
            .map_err(|_| exec_datafusion_err!("no output column {name}"))?;
        Ok(Arc::new(ScalarFunctionExpr::new(
            "hex_id",
            hex_id(),
            vec![column],
            Arc::new(field.clone()),
            Arc::default(),
        )))
    }
}

fn filter(
    input: Arc<dyn ExecutionPlan>,
    filters: &[Arc<dyn PhysicalExpr>],
) -> Result<Arc<dyn ExecutionPlan>> {
    let Some(predicate) = conjunction_opt(filters.iter().cloned()) else { return Ok(input) };
    let predicate = reassign_expr_columns(predicate, &input.schema())?;
    Ok(Arc::new(FilterExec::try_new(predicate, input)?))
}

/// Rows that are not in files yet.
pub(crate) fn memory(
    shape: &Shape<'_>,
    batches: &[RecordBatch],
    corrections: Option<&Arc<Corrections>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let columns = shape.read_columns(corrections.is_some());
    let schema = Arc::new(shape.stored.project(&columns)?);
    let batches = batches.iter().map(|batch| {
        let places = schema.fields().iter().map(|field| batch.schema().index_of(field.name()));
        Ok(batch.project(&places.collect::<Result<Vec<_>, _>>()?)?)
    });
    let batches = batches.collect::<Result<Vec<_>>>()?;
    let mut partitions = vec![Vec::new(); shape.partitions.clamp(1, batches.len().max(1))];
    let mut rows = vec![0_usize; partitions.len()];
    for batch in batches {
        // The emptiest partition takes the next batch.
        let emptiest = rows.iter().enumerate().min_by_key(|(_, rows)| **rows).map(|(at, _)| at);
        let at = emptiest.unwrap_or(0);
        if let (Some(partition), Some(rows)) = (partitions.get_mut(at), rows.get_mut(at)) {
            *rows += batch.num_rows();
            partition.push(batch);
        }
    }
    let scan = MemorySourceConfig::try_new_exec(&partitions, schema, None)?;
    shape.finish(scan, corrections)
}

/// Rows in files.
pub(crate) fn files(
    shape: &Shape<'_>,
    readers: Arc<Readers>,
    files: Vec<Picked>,
    corrections: Option<&Arc<Corrections>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let date = shape.stored.field_with_name("date").cloned()?;
    let table_schema = TableSchema::builder(shape.table.file_schema())
        .with_table_partition_cols(vec![Arc::new(date)])
        .build();
    let source = ParquetSource::new(table_schema)
        .with_parquet_file_reader_factory(readers)
        .with_pushdown_filters(shape.pushdown)
        .with_bloom_filter_on_read(false)
        .with_enable_page_index(true);
    let statistics = total(shape, &files);
    let scan = FileScanConfigBuilder::new(ObjectStoreUrl::parse(STORE_URL)?, Arc::new(source))
        .with_file_groups(groups(shape, files))
        .with_statistics(statistics)
        .with_projection_indices(Some(shape.read_columns(corrections.is_some())))?
        .build();
    shape.finish(DataSourceExec::from_data_source(scan), corrections)
}

/// Exact row counts let `count(*)` answer without reading; only true of whole files.
fn total(shape: &Shape<'_>, files: &[Picked]) -> Statistics {
    let rows: u64 = files.iter().map(|picked| picked.file.rows).sum();
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let whole = files.iter().all(|picked| picked.plan.is_none());
    let mut statistics = Statistics::new_unknown(shape.stored);
    statistics.num_rows = if whole { Precision::Exact(rows) } else { Precision::Inexact(rows) };
    statistics
}

/// Newest files first, dealt out to the partitions: what asks for the newest rows finds them early
/// and skips the rest.
fn groups(shape: &Shape<'_>, mut files: Vec<Picked>) -> Vec<FileGroup> {
    files.sort_by_key(|picked| std::cmp::Reverse((picked.file.time_max, picked.file.record_max)));
    let mut groups = vec![Vec::new(); shape.partitions.clamp(1, files.len().max(1))];
    let count = groups.len();
    for (at, picked) in files.into_iter().enumerate() {
        if let Some(group) = groups.get_mut(at % count) {
            group.push(partitioned_file(shape, picked));
        }
    }
    groups.into_iter().map(FileGroup::new).collect()
}

fn partitioned_file(shape: &Shape<'_>, picked: Picked) -> PartitionedFile {
    let file = picked.file;
    let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let statistics = prune::statistics(shape.table, &shape.table.file_schema(), &file);
    let scanned = PartitionedFile::new(name, file.bytes)
        .with_partition_values(vec![ScalarValue::Date32(Some(file.date))])
        .with_statistics(Arc::new(statistics))
        .with_extension(file);
    match picked.plan {
        Some(plan) => scanned.with_extension(plan),
        None => scanned,
    }
}
