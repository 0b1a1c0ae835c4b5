//! The query engine: one for a process, shared by all front ends.

mod own_trace;
mod request;
mod stream;

use std::sync::Arc;

use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use datafusion::common::{DataFusionError, ParamValues};
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SessionContext;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion_functions_json::udfs::json_union_to_text_udf;
use telltale_base::Project;
use telltale_store::Snapshot;
use tracing::{Instrument as _, Span};

use crate::cache::FileCache;
use crate::catalog::{Catalog, Catalogs, Tables};
use crate::catalogue::Kept;
use crate::config::QueryConfig;
use crate::damage::{Judge, OpenedFiles, anew};
use crate::error::{QueryError, ReportedLimits, from_datafusion};
use crate::executor::Executor;
use crate::guard;
use crate::limits::Slots;
use crate::scan::filters::IdForm;
use crate::scan::reader::Readers;
use crate::session::Sessions;
use crate::source::Source;
use crate::stop::Stop;
use crate::table::TelltaleTable;

pub use request::{SqlLimits, SqlRequest};
use stream::Held;
pub use stream::SqlStream;

/// Plans and runs queries over one source of rows.
#[derive(Debug)]
pub struct Engine {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) config: QueryConfig,
    pub(crate) catalogue: Arc<Kept>,
    cache: Arc<FileCache>,
    sessions: Sessions,
    executor: Executor,
    slots: Arc<Slots>,
}

impl Engine {
    /// An engine over `source`, with threads of its own.
    ///
    /// # Errors
    /// When threads cannot be started or the folder for temporary files cannot be used.
    pub fn new<S: Source>(source: Arc<S>, config: QueryConfig) -> Result<Arc<Self>, QueryError> {
        Ok(Arc::new(Self {
            source,
            catalogue: Arc::new(Kept::new(config.catalogue_age)),
            cache: Arc::new(FileCache::new(config.cache_bytes, config.open_files_max)),
            sessions: Sessions::new(&config).map_err(QueryError::internal)?,
            executor: Executor::new(config.threads)?,
            slots: Slots::new(config.concurrent_max),
            config,
        }))
    }

    /// A read-only session that sees one project and nothing else: no files, no stores, no other
    /// project, nothing to create. The factory behind every front end. Statements still have to
    /// pass [`guard::parse`] or [`guard::check_statement`], which stop what would change the
    /// session itself (`SET`).
    ///
    /// # Errors
    /// Never in practice: the parts of a session are fixed.
    pub fn session(&self, project: &Project) -> Result<SessionContext, QueryError> {
        self.session_of(project, self.readers(), Stop::after(self.config.timeout))
    }

    fn session_of(
        &self,
        project: &Project,
        readers: Readers,
        stop: Arc<Stop>,
    ) -> Result<SessionContext, QueryError> {
        let (source, project) = (Arc::clone(&self.source), project.clone());
        let opened = Arc::clone(&readers.opened);
        let tables = Tables { source, project, readers };
        self.sessions
            .session(Catalogs(Arc::new(Catalog::new(tables))), opened, stop)
            .map_err(|error| self.error(&error))
    }

    fn readers(&self) -> Readers {
        Readers { cache: Arc::clone(&self.cache), opened: Arc::default() }
    }

    fn judge(&self, readers: &Readers) -> Judge {
        Judge { source: Arc::clone(&self.source), opened: Arc::clone(&readers.opened) }
    }

    /// Runs one statement. Ends with its deadline, its row limit, or when the stream is dropped.
    /// Errors up to the first batch are returned here, later ones by the stream. A file that is
    /// found damaged before the first batch is set aside, and the statement begins anew.
    ///
    /// # Errors
    /// When the statement is refused, wrong, or over a limit.
    pub async fn sql(
        &self,
        project: &Project,
        request: SqlRequest,
    ) -> Result<SqlStream, QueryError> {
        anew(|| self.sql_once(project, request.clone())).await
    }

    async fn sql_once(
        &self,
        project: &Project,
        request: SqlRequest,
    ) -> Result<SqlStream, QueryError> {
        let slot = self.slots.take()?;
        let limits = request.limits.within(&self.config);
        let statement_text = request.query;
        let params = request::scalars(&request.params)?;
        let (stop, readers) = (Stop::after(limits.timeout), self.readers());
        let context = self.session_of(project, readers.clone(), Arc::clone(&stop))?;
        let judge = self.judge(&readers);
        let reported = self.reported();
        let (bytes_max, operators_max) = (self.config.text_bytes_max, self.config.operators_max);
        let planning = own_trace::plan_span();
        let noted = planning.clone();
        let plan = async move {
            let statement = guard::parse(&statement_text, bytes_max, operators_max)?;
            own_trace::statement(&noted, &statement);
            let state = context.state();
            let failed = |error: DataFusionError| from_datafusion(&error, reported);
            let plan = state.statement_to_plan(statement).await.map_err(failed)?;
            guard::check_plan(&plan)?;
            let plan = bind(plan, params, reported)?;
            let plan = presentable(plan, limits.rows_max).map_err(failed)?;
            DataFrame::new(state, plan).execute_stream().await.map_err(failed)
        };
        let outcome = planning.clone();
        let open = async move { own_trace::ended(&outcome, plan.instrument(planning).await) };
        let held = Held::new(slot, stop);
        SqlStream::start(&self.executor, open, limits, reported, held, judge).await
    }

    /// Rows of one of our own queries over one snapshot, with ids as bytes. What asks has to begin
    /// [`anew`], with a new snapshot, when a file was set aside.
    pub(crate) async fn collect<F>(
        &self,
        snapshot: &Snapshot,
        build: F,
    ) -> Result<Vec<RecordBatch>, QueryError>
    where
        F: FnOnce(DataFrame) -> Result<DataFrame, DataFusionError> + Send + 'static,
    {
        let context = self.session(&snapshot.project)?;
        let readers = self.readers();
        let judge = self.judge(&readers);
        let table = TelltaleTable::new(snapshot.clone(), IdForm::Bytes, readers);
        let reported = self.reported();
        let mut running = own_trace::Run::begin(&Span::current(), usize::MAX);
        let work = async move {
            let frame = context.read_table(Arc::new(table)).and_then(build);
            let rows = async { frame?.collect().await };
            rows.await.map_err(|error| from_datafusion(&error, reported))
        };
        let run = self.executor.run(self.config.timeout, work.instrument(running.span()));
        let batches = match run.await {
            Err(error) => return running.end(Err(judge.judge(error).await)),
            Ok(batches) => batches,
        };
        running.add(batches.iter().map(RecordBatch::num_rows).sum());
        Ok(batches)
    }

    /// Memory that running queries hold, in bytes.
    pub fn memory_used(&self) -> u64 {
        self.sessions.memory_used()
    }

    /// Queries that ended because a library of the engine panicked.
    pub fn panics(&self) -> u64 {
        self.executor.panics.count()
    }

    /// The limits in force.
    pub fn config(&self) -> &QueryConfig {
        &self.config
    }

    pub(crate) fn slot(&self) -> Result<crate::limits::Slot, QueryError> {
        self.slots.take()
    }

    /// An error that a session met, for front ends that run plans by themselves. A damaged file
    /// behind it is set aside.
    pub async fn look_into(&self, session: &SessionContext, error: &DataFusionError) -> QueryError {
        let error = self.error(error);
        let Some(opened) = session.state().config().get_extension::<OpenedFiles>() else {
            return error;
        };
        Judge { source: Arc::clone(&self.source), opened }.judge(error).await
    }

    /// An error of a session.
    pub fn error(&self, error: &DataFusionError) -> QueryError {
        from_datafusion(error, self.reported())
    }

    fn reported(&self) -> ReportedLimits {
        ReportedLimits {
            memory_bytes: self.config.query_memory_bytes.min(self.config.memory_bytes),
            spill_bytes: self.config.spill_bytes_max,
        }
    }
}

/// Puts values in the place of `$1`, `$2`, ...
fn bind(
    plan: LogicalPlan,
    params: Vec<datafusion::common::ScalarValue>,
    limits: ReportedLimits,
) -> Result<LogicalPlan, QueryError> {
    let names = plan.get_parameter_names().map_err(|error| from_datafusion(&error, limits))?;
    let wanted = names.iter().filter_map(|name| name.trim_start_matches('$').parse::<usize>().ok());
    let wanted = wanted.max().unwrap_or(0);
    if wanted != params.len() {
        let message =
            format!("the query has {wanted} parameters, {} values were given", params.len());
        return Err(QueryError::Parameter { message });
    }
    if params.is_empty() {
        return Ok(plan);
    }
    plan.with_param_values(ParamValues::from(params))
        .map_err(|error| from_datafusion(&error, limits))
}

/// The plan with JSON values as text, and with one row more than is let out, so that it is known
/// whether there are more.
fn presentable(plan: LogicalPlan, rows_max: usize) -> Result<LogicalPlan, DataFusionError> {
    if matches!(
        plan,
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_)
    ) {
        return Ok(plan);
    }
    let schema = Arc::clone(plan.schema());
    let is_union = |ty: &DataType| matches!(ty, DataType::Union(..));
    let mut builder = LogicalPlanBuilder::from(plan);
    if schema.fields().iter().any(|field| is_union(field.data_type())) {
        let columns = schema.iter().map(|(qualifier, field)| {
            let column = Expr::from((qualifier, field));
            if !is_union(field.data_type()) {
                return column;
            }
            let text = ScalarFunction::new_udf(json_union_to_text_udf(), vec![column]);
            Expr::ScalarFunction(text).alias(field.name())
        });
        builder = builder.project(columns.collect::<Vec<_>>())?;
    }
    builder.limit(0, Some(rows_max.saturating_add(1)))?.build()
}

/// A query that has begun.
pub(crate) type Opened = Result<SendableRecordBatchStream, QueryError>;

#[cfg(test)]
mod tests;
