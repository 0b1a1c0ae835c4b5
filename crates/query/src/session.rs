//! Makes sessions that can do nothing but read one project.

mod cooperative;
mod projections;
mod runs;
mod yielding;

use std::sync::Arc;

use datafusion::catalog::CatalogProviderList;
use datafusion::common::config::{ConfigNonZeroUsize, Dialect};
use datafusion::common::{Result, exec_err};
use datafusion::execution::SessionStateDefaults;
use datafusion::execution::context::SessionContext;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use url::Url;

use crate::catalog::{CATALOG, Catalogs, SCHEMA};
use crate::config::QueryConfig;
use crate::damage::OpenedFiles;
use crate::guard::NESTING_MAX;
use crate::limits::{QueryPool, SharedMemory};
use crate::scan::branch::STORE_URL;
use crate::stop::Stop;
use crate::udf::bounded;

/// Scalar functions that are left out: their output has any size that the query asks for, in one
/// allocation that no limit sees. `generate_series` exists as a table.
const LEFT_OUT: [&str; 4] = ["array_repeat", "array_resize", "generate_series", "range"];

/// Stores that a plan may name: one, which is empty. Table scans bring their own reader.
#[derive(Debug)]
struct NoStores(Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for NoStores {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> Result<Arc<dyn ObjectStore>> {
        if url.as_str().starts_with(STORE_URL) {
            return Ok(Arc::clone(&self.0));
        }
        exec_err!("queries cannot read from {url}")
    }
}

/// What all sessions share.
#[derive(Debug)]
pub(crate) struct Sessions {
    runtime: Arc<RuntimeEnv>,
    memory: Arc<SharedMemory>,
    query_memory_bytes: u64,
    threads: usize,
}

impl Sessions {
    pub(crate) fn new(config: &QueryConfig) -> Result<Self> {
        let disk = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![config.spill_dir.clone()]))
            .with_max_temp_directory_size(config.spill_bytes_max);
        let runtime = RuntimeEnvBuilder::new()
            .with_disk_manager_builder(disk)
            .with_object_store_registry(Arc::new(NoStores(Arc::new(InMemory::new()))))
            .with_metadata_cache_limit(0)
            .build_arc()?;
        Ok(Self {
            runtime,
            memory: SharedMemory::new(config.memory_bytes),
            query_memory_bytes: config.query_memory_bytes.min(config.memory_bytes),
            threads: config.threads.max(1),
        })
    }

    /// Memory that running queries hold, in bytes.
    pub(crate) fn memory_used(&self) -> u64 {
        self.memory.used()
    }

    /// A session over `catalogs` with its own memory limit, whose plans end when `stop` says so;
    /// what its scans open is noted in `opened`.
    pub(crate) fn session(
        &self,
        catalogs: Catalogs,
        opened: Arc<OpenedFiles>,
        stop: Arc<Stop>,
    ) -> Result<SessionContext> {
        let pool = QueryPool::new(self.query_memory_bytes, Arc::clone(&self.memory));
        let runtime = RuntimeEnvBuilder::from_runtime_env(&self.runtime)
            .with_memory_pool(Arc::new(pool))
            .build_arc()?;
        let catalogs: Arc<dyn CatalogProviderList> = Arc::new(catalogs);
        // The defaults are listed one by one: file formats, table factories and anything else that
        // reaches outside the process are not among them.
        let functions = SessionStateDefaults::default_scalar_functions().into_iter();
        let functions = functions.filter(|f| !LEFT_OUT.contains(&f.name()));
        let mut state = SessionStateBuilder::new()
            .with_config(self.config()?.with_extension(opened))
            .with_runtime_env(runtime)
            .with_catalog_list(catalogs)
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_optimizer_rules(projections::rules())
            .with_physical_optimizer_rule(Arc::new(runs::GroupSortedRuns))
            .with_physical_optimizer_rule(Arc::new(cooperative::Cooperate(stop)))
            .with_scalar_functions(functions.collect())
            .with_higher_order_functions(SessionStateDefaults::default_higher_order_functions())
            .with_aggregate_functions(SessionStateDefaults::default_aggregate_functions())
            .with_window_functions(SessionStateDefaults::default_window_functions())
            .with_table_function_list(SessionStateDefaults::default_table_functions())
            .build();
        bounded::replace(&mut state)?;
        datafusion_functions_json::register_all(&mut state)?;
        Ok(SessionContext::new_with_state(state))
    }

    fn config(&self) -> Result<SessionConfig> {
        let mut config = SessionConfig::new()
            .with_target_partitions(self.threads)
            .with_information_schema(true)
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(CATALOG, SCHEMA);
        let options = config.options_mut();
        options.sql_parser.dialect = Dialect::PostgreSQL;
        options.sql_parser.recursion_limit = ConfigNonZeroUsize::try_new(NESTING_MAX)?;
        // Scans choose both for themselves.
        options.execution.parquet.pushdown_filters = false;
        options.execution.parquet.bloom_filter_on_read = false;
        Ok(config)
    }
}
