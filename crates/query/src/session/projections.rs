//! Keeps `SELECT t + 1 AS t FROM (SELECT t + 1 AS t FROM ...)` from counting once.
//!
//! `DataFusion` 55 drops a projection whose expressions equal those of the projection below it,
//! which changes the result unless all are plain columns. This rule runs before the one that does
//! so and gives the lower projection a name, so that the expressions differ and mean what they did.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, TableReference};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, SubqueryAlias};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};

/// Name that the lower of two equal projections gets.
const LOWER: &str = "__lower";

/// The default rules with this one before each that merges projections.
pub(super) fn rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let ours = || Arc::new(KeepProjections) as Arc<dyn OptimizerRule + Send + Sync>;
    let with_ours = |rule: Arc<dyn OptimizerRule + Send + Sync>| {
        let merges = rule.name() == "optimize_projections";
        merges.then(ours).into_iter().chain([rule])
    };
    Optimizer::default().rules.into_iter().flat_map(with_ours).collect()
}

#[derive(Debug)]
struct KeepProjections;

impl OptimizerRule for KeepProjections {
    fn name(&self) -> &'static str {
        "keep_equal_projections"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Projection(upper) = &plan else { return Ok(Transformed::no(plan)) };
        let LogicalPlan::Projection(lower) = upper.input.as_ref() else {
            return Ok(Transformed::no(plan));
        };
        let plain = upper.expr.iter().all(|expr| matches!(expr, Expr::Column(_)));
        if plain || upper.expr != lower.expr || has_equal_names(&lower.schema) {
            return Ok(Transformed::no(plan));
        }
        let named = SubqueryAlias::try_new(Arc::clone(&upper.input), LOWER)?;
        let exprs = upper.expr.iter().zip(upper.schema.iter()).map(|(expr, (qualifier, field))| {
            let expr = over_lower(expr.clone(), &lower.schema)?.unalias();
            Ok(expr.alias_qualified(qualifier.cloned(), field.name()))
        });
        let exprs = exprs.collect::<Result<Vec<_>>>()?;
        let input = Arc::new(LogicalPlan::SubqueryAlias(named));
        let kept = Projection::try_new_with_schema(exprs, input, Arc::clone(&upper.schema))?;
        Ok(Transformed::yes(LogicalPlan::Projection(kept)))
    }
}

/// Names that differ only in their qualifiers would be one under a common name.
fn has_equal_names(schema: &DFSchema) -> bool {
    let mut names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}

/// The expression with its columns taken from the named projection.
fn over_lower(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let rename = |expr: Expr| match expr {
        Expr::Column(column) if schema.has_column(&column) => {
            let column = Column::new(Some(TableReference::bare(LOWER)), column.name);
            Ok(Transformed::yes(Expr::Column(column)))
        }
        other => Ok(Transformed::no(other)),
    };
    Ok(expr.transform(rename)?.data)
}
