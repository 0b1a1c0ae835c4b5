//! One trace in a line: aggregated by the engine, so that huge traces cost no memory.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, RecordBatch};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::functions_aggregate::expr_fn::{array_agg, count, first_value, max, min, sum};
use datafusion::logical_expr::{Expr, ExprFunctionExt, col, lit, when};
use serde::Serialize;
use telltale_base::TraceId;

use super::Key;
use crate::error::QueryError;
use crate::traces::rfc3339;
use crate::traces::rows::{self, Columns};

/// A trace among the results of a search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceSummary {
    /// Hex.
    pub trace_id: String,
    /// Name of the root span, or of the earliest span when the root is missing.
    pub name: String,
    /// Service of that span.
    pub service_name: String,
    /// Whether no span of the trace is without a parent: the root has not arrived or was dropped.
    pub root_missing: bool,
    /// Start of the earliest span, RFC 3339.
    pub start_time: String,
    /// Start of the earliest span, in nanoseconds since 1970.
    pub start_unix_nano: i64,
    /// From the first start to the last end.
    pub duration_ns: i64,
    /// Spans of the trace, matching or not.
    pub span_count: i64,
    /// Spans with status `error`.
    pub error_count: i64,
    /// Services of all spans, sorted.
    pub services: Vec<String>,
    #[serde(skip)]
    pub(super) key: Key,
}

/// Aggregates spans by trace. `matching` says which spans the search is about.
pub(super) fn aggregate(
    spans: DataFrame,
    matching: Option<Expr>,
) -> Result<DataFrame, DataFusionError> {
    let start = || col("start_unix_nano");
    let zero = || lit(0_i64);
    let length = when(col("duration_ns").gt(zero()), col("duration_ns")).otherwise(zero())?;
    let matched = match matching {
        Some(matching) => when(matching, start()).end()?,
        None => start(),
    };
    let error = lit(ScalarValue::Utf8View(Some("error".into())));
    let errors = when(col("status_code").eq(error), lit(1_i64)).otherwise(zero())?;
    let top = |column: &str| -> Result<Expr, DataFusionError> {
        let order = vec![
            col("parent_span_id").is_not_null().sort(true, false),
            start().sort(true, false),
            col("record_id").sort(true, false),
        ];
        Ok(first_value(col(column), order).alias(format!("top_{column}")))
    };
    let rooted = when(col("parent_span_id").is_null(), lit(1_i64)).otherwise(zero())?;
    spans.aggregate(
        vec![col("trace_id")],
        vec![
            max(matched).alias("matched"),
            min(start()).alias("start"),
            max(start() + length).alias("end"),
            count(lit(1_i64)).alias("spans"),
            sum(errors).alias("errors"),
            max(rooted).alias("rooted"),
            array_agg(col("service_name")).distinct().build()?.alias("services"),
            top("name")?,
            top("service_name")?,
        ],
    )
}

/// Reads aggregates: per trace, the start of its newest matching span and its summary.
pub(super) fn read(
    batch: &RecordBatch,
    summaries: &mut HashMap<TraceId, (i64, TraceSummary)>,
) -> Result<(), QueryError> {
    let columns = Columns(batch);
    let ids = columns.ids("trace_id")?;
    let (matched, starts, ends) =
        (columns.ints("matched")?, columns.ints("start")?, columns.ints("end")?);
    let (spans, errors, rooted) =
        (columns.ints("spans")?, columns.ints("errors")?, columns.ints("rooted")?);
    let (names, services) = (columns.texts("top_name")?, columns.texts("top_service_name")?);
    let lists = batch.column_by_name("services").and_then(|column| column.as_list_opt::<i32>());
    for row in 0..batch.num_rows() {
        let Some(trace_id) = rows::id(ids, row).map(TraceId) else { continue };
        if matched.is_null(row) {
            continue;
        }
        let start = starts.value(row);
        let list = lists.filter(|lists| lists.is_valid(row)).map(|lists| lists.value(row));
        let mut all: Vec<String> = list
            .as_ref()
            .and_then(|list| list.as_string_view_opt())
            .map(|list| list.iter().flatten().map(str::to_owned).collect())
            .unwrap_or_default();
        all.sort();
        let summary = TraceSummary {
            trace_id: trace_id.to_string(),
            name: rows::text(names, row).unwrap_or_default(),
            service_name: rows::text(services, row).unwrap_or_default(),
            root_missing: rooted.value(row) == 0,
            start_time: rfc3339(start),
            start_unix_nano: start,
            duration_ns: ends.value(row).saturating_sub(start),
            span_count: spans.value(row),
            error_count: errors.value(row),
            services: all,
            key: Key { start: matched.value(row), trace_id },
        };
        summaries.insert(trace_id, (matched.value(row), summary));
    }
    Ok(())
}
