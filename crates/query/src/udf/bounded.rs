//! Text functions whose output has any size that the query asks for, with a bound.
//!
//! The memory of a query is counted where operators hold it, not inside functions: `repeat` would
//! allocate whatever its argument says before anything could refuse. Each call is asked beforehand
//! how much text it would make at most. Functions that make about as much as they take are left
//! alone: their input was bounded when it was made.

mod concat;

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, FieldRef, Int64Type};
use datafusion::common::config::ConfigOptions;
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};

/// Text that one call may make for one batch of rows out of texts that exist, in bytes.
pub(super) const OUTPUT_BYTES_MAX: u64 = 256 << 20;

/// Text that one call may make for one batch of rows out of a number, in bytes.
const GROWN_BYTES_MAX: u64 = 64 << 20;

/// Text that one call may make of constants, in bytes: it stands in every row.
const CONSTANT_BYTES_MAX: u64 = 16 << 20;

/// Bytes of a character, at most.
const CHAR_BYTES: u64 = 4;

/// Replaces the functions in question by bounded ones, and `||` by a bounded function.
///
/// # Errors
/// Never in practice: the registry takes functions.
pub(crate) fn replace(registry: &mut dyn FunctionRegistry) -> Result<()> {
    let functions = [
        ("repeat", Growth::Times),
        ("lpad", Growth::Padded),
        ("rpad", Growth::Padded),
        ("concat", Growth::Sum),
        ("concat_ws", Growth::Sum),
        ("replace", Growth::Replaced),
        ("regexp_replace", Growth::Replaced),
    ];
    for (name, growth) in functions {
        let inner = registry.udf(name)?;
        registry.register_udf(Arc::new(ScalarUDF::new_from_impl(Bounded { inner, growth })))?;
    }
    registry.register_expr_planner(Arc::new(concat::ConcatPlanner))
}

/// How large the output can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Growth {
    /// The first argument as often as the second says.
    Times,
    /// As many characters as the second argument says.
    Padded,
    /// All arguments together.
    Sum,
    /// The third argument at each byte of the first.
    Replaced,
}

/// A function that says no before it allocates too much.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Bounded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl Growth {
    /// Bytes of the output at most.
    fn bytes(self, args: &[ColumnarValue], rows: u64) -> Result<u64> {
        match (self, args) {
            (Self::Times, [text, times, ..]) => {
                Ok(longest(text)?.saturating_mul(largest(times)?).saturating_mul(rows))
            }
            (Self::Padded, [_, length, ..]) => {
                Ok(largest(length)?.saturating_mul(CHAR_BYTES).saturating_mul(rows))
            }
            (Self::Replaced, [text, _, by, ..]) => {
                Ok(total(text, rows)?.saturating_add(rows).saturating_mul(longest(by)?))
            }
            (Self::Sum, texts) => {
                texts.iter().try_fold(0_u64, |sum, text| Ok(sum.saturating_add(total(text, rows)?)))
            }
            _ => Ok(0),
        }
    }
}

impl ScalarUDFImpl for Bounded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(types).map(viewed)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let field = self.inner.return_field_from_args(args)?;
        let ty = viewed(field.data_type().clone());
        Ok(Arc::new(field.as_ref().clone().with_data_type(ty)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = rows_of(&args.args, args.number_rows);
        let limit = match self.growth {
            Growth::Times | Growth::Padded => GROWN_BYTES_MAX,
            Growth::Sum | Growth::Replaced => OUTPUT_BYTES_MAX,
        };
        check(self.name(), self.growth.bytes(&args.args, rows)?, &args.args, rows, limit)?;
        let types: Vec<_> = args.arg_fields.iter().map(|f| f.data_type().clone()).collect();
        let own = self.inner.return_type(&types)?;
        let return_field = Arc::new(args.return_field.as_ref().clone().with_data_type(own));
        match self.inner.invoke_with_args(ScalarFunctionArgs { return_field, ..args })? {
            ColumnarValue::Scalar(ScalarValue::Utf8(text)) => {
                Ok(ColumnarValue::Scalar(ScalarValue::Utf8View(text)))
            }
            ColumnarValue::Array(array) if *array.data_type() == DataType::Utf8 => {
                Ok(ColumnarValue::Array(cast(&array, &DataType::Utf8View)?))
            }
            other => Ok(other),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(types)
    }

    /// The inner function's own simplification would bring the unbounded one back, so there is
    /// none.
    fn with_updated_config(&self, _: &ConfigOptions) -> Option<ScalarUDF> {
        None
    }
}

/// Rows that a call works on: one when all arguments are constants.
pub(super) fn rows_of(args: &[ColumnarValue], rows: usize) -> u64 {
    let array = args.iter().any(|arg| matches!(arg, ColumnarValue::Array(_)));
    if array { rows as u64 } else { 1 }
}

/// Text in a form in which a constant is stored once, however many rows it stands in.
fn viewed(ty: DataType) -> DataType {
    if ty == DataType::Utf8 { DataType::Utf8View } else { ty }
}

/// Refuses a call that could make more than `limit` bytes, or too large a constant.
pub(super) fn check(
    name: &str,
    bytes: u64,
    args: &[ColumnarValue],
    rows: u64,
    limit: u64,
) -> Result<()> {
    let constant = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
    let limit = if constant { limit.min(CONSTANT_BYTES_MAX) } else { limit };
    if bytes > limit {
        return exec_err!(
            "{name} could make {bytes} bytes of text for {rows} rows, the limit is {limit}"
        );
    }
    Ok(())
}

/// Bytes of the longest text.
fn longest(value: &ColumnarValue) -> Result<u64> {
    Ok(lengths(value)?.into_iter().max().unwrap_or(0))
}

/// Bytes of all texts; a constant stands in every row.
pub(super) fn total(value: &ColumnarValue, rows: u64) -> Result<u64> {
    let sum: u64 = lengths(value)?.into_iter().sum();
    Ok(if matches!(value, ColumnarValue::Scalar(_)) { sum.saturating_mul(rows) } else { sum })
}

fn lengths(value: &ColumnarValue) -> Result<Vec<u64>> {
    let array = value.to_array(1)?;
    if matches!(array.data_type(), DataType::List(_) | DataType::Null) {
        return Ok(Vec::new());
    }
    let texts = cast(&array, &DataType::Utf8View)?;
    Ok(texts.as_string_view().iter().flatten().map(|text| text.len() as u64).collect())
}

/// The largest number; negative ones count as zero.
fn largest(value: &ColumnarValue) -> Result<u64> {
    let array = value.to_array(1)?;
    let numbers = cast(&array, &DataType::Int64)?;
    let largest = numbers.as_primitive::<Int64Type>().iter().flatten().max();
    Ok(u64::try_from(largest.unwrap_or(0)).unwrap_or(0))
}
