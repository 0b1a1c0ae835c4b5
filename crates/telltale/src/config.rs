//! The configuration: what can be said, and its defaults. Parsed once, validated, passed by value.
//!
//! Sources, later over earlier: defaults, the file of `--config`, `TELLTALE_*` variables, flags.
//! See [`sources`] for how they are merged; nothing else reads the environment.

mod listen;
mod sources;
mod telemetry;
mod units;
mod validate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use telltale_base::ByteSize;
use telltale_genai::prices::OverrideSpec;

pub(crate) use listen::Listen;
pub(crate) use sources::{ConfigError, Overrides, load};
pub(crate) use telemetry::{TelemetrySection, Traces};
use units::flexible;
pub(crate) use units::{Auto, Keep, Span};

/// Everything that can be configured. Field names are the keys of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Folder that holds all data.
    pub(crate) data_dir: PathBuf,
    /// API, web page and OTLP over HTTP.
    pub(crate) http: Listen,
    /// OTLP over HTTP on its usual port.
    pub(crate) otlp_http: Listen,
    /// OTLP over gRPC.
    pub(crate) otlp_grpc: Listen,
    /// The PostgreSQL wire.
    pub(crate) pg: Listen,
    pub(crate) server: ServerSection,
    pub(crate) ingest: IngestSection,
    pub(crate) genai: GenaiSection,
    pub(crate) storage: StorageSection,
    pub(crate) retention: RetentionSection,
    /// Settings of single projects, by name.
    pub(crate) projects: BTreeMap<String, ProjectSection>,
    pub(crate) query: QuerySection,
    pub(crate) telemetry: TelemetrySection,
    pub(crate) log: LogSection,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("./telltale-data"),
            http: Listen::default_port(7070),
            otlp_http: Listen::default_port(4318),
            otlp_grpc: Listen::default_port(4317),
            pg: Listen::Off,
            server: ServerSection::default(),
            ingest: IngestSection::default(),
            genai: GenaiSection::default(),
            storage: StorageSection::default(),
            retention: RetentionSection::default(),
            projects: BTreeMap::new(),
            query: QuerySection::default(),
            telemetry: TelemetrySection::default(),
            log: LogSection::default(),
        }
    }
}

/// `[server]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerSection {
    /// PEM file with the certificate chain; TLS is on when both files are named.
    pub(crate) tls_cert: Option<PathBuf>,
    /// PEM file with the private key.
    pub(crate) tls_key: Option<PathBuf>,
    /// Host names, beside loopback, under which an open server may be reached.
    #[serde(deserialize_with = "units::list")]
    pub(crate) allowed_hosts: Vec<String>,
    /// Origins of web pages that may send OTLP; `*` means any.
    #[serde(deserialize_with = "units::list")]
    pub(crate) otlp_origins: Vec<String>,
    /// Origins of web pages that may use the API.
    #[serde(deserialize_with = "units::list")]
    pub(crate) api_origins: Vec<String>,
    /// Largest request body, before and after decompression.
    #[serde(deserialize_with = "flexible")]
    pub(crate) body_max: ByteSize,
    /// Most connections a port serves at a time.
    #[serde(deserialize_with = "flexible")]
    pub(crate) connections_max: usize,
}

impl Default for ServerSection {
    fn default() -> Self {
        Self {
            tls_cert: None,
            tls_key: None,
            allowed_hosts: Vec::new(),
            otlp_origins: Vec::new(),
            api_origins: Vec::new(),
            body_max: ByteSize::mib(64),
            connections_max: 4_096,
        }
    }
}

/// `[ingest]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IngestSection {
    /// Whether secrets are masked before they are written.
    #[serde(deserialize_with = "flexible")]
    pub(crate) masking: bool,
    /// How long an export is remembered, so that a retry of it is stored once.
    #[serde(deserialize_with = "flexible")]
    pub(crate) dedup_window: Span,
    /// Most exports remembered.
    #[serde(deserialize_with = "flexible")]
    pub(crate) dedup_exports_max: usize,
    /// Most spans remembered.
    #[serde(deserialize_with = "flexible")]
    pub(crate) dedup_spans_max: usize,
    /// Whether identical exports of logs and metrics count as retries.
    #[serde(deserialize_with = "flexible")]
    pub(crate) dedup_logs_and_metrics: bool,
    /// Most exports admitted at a time.
    #[serde(deserialize_with = "flexible")]
    pub(crate) concurrent_exports_max: usize,
    /// Most attributes of one record.
    #[serde(deserialize_with = "flexible")]
    pub(crate) attributes_max: usize,
    /// Longest attribute key.
    #[serde(deserialize_with = "flexible")]
    pub(crate) key_bytes_max: ByteSize,
    /// Longest single value.
    #[serde(deserialize_with = "flexible")]
    pub(crate) value_bytes_max: ByteSize,
}

impl Default for IngestSection {
    fn default() -> Self {
        let ingest = telltale_ingest::IngestConfig::default();
        let size = |n: usize| ByteSize(u64::try_from(n).unwrap_or(u64::MAX));
        Self {
            masking: true,
            dedup_window: Span(ingest.dedup_window),
            dedup_exports_max: ingest.dedup_exports_max,
            dedup_spans_max: ingest.dedup_spans_max,
            dedup_logs_and_metrics: ingest.dedup_logs_and_metrics,
            concurrent_exports_max: ingest.concurrent_exports_max,
            attributes_max: ingest.limits.attributes_max,
            key_bytes_max: size(ingest.limits.key_bytes_max),
            value_bytes_max: size(ingest.limits.value_bytes_max),
        }
    }
}

/// `[genai]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct GenaiSection {
    /// Files with rules for dialects of AI telemetry; they go before the built-in ones.
    #[serde(deserialize_with = "units::list")]
    pub(crate) rules: Vec<String>,
    /// Prices of all projects that go before the table.
    pub(crate) prices: Vec<OverrideSpec>,
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StorageSection {
    /// Whether an acknowledgement waits for the disk. Off only for measuring.
    #[serde(deserialize_with = "flexible")]
    pub(crate) fsync: bool,
    /// Rows of a table in memory, in bytes, after which they are written to files.
    #[serde(deserialize_with = "flexible")]
    pub(crate) flush_bytes: ByteSize,
    /// Longest time rows stay in memory only (and in the log).
    #[serde(deserialize_with = "flexible")]
    pub(crate) flush_interval: Span,
    /// Most bytes of log that a start has to replay.
    #[serde(deserialize_with = "flexible")]
    pub(crate) wal_max: ByteSize,
    /// Memory for rows not yet in files; `auto` is a quarter of the machine's.
    #[serde(deserialize_with = "flexible")]
    pub(crate) memory_budget: Auto<ByteSize>,
    /// Free disk below which exports are told to come back.
    #[serde(deserialize_with = "flexible")]
    pub(crate) disk_reserve: ByteSize,
    /// Longest time until corrections are in the files that other engines read.
    #[serde(deserialize_with = "flexible")]
    pub(crate) fold_interval: Span,
    /// How long a replaced file stays on disk for queries that still read it.
    #[serde(deserialize_with = "flexible")]
    pub(crate) vacuum_grace: Span,
}

impl Default for StorageSection {
    fn default() -> Self {
        Self {
            fsync: true,
            flush_bytes: ByteSize::mib(64),
            flush_interval: Span::minutes(5),
            wal_max: ByteSize::mib(128),
            memory_budget: Auto::Auto,
            disk_reserve: ByteSize::mib(1024),
            fold_interval: Span::minutes(15),
            vacuum_grace: Span::minutes(10),
        }
    }
}

/// `[retention]`: how long records are kept, by age and by size on disk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSection {
    #[serde(deserialize_with = "flexible")]
    pub(crate) spans: Keep,
    #[serde(deserialize_with = "flexible")]
    pub(crate) logs: Keep,
    /// Also for `histograms`.
    #[serde(deserialize_with = "flexible")]
    pub(crate) metrics: Keep,
    /// Most bytes of files a project may have in one table; the oldest days go first.
    #[serde(deserialize_with = "flexible")]
    pub(crate) table_bytes_max: Auto<ByteSize>,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self {
            spans: Keep::days(30),
            logs: Keep::days(30),
            metrics: Keep::days(90),
            table_bytes_max: Auto::Auto,
        }
    }
}

/// `[projects.NAME]`: what is not said here is as for every project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProjectSection {
    #[serde(deserialize_with = "units::optional")]
    pub(crate) spans: Option<Keep>,
    #[serde(deserialize_with = "units::optional")]
    pub(crate) logs: Option<Keep>,
    #[serde(deserialize_with = "units::optional")]
    pub(crate) metrics: Option<Keep>,
    #[serde(deserialize_with = "units::optional")]
    pub(crate) table_bytes_max: Option<ByteSize>,
    /// Prices of this project: what was negotiated, and what its own hardware costs.
    pub(crate) prices: Vec<OverrideSpec>,
}

/// `[query]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QuerySection {
    /// Longest time a query may take.
    #[serde(deserialize_with = "flexible")]
    pub(crate) timeout: Span,
    /// Memory for all queries together; `auto` is a quarter of the machine's.
    #[serde(deserialize_with = "flexible")]
    pub(crate) memory: Auto<ByteSize>,
    /// Disk that queries may use for sorting and joining what does not fit in memory.
    #[serde(deserialize_with = "flexible")]
    pub(crate) spill_max: ByteSize,
    /// Most rows of a result; more are cut off, and the result says so.
    #[serde(deserialize_with = "flexible")]
    pub(crate) rows_max: usize,
    /// Most bytes of a result as it is sent; more rows are cut off, and the result says so.
    #[serde(deserialize_with = "flexible")]
    pub(crate) result_max: ByteSize,
    /// Threads of one query; `auto` is one a core.
    #[serde(deserialize_with = "flexible")]
    pub(crate) threads: Auto<usize>,
}

impl Default for QuerySection {
    fn default() -> Self {
        Self {
            timeout: Span(std::time::Duration::from_secs(30)),
            memory: Auto::Auto,
            spill_max: ByteSize::mib(10 * 1024),
            rows_max: 100_000,
            result_max: ByteSize::mib(256),
            threads: Auto::Auto,
        }
    }
}

/// `[log]`: Telltale's own log, on standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogSection {
    /// A `tracing` filter, such as `info` or `warn,telltale_store=debug`.
    pub(crate) level: String,
    pub(crate) format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

/// Form of the log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[cfg(test)]
mod tests;
