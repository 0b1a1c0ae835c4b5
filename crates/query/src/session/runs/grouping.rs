//! The groups seen so far and what is accumulated of each.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{partition, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode, aggregate_expressions};
use datafusion::physical_plan::metrics::BaselineMetrics;

/// Rows after which it shows whether there are fewer groups than rows.
const PROBE_ROWS: usize = 100_000;

/// Batches that go without looking for runs after one in which there were none to speak of.
const RUNLESS_BATCHES: usize = 15;

struct Aggregate {
    accumulator: Box<dyn GroupsAccumulator>,
    arguments: Vec<Arc<dyn PhysicalExpr>>,
    filter: Option<Arc<dyn PhysicalExpr>>,
}

pub(super) struct Grouping {
    schema: SchemaRef,
    keys: Vec<Arc<dyn PhysicalExpr>>,
    values: Box<dyn GroupValues>,
    aggregates: Vec<Aggregate>,
    reservation: MemoryReservation,
    metrics: BaselineMetrics,
    /// The group of each row of the batch at hand.
    groups: Vec<usize>,
    /// The group of each run of it.
    run_groups: Vec<usize>,
    runless: usize,
    rows: usize,
    /// Whether nearly every row is a group of its own, so that keeping groups saves nothing.
    scattered: bool,
}

impl Grouping {
    pub(super) fn new(
        plan: &AggregateExec,
        context: &TaskContext,
        metrics: BaselineMetrics,
    ) -> Result<Self> {
        let keys = plan.group_expr();
        let arguments = aggregate_expressions(
            plan.aggr_expr(),
            &AggregateMode::Partial,
            keys.num_group_exprs(),
        )?;
        let aggregates = plan.aggr_expr().iter().zip(arguments).zip(plan.filter_expr());
        let aggregates = aggregates.map(|((function, arguments), filter)| {
            let accumulator = function.create_groups_accumulator()?;
            Ok(Aggregate { accumulator, arguments, filter: filter.clone() })
        });
        Ok(Self {
            schema: plan.schema(),
            keys: keys.input_exprs(),
            values: new_group_values(
                keys.group_schema(&plan.input_schema())?,
                &GroupOrdering::None,
            )?,
            aggregates: aggregates.collect::<Result<_>>()?,
            reservation: MemoryConsumer::new("GroupRuns")
                .with_can_spill(true)
                .register(&context.runtime_env().memory_pool),
            metrics,
            groups: Vec::new(),
            run_groups: Vec::new(),
            runless: 0,
            rows: 0,
            scattered: false,
        })
    }

    /// Adds the rows of a batch. Answers the groups so far when they take more memory than there is
    /// or when keeping them saves nothing; the next step merges what is answered more than once.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let timer = self.metrics.elapsed_compute().clone();
        let _timer = timer.timer();
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let keys = self.keys.iter().map(|key| array(key, batch)).collect::<Result<Vec<_>>>()?;
        self.assign(&keys, batch.num_rows())?;
        let total = self.values.len();
        for aggregate in &mut self.aggregates {
            let arguments = aggregate.arguments.iter().map(|a| array(a, batch));
            let arguments = arguments.collect::<Result<Vec<_>>>()?;
            let filter =
                aggregate.filter.as_ref().map(|filter| array(filter, batch)).transpose()?;
            let filter: Option<&BooleanArray> = filter.as_ref().map(AsArray::as_boolean);
            aggregate.accumulator.update_batch(&arguments, &self.groups, filter, total)?;
        }
        self.rows += batch.num_rows();
        self.scattered = self.scattered || (self.rows >= PROBE_ROWS && total > self.rows / 5 * 4);
        match self.reservation.try_resize(self.size()) {
            Ok(()) if self.scattered => self.emit().map(Some),
            Ok(()) => Ok(None),
            Err(DataFusionError::ResourcesExhausted(_)) if self.rows > batch.num_rows() => {
                self.emit().map(Some)
            }
            Err(error) => Err(error),
        }
    }

    /// The groups so far, each with the state of its aggregates; none remain.
    pub(super) fn emit(&mut self) -> Result<RecordBatch> {
        if self.values.is_empty() {
            return Ok(RecordBatch::new_empty(Arc::clone(&self.schema)));
        }
        let mut columns = self.values.emit(EmitTo::All)?;
        for aggregate in &mut self.aggregates {
            columns.extend(aggregate.accumulator.state(EmitTo::All)?);
        }
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        self.values.clear_shrink(0);
        self.rows = 0;
        self.reservation.try_resize(self.size())?;
        self.metrics.record_output(batch.num_rows());
        Ok(batch)
    }

    /// Finds the group of each row.
    fn assign(&mut self, keys: &[ArrayRef], rows: usize) -> Result<()> {
        self.groups.clear();
        if self.runless > 0 {
            self.runless -= 1;
            return self.values.intern(keys, &mut self.groups);
        }
        let runs = partition(keys)?.ranges();
        if runs.len() > rows / 4 {
            self.runless = RUNLESS_BATCHES;
            return self.values.intern(keys, &mut self.groups);
        }
        let starts = runs.iter().map(|run| u32::try_from(run.start));
        let starts: UInt32Array = starts
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| DataFusionError::External(error.into()))?
            .into();
        let firsts = keys.iter().map(|key| take(key, &starts, None));
        let firsts = firsts.collect::<Result<Vec<_>, _>>()?;
        self.run_groups.clear();
        self.values.intern(&firsts, &mut self.run_groups)?;
        for (run, group) in runs.iter().zip(&self.run_groups) {
            self.groups.resize(run.end, *group);
        }
        Ok(())
    }

    /// Bytes that the groups and their accumulators take.
    fn size(&self) -> usize {
        let accumulators = self.aggregates.iter().map(|a| a.accumulator.size());
        self.values.size()
            + accumulators.sum::<usize>()
            + (self.groups.capacity() + self.run_groups.capacity()) * size_of::<usize>()
    }
}

fn array(expr: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef> {
    expr.evaluate(batch)?.into_array(batch.num_rows())
}
