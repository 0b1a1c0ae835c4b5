//! One span as it is stored.

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{col, lit};
use telltale_base::{Project, SpanId, TraceId};
use telltale_schema::Table;

use super::page::id_is;
use super::rows::record_id_max;
use crate::engine::Engine;
use crate::error::QueryError;

/// Rows of one id that are returned; clients repeat ids, but not often.
const ROWS_MAX: usize = 16;

impl Engine {
    /// The rows of a span as corrected, ids being bytes: one, or more when a client used the id
    /// again.
    ///
    /// # Errors
    /// When there is no such span, or a limit of queries is met.
    pub async fn span(
        &self,
        project: &Project,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Result<RecordBatch, QueryError> {
        let _slot = self.slot()?;
        let snapshot = self.source.snapshot(project, Table::Spans);
        let build = move |frame: DataFrame| {
            let span_id = lit(ScalarValue::BinaryView(Some(span_id.0.to_vec())));
            frame.filter(id_is(trace_id).and(col("span_id").eq(span_id)))?.limit(0, Some(ROWS_MAX))
        };
        let batches = self.collect(&snapshot, build).await?;
        let rows = batches.first().map(|first| concat_batches(&first.schema(), &batches));
        let rows = rows.transpose().map_err(QueryError::internal)?;
        rows.filter(|rows| rows.num_rows() > 0).ok_or_else(|| QueryError::SpanNotFound {
            trace_id: trace_id.to_string(),
            span_id: span_id.to_string(),
        })
    }
}

impl Engine {
    /// The `limit` rows of a table with the smallest record ids above `after` and not above `upto`,
    /// as corrected and in any order, ids being bytes; and the largest of those record ids. `None`
    /// when there are none.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn page_of_rows(
        &self,
        project: &Project,
        table: Table,
        after: i64,
        upto: i64,
        limit: usize,
    ) -> Result<Option<(Vec<RecordBatch>, i64)>, QueryError> {
        let snapshot = self.source.snapshot(project, table);
        let within =
            move |last: i64| col("record_id").gt(lit(after)).and(col("record_id").lt_eq(lit(last)));
        // The ids alone first: they are cheap, and bound what is read in full.
        let ids = move |frame: DataFrame| {
            let ids = frame.filter(within(upto))?.select(vec![col("record_id")])?;
            ids.sort(vec![col("record_id").sort(true, false)])?.limit(0, Some(limit))
        };
        let ids = self.collect(&snapshot, ids).await?;
        let Some(last) = ids.iter().filter_map(record_id_max).max() else { return Ok(None) };
        let rows = self.collect(&snapshot, move |frame| frame.filter(within(last))).await?;
        Ok(Some((rows, last)))
    }
}
