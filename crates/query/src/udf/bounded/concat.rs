//! `a || b` for texts, as a bounded function. Arrays keep the engine's own operator.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, DataFusionError, Result, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::{OUTPUT_BYTES_MAX, check, rows_of, total};

/// Plans `||` between texts.
#[derive(Debug)]
pub(super) struct ConcatPlanner;

impl ExprPlanner for ConcatPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        if !matches!(expr.op, BinaryOperator::StringConcat) {
            return Ok(PlannerResult::Original(expr));
        }
        // A chain is one call: a deep one would be typed again at each level.
        let mut args = match expr.left {
            Expr::ScalarFunction(call) if call.func.name() == NAME => call.args,
            left if is_array(&left, schema) => {
                return Ok(PlannerResult::Original(RawBinaryExpr { left, ..expr }));
            }
            left => vec![left],
        };
        if args.len() == 1 && is_array(&expr.right, schema) {
            let left = args.remove(0);
            return Ok(PlannerResult::Original(RawBinaryExpr { left, ..expr }));
        }
        args.push(expr.right);
        let call = ScalarFunction::new_udf(text_concat(), args);
        Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
    }
}

const NAME: &str = "text_concat";

fn is_array(side: &Expr, schema: &DFSchema) -> bool {
    side.get_type(schema).is_ok_and(|ty| {
        matches!(ty, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
    })
}

fn text_concat() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::new_from_impl(TextConcat::new())));
    Arc::clone(&FUNCTION)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TextConcat {
    signature: Signature,
}

impl TextConcat {
    fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TextConcat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn display_name(&self, args: &[Expr]) -> Result<String> {
        let names: Vec<String> = args.iter().map(ToString::to_string).collect();
        Ok(names.join(" || "))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        if types.iter().any(DataType::is_nested) {
            return plan_err!(
                "|| joins texts or arrays, not {}",
                types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
            );
        }
        Ok(vec![DataType::Utf8View; types.len()])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = rows_of(&args.args, args.number_rows);
        let sum = |sum: u64, text| Ok::<_, DataFusionError>(sum.saturating_add(total(text, rows)?));
        let bytes = args.args.iter().try_fold(0, sum)?;
        check("||", bytes, &args.args, rows, OUTPUT_BYTES_MAX)?;
        let texts = args.args.iter().map(|value| {
            // A constant is read at row 0 for every row.
            let constant = matches!(value, ColumnarValue::Scalar(_));
            Ok((cast(&value.to_array(1)?, &DataType::Utf8View)?, constant))
        });
        let texts = texts.collect::<Result<Vec<(ArrayRef, bool)>>>()?;
        let texts: Vec<_> =
            texts.iter().map(|(text, constant)| (text.as_string_view(), *constant)).collect();
        let rows = usize::try_from(rows).unwrap_or(args.number_rows);
        let mut builder = StringViewBuilder::with_capacity(rows);
        let mut joined = String::new();
        for row in 0..rows {
            joined.clear();
            let whole = texts.iter().all(|(text, constant)| {
                let row = if *constant { 0 } else { row };
                let valid = text.is_valid(row);
                if valid {
                    joined.push_str(text.value(row));
                }
                valid
            });
            builder.append_option(whole.then_some(&joined));
        }
        Ok(ColumnarValue::Array(Arc::new(builder.finish())))
    }
}
