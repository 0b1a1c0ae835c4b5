//! Groups sorted rows a run at a time.
//!
//! Files are sorted by service, name and time: rows that belong to one group stand together.
//! `DataFusion` 55 looks the group of every row up, by hashing its text; this operator takes the
//! place of its partial aggregation, looks the group of every run of equal rows up, and hands the
//! rows to the same accumulators.

mod grouping;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::execution_plan::{
    CardinalityEffect, ChildrenPropertiesMode, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use grouping::Grouping;

type Plan = Arc<dyn ExecutionPlan>;

/// Puts [`GroupRuns`] in the place of partial aggregations that it can do.
#[derive(Debug)]
pub(super) struct GroupSortedRuns;

impl PhysicalOptimizerRule for GroupSortedRuns {
    fn name(&self) -> &'static str {
        "group_sorted_runs"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Plan, _: &ConfigOptions) -> Result<Plan> {
        let changed = plan.transform_up(|plan| {
            let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
                return Ok(Transformed::no(plan));
            };
            if !fits(aggregate) {
                return Ok(Transformed::no(plan));
            }
            let runs = GroupRuns {
                aggregate: Arc::new(aggregate.clone()),
                metrics: ExecutionPlanMetricsSet::new(),
            };
            Ok(Transformed::yes(Arc::new(runs) as Plan))
        });
        Ok(changed?.data)
    }
}

/// Whether the aggregation groups by text, which is what looking up costs most for, and asks for
/// nothing that only the original does: grouping sets, limits, input in group order.
fn fits(aggregate: &AggregateExec) -> bool {
    let groups = aggregate.group_expr();
    let schema = aggregate.input_schema();
    let text = |expr: &Arc<dyn PhysicalExpr>| {
        matches!(expr.data_type(&schema), Ok(DataType::Utf8View | DataType::Utf8))
    };
    *aggregate.mode() == AggregateMode::Partial
        && groups.is_single()
        && groups.expr().iter().any(|(expr, _)| text(expr))
        && aggregate.limit_options().is_none()
        && aggregate.dynamic_expressions_produced().is_empty()
        && *aggregate.input_order_mode() == InputOrderMode::Linear
        && aggregate
            .aggr_expr()
            .iter()
            .all(|a| a.order_bys().is_empty() && a.groups_accumulator_supported())
}

/// A partial aggregation that looks groups up once a run.
#[derive(Debug)]
struct GroupRuns {
    aggregate: Arc<AggregateExec>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for GroupRuns {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GroupRuns: ")?;
        self.aggregate.fmt_as(kind, f)
    }
}

impl ExecutionPlan for GroupRuns {
    fn name(&self) -> &'static str {
        "GroupRuns"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.aggregate.properties()
    }

    fn children(&self) -> Vec<&Plan> {
        vec![self.aggregate.input()]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        self.aggregate.apply_expressions(f)
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::LowerEqual
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Plan>) -> Result<Plan> {
        let options = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Plan>,
        options: ReplaceChildrenOptions,
    ) -> Result<Plan> {
        let plan = Arc::clone(&self.aggregate).replace_children(children, options)?;
        let Some(aggregate) = plan.downcast_ref::<AggregateExec>() else {
            return internal_err!("an aggregation with other input is no aggregation");
        };
        let metrics = self.metrics.clone();
        Ok(Arc::new(Self { aggregate: Arc::new(aggregate.clone()), metrics }))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = self.aggregate.input().execute(partition, Arc::clone(&context))?;
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let grouping = Grouping::new(&self.aggregate, &context, metrics)?;
        let pieces = futures::stream::try_unfold(Some((input, grouping)), |state| async move {
            let Some((mut input, mut grouping)) = state else { return Ok(None) };
            while let Some(batch) = input.next().await.transpose()? {
                if let Some(early) = grouping.add(&batch)? {
                    return Ok(Some((early, Some((input, grouping)))));
                }
            }
            let rest = grouping.emit()?;
            Ok::<_, datafusion::error::DataFusionError>(Some((rest, None)))
        });
        let rows = context.session_config().batch_size();
        let batches =
            pieces.map_ok(move |piece| futures::stream::iter(slices(&piece, rows)).map(Ok));
        let batches = batches.try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

/// The batch in slices of at most `rows` rows.
fn slices(batch: &RecordBatch, rows: usize) -> Vec<RecordBatch> {
    let total = batch.num_rows();
    let starts = (0..total).step_by(rows.max(1));
    starts.map(|start| batch.slice(start, rows.min(total - start))).collect()
}
