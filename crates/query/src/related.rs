//! Rows that belong to given traces, and calls of the ledger by what ties them to others.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::{Expr, col, lit};
use telltale_base::{Project, TraceId};
use telltale_schema::Table;
use telltale_store::Snapshot;

use crate::engine::Engine;
use crate::error::QueryError;

/// Rows of one table that are answered at most: traces can be huge.
const ROWS_MAX: usize = 100_000;

/// Calls that last longer are not found by when they ended: a day.
const LONGEST_NS: i64 = 86_400_000_000_000;

/// First and last time, nanoseconds since 1970.
pub type Between = (i64, i64);

/// Which calls are wanted: those that fulfil any of the conditions.
#[derive(Clone, Debug, Default)]
pub struct CallsWanted {
    /// Of these traces.
    pub traces: Vec<TraceId>,
    /// With one of these response ids, during the time.
    pub responses: Vec<String>,
    /// Of one of these conversations (empty: without one) and of `conversation_services`, during
    /// the time.
    pub conversations: Vec<String>,
    /// See `conversations`.
    pub conversation_services: Vec<String>,
    /// The time of responses and conversations.
    pub during: Option<Between>,
    /// Known from metrics of these services.
    pub metrics_of: Vec<String>,
}

impl Engine {
    /// Whether a table of a project has no rows at all.
    pub fn is_empty(&self, project: &Project, table: Table) -> bool {
        is_bare(&self.source.snapshot(project, table))
    }

    /// Rows of a table as corrected, ids being bytes, that are of one of the traces.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn rows_of_traces(
        &self,
        project: &Project,
        table: Table,
        traces: &[TraceId],
    ) -> Result<Vec<RecordBatch>, QueryError> {
        self.related(project, table, one_of("trace_id", traces.iter().map(trace))).await
    }

    /// Rows of a table as corrected, ids being bytes, by `record_id`.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn rows_of_ids(
        &self,
        project: &Project,
        table: Table,
        ids: &[i64],
    ) -> Result<Vec<RecordBatch>, QueryError> {
        self.related(project, table, one_of("record_id", ids.iter().map(|id| lit(*id)))).await
    }

    /// Calls as corrected, ids being bytes.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn calls(
        &self,
        project: &Project,
        wanted: &CallsWanted,
    ) -> Result<Vec<RecordBatch>, QueryError> {
        let mut conditions: Vec<Expr> = Vec::new();
        conditions.extend(one_of("trace_id", wanted.traces.iter().map(trace)));
        let within = wanted.during.map(during);
        let during = |condition: Expr| within.clone().map(|within| condition.and(within));
        let responses = one_of("response_id", texts(&wanted.responses));
        conditions.extend(responses.and_then(during));
        let conversations = conversations(&wanted.conversations);
        let services = one_of("service_name", texts(&wanted.conversation_services));
        let both = conversations.zip(services).map(|(of, services)| of.and(services));
        conditions.extend(both.and_then(during));
        let metrics = one_of("service_name", texts(&wanted.metrics_of));
        conditions.extend(metrics.map(|of| of.and(col("signal").eq(lit("metric")))));
        self.related(project, Table::Calls, any(conditions)).await
    }

    /// One call of each kind that the services make, those known from metrics apart.
    ///
    /// # Errors
    /// When a limit of queries is met.
    pub async fn kinds_of_calls(
        &self,
        project: &Project,
        services: &[String],
    ) -> Result<Vec<RecordBatch>, QueryError> {
        let Some(ours) = one_of("service_name", texts(services)) else { return Ok(Vec::new()) };
        let snapshot = self.source.snapshot(project, Table::Calls);
        if is_bare(&snapshot) {
            return Ok(Vec::new());
        }
        let build = move |frame: DataFrame| {
            let ours = ours.and(col("signal").not_eq(lit("metric")));
            let kind =
                ["service_name", "client", "request_model", "response_model"].map(col).to_vec();
            let newest = datafusion::functions_aggregate::expr_fn::max(col("record_id"));
            let newest = newest.alias("newest");
            frame.filter(ours)?.aggregate(kind, vec![newest])?.select(vec![col("newest")])
        };
        let newest = self.collect(&snapshot, build).await?;
        let ids = newest.iter().flat_map(|rows| {
            let column = rows.column(0).as_primitive_opt::<Int64Type>();
            column.map(|column| column.values().to_vec()).unwrap_or_default()
        });
        let ids: Vec<i64> = ids.collect();
        self.rows_of_ids(project, Table::Calls, &ids).await
    }

    async fn related(
        &self,
        project: &Project,
        table: Table,
        condition: Option<Expr>,
    ) -> Result<Vec<RecordBatch>, QueryError> {
        let Some(condition) = condition else { return Ok(Vec::new()) };
        let snapshot = self.source.snapshot(project, table);
        if is_bare(&snapshot) {
            return Ok(Vec::new());
        }
        let build = move |frame: DataFrame| frame.filter(condition)?.limit(0, Some(ROWS_MAX));
        self.collect(&snapshot, build).await
    }
}

fn is_bare(snapshot: &Snapshot) -> bool {
    snapshot.files.is_empty() && snapshot.memory.is_empty()
}

fn trace(id: &TraceId) -> Expr {
    lit(ScalarValue::BinaryView(Some(id.0.to_vec())))
}

fn texts(values: &[String]) -> impl Iterator<Item = Expr> + '_ {
    values.iter().map(|value| lit(value.as_str()))
}

/// Calls of one of the conversations, of which an empty one means none.
fn conversations(wanted: &[String]) -> Option<Expr> {
    let named: Vec<String> = wanted.iter().filter(|of| !of.is_empty()).cloned().collect();
    let without = (named.len() < wanted.len()).then(|| col("conversation_id").is_null());
    any(one_of("conversation_id", texts(&named)).into_iter().chain(without).collect())
}

fn one_of(column: &str, values: impl Iterator<Item = Expr>) -> Option<Expr> {
    let values: Vec<Expr> = values.collect();
    (!values.is_empty()).then(|| col(column).in_list(values, false))
}

/// Rows that began before the end of a time and ended after its start.
fn during((first, last): Between) -> Expr {
    let start = || col("start_unix_nano");
    let end = start() + col("duration_ns");
    // The bound on the start is for the statistics of files: they know no end.
    let began = start().gt_eq(lit(first.saturating_sub(LONGEST_NS)));
    began.and(start().lt_eq(lit(last))).and(end.gt_eq(lit(first)))
}

fn any(conditions: Vec<Expr>) -> Option<Expr> {
    conditions.into_iter().reduce(Expr::or)
}
