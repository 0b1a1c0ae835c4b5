//! What a SQL request holds.

use std::time::Duration;

use datafusion::common::ScalarValue;
use serde_json::Value;

use crate::config::QueryConfig;
use crate::error::QueryError;

/// One statement with its parameters.
#[derive(Clone, Debug, Default)]
pub struct SqlRequest {
    /// The text, with `$1`, `$2`, ... for parameters.
    pub query: String,
    /// Values of the parameters: strings, numbers, booleans and nulls.
    pub params: Vec<Value>,
    /// Limits below those of the configuration.
    pub limits: SqlLimits,
}

/// Limits that a request asks for. Larger ones than the configuration has are cut down to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqlLimits {
    /// Time to the last row.
    pub timeout: Option<Duration>,
    /// Rows returned.
    pub rows_max: Option<usize>,
}

/// Limits in force for one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) timeout: Duration,
    pub(crate) rows_max: usize,
    pub(crate) bytes_max: u64,
}

impl SqlLimits {
    pub(crate) fn within(self, config: &QueryConfig) -> Bounds {
        Bounds {
            timeout: self.timeout.unwrap_or(config.timeout).min(config.timeout),
            rows_max: self.rows_max.unwrap_or(config.rows_max).min(config.rows_max),
            bytes_max: config.result_bytes_max,
        }
    }
}

/// JSON values as those of SQL.
pub(crate) fn scalars(params: &[Value]) -> Result<Vec<ScalarValue>, QueryError> {
    params.iter().enumerate().map(|(at, value)| scalar(at + 1, value)).collect()
}

fn scalar(place: usize, value: &Value) -> Result<ScalarValue, QueryError> {
    match value {
        Value::Null => Ok(ScalarValue::Null),
        Value::Bool(b) => Ok(ScalarValue::Boolean(Some(*b))),
        Value::String(text) => Ok(ScalarValue::Utf8(Some(text.clone()))),
        Value::Number(number) => Ok(if let Some(int) = number.as_i64() {
            ScalarValue::Int64(Some(int))
        } else if let Some(int) = number.as_u64() {
            ScalarValue::UInt64(Some(int))
        } else {
            ScalarValue::Float64(number.as_f64())
        }),
        Value::Array(_) | Value::Object(_) => Err(QueryError::Parameter {
            message: format!("parameter ${place} must be a string, number, boolean or null"),
        }),
    }
}
