//! Makes plans give their thread back, and stop when they are told to.
//!
//! `DataFusion` 55 lets leaves and exchanges yield to the runtime. A join makes thousands of batches
//! of one input batch; what reads them without waiting (a sort, an aggregate) keeps its thread until
//! the end, deadline or not, and with it all other queries. This rule makes every operator that can
//! make more than it reads yield after each batch. What a join looks at and
//! throws away is no batch at all: its filter asks whether to go on.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{JoinType, Result};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::lit;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::execution_plan::{CardinalityEffect, SchedulingType};
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{
    HashJoinExec, NestedLoopJoinExec, NestedLoopJoinExecBuilder,
};

use super::yielding::Yielding;
use crate::stop::{Stop, Watch};

type Plan = Arc<dyn ExecutionPlan>;

/// The rule; it comes last.
#[derive(Debug)]
pub(super) struct Cooperate(pub(super) Arc<Stop>);

impl PhysicalOptimizerRule for Cooperate {
    fn name(&self) -> &'static str {
        "cooperate"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Plan, _: &ConfigOptions) -> Result<Plan> {
        let watch = self.0.watch();
        let changed = plan.transform_up(|plan| {
            let plan = watched(plan, &watch)?;
            let cooperative = plan.properties().scheduling_type == SchedulingType::Cooperative;
            if cooperative || plan.children().is_empty() || !makes_more(plan.as_ref()) {
                return Ok(Transformed::yes(plan));
            }
            Ok(Transformed::yes(Arc::new(Yielding::new(plan)) as Plan))
        });
        Ok(changed?.data)
    }
}

fn makes_more(plan: &dyn ExecutionPlan) -> bool {
    matches!(
        plan.cardinality_effect(),
        CardinalityEffect::Unknown | CardinalityEffect::GreaterEqual
    )
}

/// A join whose filter asks whether to go on.
fn watched(plan: Plan, watch: &Watch) -> Result<Plan> {
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        let filter = filter(join.filter(), *join.join_type(), watch);
        if join.null_aware || filter.is_none() {
            return Ok(plan);
        }
        return join.builder().with_filter(filter).build_exec();
    }
    if let Some(join) = plan.downcast_ref::<NestedLoopJoinExec>() {
        let filter = filter(join.filter(), *join.join_type(), watch);
        if filter.is_none() {
            return Ok(plan);
        }
        let join = NestedLoopJoinExecBuilder::from(join).with_filter(filter).build()?;
        return Ok(Arc::new(join));
    }
    Ok(plan)
}

/// The filter with a watch in it. A join without one that emits at most a row of each row it reads
/// gets a filter that lets all through; others emit what they look at.
fn filter(filter: Option<&JoinFilter>, join: JoinType, watch: &Watch) -> Option<JoinFilter> {
    let watched = |inner: &Arc<dyn PhysicalExpr>| {
        Arc::new(Watched { inner: Arc::clone(inner), watch: watch.clone() })
    };
    match filter {
        Some(filter) => Some(JoinFilter::new(
            watched(filter.expression()),
            filter.column_indices().to_vec(),
            Arc::clone(filter.schema()),
        )),
        None if emits_little(join) => {
            let schema = Arc::new(Schema::empty());
            Some(JoinFilter::new(watched(&lit(true)), Vec::new(), schema))
        }
        None => None,
    }
}

fn emits_little(join: JoinType) -> bool {
    !matches!(join, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full)
}

/// An expression that asks whether to go on before it is evaluated.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn PhysicalExpr>,
    watch: Watch,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl PartialEq for Watched {
    fn eq(&self, other: &Self) -> bool {
        self.inner.eq(&other.inner)
    }
}

impl Eq for Watched {}

impl Hash for Watched {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.inner.hash(state);
    }
}

impl PhysicalExpr for Watched {
    fn return_field(&self, schema: &Schema) -> Result<FieldRef> {
        self.inner.return_field(schema)
    }

    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue> {
        self.watch.check()?;
        self.inner.evaluate(batch)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.inner]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>> {
        let inner = children.into_iter().next().unwrap_or_else(|| Arc::clone(&self.inner));
        Ok(Arc::new(Self { inner, watch: self.watch.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt_sql(f)
    }
}
