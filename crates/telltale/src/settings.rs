//! The configuration, in the words of each part.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use telltale_base::{ByteSize, Project, Signal};
use telltale_genai::Rules;
use telltale_ingest::{IngestConfig, RetentionPort};
use telltale_otlp::Masker;
use telltale_query::QueryConfig;
use telltale_schema::Table;
use telltale_server::{ServerConfig, TlsFiles};
use telltale_store::{RetentionRule, StoreConfig};

use crate::config::{Auto, Config, Keep, Listen, ProjectSection};

/// Memory of a machine that does not say how much it has.
const MEMORY_UNKNOWN: u64 = 4 << 30;

/// A quarter of the machine's memory.
fn quarter_of_memory() -> ByteSize {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
    });
    ByteSize(kib.map_or(MEMORY_UNKNOWN, |kib| kib * 1024) / 4)
}

pub(crate) fn server(config: &Config) -> ServerConfig {
    let listen = |listen: Listen| match listen {
        Listen::Off => telltale_server::Listen::Off,
        Listen::Default(address) => telltale_server::Listen::Default(address),
        Listen::Asked(address) => telltale_server::Listen::Asked(address),
    };
    let section = &config.server;
    let mut server = ServerConfig {
        http: listen(config.http),
        otlp_http: listen(config.otlp_http),
        otlp_grpc: listen(config.otlp_grpc),
        tls: section
            .tls_cert
            .clone()
            .zip(section.tls_key.clone())
            .map(|(cert, key)| TlsFiles { cert, key }),
        allowed_hosts: section.allowed_hosts.clone(),
        otlp_origins: section.otlp_origins.clone(),
        api_origins: section.api_origins.clone(),
        first_key: first_key(config, "admin"),
        ..ServerConfig::default()
    };
    server.limits.export_bytes_max = section.body_max.as_usize();
    server.limits.connections_max = section.connections_max;
    server
}

/// The command that makes a key that this server knows.
pub(crate) fn first_key(config: &Config, scope: &str) -> String {
    let dir = config.data_dir.display();
    format!("telltale keys create --data-dir {dir} --project default --scope {scope}")
}

pub(crate) fn store(config: &Config) -> StoreConfig {
    let section = &config.storage;
    let mut store = StoreConfig::new(&config.data_dir);
    store.wal.sync = section.fsync;
    store.flush_bytes = section.flush_bytes.as_usize();
    store.flush_age = section.flush_interval.0;
    store.wal_bytes_max = section.wal_max.0;
    store.memory_bytes = section.memory_budget.unwrap_or_else(quarter_of_memory).as_usize();
    store.disk_reserve_bytes = section.disk_reserve.0;
    store.fold_interval = section.fold_interval.0;
    store.vacuum_grace = section.vacuum_grace.0;
    store.retention = retention_rules(config);
    // Prompts compress to about half of what they take in memory, so a full flush of them makes a
    // file above this. Merging such files again would write everything twice for little.
    store.compaction.target_bytes = (section.flush_bytes.0 * 3 / 8).max(1);
    store
}

/// The first rule that fits decides, so single projects come first.
fn retention_rules(config: &Config) -> Vec<RetentionRule> {
    let of_projects = config
        .projects
        .iter()
        .filter_map(|(name, section)| Some((Some(Project::new(name).ok()?), Some(section))));
    let mut rules = Vec::new();
    for (project, section) in of_projects.chain([(None, None)]) {
        let table_bytes =
            section.and_then(|s| s.table_bytes_max).or(match config.retention.table_bytes_max {
                Auto::Auto => None,
                Auto::Value(size) => Some(size),
            });
        for table in Table::ALL {
            rules.push(RetentionRule {
                project: project.clone(),
                table: Some(table),
                age_max: keep(config, section, signal_of(table)).0,
                bytes_max: table_bytes.map(|size| size.0),
            });
        }
    }
    rules
}

fn signal_of(table: Table) -> Signal {
    match table {
        Table::Spans | Table::Calls => Signal::Traces,
        Table::Logs => Signal::Logs,
        Table::Metrics | Table::Histograms => Signal::Metrics,
    }
}

fn keep(config: &Config, section: Option<&ProjectSection>, signal: Signal) -> Keep {
    let (own, common) = match signal {
        Signal::Traces => (section.and_then(|s| s.spans), config.retention.spans),
        Signal::Logs => (section.and_then(|s| s.logs), config.retention.logs),
        Signal::Metrics => (section.and_then(|s| s.metrics), config.retention.metrics),
    };
    own.unwrap_or(common)
}

/// Answers ingest from the configuration.
#[derive(Debug)]
pub(crate) struct Retention(pub(crate) Arc<Config>);

impl RetentionPort for Retention {
    fn retention(&self, project: &Project, signal: Signal) -> Option<Duration> {
        keep(&self.0, self.0.projects.get(project.as_str()), signal).0
    }
}

pub(crate) fn ingest(config: &Config, rules: Arc<Rules>) -> IngestConfig {
    let section = &config.ingest;
    let mut ingest = IngestConfig {
        masker: Arc::new(if section.masking { Masker::builtin() } else { Masker::off() }),
        rules,
        dedup_window: section.dedup_window.0,
        dedup_exports_max: section.dedup_exports_max,
        dedup_spans_max: section.dedup_spans_max,
        dedup_logs_and_metrics: section.dedup_logs_and_metrics,
        concurrent_exports_max: section.concurrent_exports_max,
        ..IngestConfig::default()
    };
    ingest.limits.attributes_max = section.attributes_max;
    ingest.limits.key_bytes_max = section.key_bytes_max.as_usize();
    ingest.limits.value_bytes_max = section.value_bytes_max.as_usize();
    ingest
}

pub(crate) fn query(config: &Config, spill_dir: &Path) -> QueryConfig {
    let section = &config.query;
    let defaults = QueryConfig::default();
    let memory = section.memory.unwrap_or_else(quarter_of_memory).0;
    QueryConfig {
        memory_bytes: memory,
        query_memory_bytes: defaults.query_memory_bytes.min(memory),
        timeout: section.timeout.0,
        rows_max: section.rows_max,
        result_bytes_max: section.result_max.0,
        threads: section.threads.unwrap_or_else(|| defaults.threads),
        spill_dir: spill_dir.to_owned(),
        spill_bytes_max: section.spill_max.0,
        ..defaults
    }
}
