//! One table of one project as `DataFusion` sees it: a snapshot taken when the query was planned.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::utils::split_conjunction_owned;
use datafusion::logical_expr::{ColumnarValue, Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{PhysicalExpr, utils::conjunction_opt};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use telltale_schema::{ColumnType, Table};
use telltale_store::{DataFile, Snapshot};

use crate::scan::access::{self, Picked};
use crate::scan::branch::{self, Shape};
use crate::scan::filters::{self, Cost, IdForm, Lookups};
use crate::scan::prune;
use crate::scan::reader::Readers;

/// Columns that cost most to decode.
const HEAVY: [&str; 5] = ["attributes", "resource", "events", "links", "body"];

/// A table over one snapshot. The snapshot is of one project, so no filter is needed to keep
/// projects apart and none can be forgotten.
#[derive(Debug)]
pub(crate) struct TelltaleTable {
    snapshot: Snapshot,
    ids: IdForm,
    schema: SchemaRef,
    stored: SchemaRef,
    readers: Arc<Readers>,
}

impl TelltaleTable {
    pub(crate) fn new(snapshot: Snapshot, ids: IdForm, readers: Readers) -> Self {
        let table = snapshot.table;
        Self {
            schema: match ids {
                IdForm::Hex => table.sql_schema(),
                IdForm::Bytes => bytes_schema(table),
            },
            stored: branch::stored_schema(table),
            readers: Arc::new(readers),
            snapshot,
            ids,
        }
    }
}

/// The SQL schema with ids as they are stored.
fn bytes_schema(table: Table) -> SchemaRef {
    let id = |name: &str| table.column(name).is_some_and(|column| column.ty == ColumnType::Id);
    let sql = table.sql_schema();
    let fields = sql.fields().iter().map(|field| {
        if id(field.name()) {
            Arc::new(Field::new(field.name(), DataType::BinaryView, field.is_nullable()))
        } else {
            Arc::clone(field)
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The filters of one scan, ready for use.
struct Filters {
    fixed: Vec<Arc<dyn PhysicalExpr>>,
    correctable: Vec<Arc<dyn PhysicalExpr>>,
    /// What indexes say of rows that have no corrections.
    lookups: Lookups,
    /// What they say whatever the corrections.
    fixed_lookups: Lookups,
    pushdown: bool,
    /// Whether some filter is not true of any row, such as one on another project.
    never: bool,
}

impl TelltaleTable {
    fn filters(&self, state: &dyn Session, filters: &[Expr], output: &Schema) -> Result<Filters> {
        let table = self.snapshot.table;
        let stored = DFSchema::try_from(self.stored.as_ref().clone())?;
        let conjuncts = filters.iter().cloned().flat_map(split_conjunction_owned);
        let mut conjuncts = conjuncts
            .map(|filter| filters::to_stored(filter, table, &self.snapshot.project, self.ids))
            .collect::<Result<Vec<_>>>()?;
        conjuncts.sort_by_key(|filter| filters::cost(filter, table));
        let mut parts = Filters {
            fixed: Vec::new(),
            correctable: Vec::new(),
            lookups: Lookups::default(),
            fixed_lookups: Lookups::default(),
            pushdown: pushdown(&conjuncts, table, output),
            never: false,
        };
        for filter in conjuncts {
            let fixed = filters::is_fixed(&filter, table);
            parts.lookups.add(&filter, table);
            if fixed {
                parts.fixed_lookups.add(&filter, table);
            }
            let constant = filter.column_refs().is_empty();
            let physical = state.create_physical_expr(filter, &stored)?;
            if constant && let Some(holds) = constant_truth(&physical) {
                parts.never |= !holds;
                continue;
            }
            if fixed { &mut parts.fixed } else { &mut parts.correctable }.push(physical);
        }
        Ok(parts)
    }

    fn touched(&self, file: &DataFile) -> bool {
        self.snapshot.corrections.touches(file.record_min, file.record_max)
    }

    /// Picks what to read of files. Off the async threads when something is to be looked up.
    async fn pick(&self, lookups: &Lookups, files: Vec<Arc<DataFile>>) -> Result<Vec<Picked>> {
        if lookups.is_empty() {
            return Ok(files.into_iter().map(Picked::whole).collect());
        }
        let (cache, table) = (Arc::clone(&self.readers.cache), self.snapshot.table);
        let lookups = lookups.clone();
        tokio::task::spawn_blocking(move || access::pick(&cache, table, &lookups, files))
            .await
            .map_err(|error| exec_datafusion_err!("picking row groups failed: {error}"))
    }
}

/// Whether a filter without columns holds; null does not. `None` when it is not a plain value.
fn constant_truth(filter: &Arc<dyn PhysicalExpr>) -> Option<bool> {
    let row = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &row);
    match filter.evaluate(&row.ok()?).ok()? {
        ColumnarValue::Scalar(ScalarValue::Boolean(holds)) => Some(holds.unwrap_or(false)),
        _ => None,
    }
}

/// Whether Parquet should evaluate filters while it decodes: it pays when few rows pass and there
/// are other columns to decode for them, and costs when most rows pass.
fn pushdown(conjuncts: &[Expr], table: Table, output: &Schema) -> bool {
    let filtered = filters::columns(conjuncts);
    let mut others = output.fields().iter().filter(|field| !filtered.contains(field.name()));
    if others.clone().any(|field| HEAVY.contains(&field.name().as_str())) {
        return true;
    }
    let worth = |filter: &Expr| {
        filters::selective(filter) || filters::cost(filter, table) == Cost::Function
    };
    others.next().is_some() && conjuncts.iter().any(worth)
}

#[async_trait]
impl TableProvider for TelltaleTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let one = |filter: &&Expr| {
            if filters::supported(filter) {
                TableProviderFilterPushDown::Exact
            } else {
                TableProviderFilterPushDown::Unsupported
            }
        };
        Ok(filters.iter().map(one).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let output = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        let filters = self.filters(state, filters, &output)?;
        let shape = Shape {
            table: self.snapshot.table,
            project: &self.snapshot.project,
            ids: self.ids,
            stored: &self.stored,
            output: &output,
            fixed: &filters.fixed,
            correctable: &filters.correctable,
            pushdown: filters.pushdown,
            partitions: state.config().target_partitions(),
        };
        let branches =
            if filters.never { Vec::new() } else { self.branches(&shape, &filters).await? };
        if branches.is_empty() {
            return Ok(Arc::new(EmptyExec::new(output)));
        }
        UnionExec::try_new(branches)
    }
}

impl TelltaleTable {
    async fn branches(
        &self,
        shape: &Shape<'_>,
        filters: &Filters,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let corrections = &self.snapshot.corrections;
        let (touched, clean): (Vec<_>, Vec<_>) =
            self.snapshot.files.iter().cloned().partition(|file| self.touched(file));
        let touched = self.prune(&filters.fixed, touched);
        let all: Vec<_> = filters.fixed.iter().chain(&filters.correctable).cloned().collect();
        let clean = self.prune(&all, clean);
        let touched = self.pick(&filters.fixed_lookups, touched).await?;
        let clean = self.pick(&filters.lookups, clean).await?;
        let mut branches = Vec::new();
        if !self.snapshot.memory.is_empty() {
            let pending = (!corrections.is_empty()).then_some(corrections);
            branches.push(branch::memory(shape, &self.snapshot.memory, pending)?);
        }
        if !touched.is_empty() {
            let readers = Arc::clone(&self.readers);
            branches.push(branch::files(shape, readers, touched, Some(corrections))?);
        }
        if !clean.is_empty() {
            branches.push(branch::files(shape, Arc::clone(&self.readers), clean, None)?);
        }
        Ok(branches)
    }

    fn prune(
        &self,
        filters: &[Arc<dyn PhysicalExpr>],
        files: Vec<Arc<DataFile>>,
    ) -> Vec<Arc<DataFile>> {
        match conjunction_opt(filters.iter().cloned()) {
            Some(filter) => prune::prune(self.snapshot.table, &self.stored, &filter, files),
            None => files,
        }
    }
}
