//! Why a request could not be answered, phrased for the person who asked.

use std::time::Duration;

use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use parquet::errors::ParquetError;
use telltale_base::{ByteSize, ErrorKind};
use telltale_schema::Table;
use thiserror::Error;
use tokio::task::JoinError;

use crate::catalog::{CATALOG, SCHEMA};
use crate::config::QueryConfig;
use crate::panics;
use crate::stop::Stopped;

/// Marks the message of the shared memory pool, so that it is told apart from a query's own limit.
pub(crate) const SHARED_MEMORY_USED_UP: &str = "the memory for queries is used up";

/// What `DataFusion` says when the temporary files are over their limit.
const SPILL_FULL: &str = "disk space during the spilling process";

/// An error of this crate.
#[derive(Debug, Error)]
pub enum QueryError {
    /// A statement that is not a query.
    #[error(
        "{statement} is not allowed: queries are read-only (SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE)"
    )]
    ReadOnly {
        /// The statement's first words, or what in it writes.
        statement: String,
    },
    /// More or fewer than one statement.
    #[error("a request holds exactly one statement, this one holds {found}")]
    StatementCount {
        /// Statements in the text.
        found: usize,
    },
    /// The query is wrong: syntax, names, types or a value that does not compute.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
    },
    /// A parameter that is not a scalar, or too many of them.
    #[error("{message}")]
    Parameter {
        /// What is wrong.
        message: String,
    },
    /// A cursor that this crate did not make.
    #[error("the cursor is not one that this server returned")]
    Cursor,
    /// A value of a request field that is out of range.
    #[error("{field} {message}")]
    Field {
        /// The field's name in the request.
        field: &'static str,
        /// What it must be.
        message: String,
    },
    /// The query text is too long.
    #[error("the query text has {bytes} bytes, the limit is {limit}")]
    TextTooLong {
        /// Bytes it has.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The query has too many operators and keywords.
    #[error(
        "the query has {found} operators and keywords, the limit is {limit} (names and values do not count)"
    )]
    TooComplex {
        /// Operators and keywords it has.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The query needs more memory than one query may have.
    #[error("query exceeded its memory limit of {}; select fewer columns, filter more or aggregate", ByteSize(*limit))]
    Memory {
        /// The limit in bytes.
        limit: u64,
    },
    /// The query needs more temporary disk than there is for queries.
    #[error("query exceeded the limit of {} for temporary files; filter more or aggregate", ByteSize(*limit))]
    Spill {
        /// The limit in bytes.
        limit: u64,
    },
    /// The query ran past its deadline.
    #[error("query ran longer than its limit of {limit:?} and was stopped")]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// Other queries use all there is.
    #[error("{message}")]
    Busy {
        /// What is used up.
        message: String,
    },
    /// The trace has no spans.
    #[error("there is no trace {trace_id} in this project")]
    TraceNotFound {
        /// The id asked for.
        trace_id: String,
    },
    /// The trace has no such span.
    #[error("there is no span {span_id} of trace {trace_id} in this project")]
    SpanNotFound {
        /// The trace's id.
        trace_id: String,
        /// The id asked for.
        span_id: String,
    },
    /// The trace has more spans than can be put in order.
    #[error("the trace has more than {limit} spans")]
    TraceTooLarge {
        /// The limit.
        limit: usize,
    },
    /// A file that cannot be read.
    #[error("a data file is damaged: {message}")]
    Corrupt {
        /// Which and how.
        message: String,
    },
    /// A file was found damaged and is left out from now on.
    #[error(
        "the data file {file} is damaged ({reason}) and was set aside; ask again for what is left"
    )]
    SetAside {
        /// Its name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Some array that the query makes on its way has no room for all it is to hold.
    #[error(
        "an intermediate result of the query is too large ({message}); select fewer columns, filter more or aggregate less"
    )]
    Overflow {
        /// What the engine said.
        message: String,
    },
    /// The query met a bug of the engine.
    #[error("the query engine failed: {message}")]
    Panicked {
        /// What the engine said.
        message: String,
    },
    /// The query's task ended without an answer.
    #[error("the query was cancelled")]
    Cancelled,
    /// Our fault.
    #[error("internal error: {message}")]
    Internal {
        /// What happened.
        message: String,
    },
}

impl QueryError {
    /// What the caller must do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::ReadOnly { .. } => ErrorKind::Denied,
            Self::StatementCount { .. }
            | Self::Invalid { .. }
            | Self::Parameter { .. }
            | Self::Field { .. }
            | Self::Cursor => ErrorKind::Invalid,
            Self::TextTooLong { .. }
            | Self::TooComplex { .. }
            | Self::Memory { .. }
            | Self::Overflow { .. }
            | Self::TraceTooLarge { .. }
            | Self::Spill { .. } => ErrorKind::TooLarge,
            Self::Timeout { .. } | Self::Cancelled => ErrorKind::Cancelled,
            Self::Busy { .. } => ErrorKind::Busy,
            Self::TraceNotFound { .. } | Self::SpanNotFound { .. } => ErrorKind::NotFound,
            Self::Corrupt { .. } | Self::SetAside { .. } => ErrorKind::Corrupt,
            Self::Panicked { .. } | Self::Internal { .. } => ErrorKind::Internal,
        }
    }

    /// The error of work that ended in a panic.
    #[must_use]
    pub fn of_panic(panic: &(dyn std::any::Any + Send)) -> Self {
        panics::caught(panic)
    }

    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        Self::Internal { message: error.to_string() }
    }
}

impl From<ArrowError> for QueryError {
    fn from(error: ArrowError) -> Self {
        Self::internal(error)
    }
}

/// The limits that an error of `DataFusion` is to be reported with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReportedLimits {
    pub(crate) memory_bytes: u64,
    pub(crate) spill_bytes: u64,
}

/// An error of `DataFusion` as one of ours.
pub(crate) fn from_datafusion(error: &DataFusionError, limits: ReportedLimits) -> QueryError {
    let root = error.find_root();
    match root {
        DataFusionError::ResourcesExhausted(text) if text.contains(SHARED_MEMORY_USED_UP) => {
            QueryError::Busy { message: format!("{SHARED_MEMORY_USED_UP}; try again in a moment") }
        }
        DataFusionError::ResourcesExhausted(text) if text.contains(SPILL_FULL) => {
            QueryError::Spill { limit: limits.spill_bytes }
        }
        DataFusionError::ArrowError(error, _) if error.to_string().contains(SPILL_FULL) => {
            QueryError::Spill { limit: limits.spill_bytes }
        }
        DataFusionError::IoError(error) if error.to_string().contains(SPILL_FULL) => {
            QueryError::Spill { limit: limits.spill_bytes }
        }
        DataFusionError::ResourcesExhausted(_) => QueryError::Memory { limit: limits.memory_bytes },
        DataFusionError::ParquetError(error) => from_parquet(error),
        DataFusionError::ArrowError(error, _) => from_arrow(error),
        DataFusionError::External(error) => from_external(error.as_ref(), root),
        DataFusionError::SQL(..)
        | DataFusionError::Plan(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::Execution(_) => QueryError::Invalid { message: plain(root) },
        _ => QueryError::Internal { message: plain(root) },
    }
}

/// A file that cannot be read for the moment is not damaged; one that is too short is.
fn from_parquet(error: &ParquetError) -> QueryError {
    if let ParquetError::External(cause) = error
        && let Some(cause) = cause.downcast_ref::<std::io::Error>()
        && cause.kind() != std::io::ErrorKind::UnexpectedEof
    {
        return QueryError::internal(format!("a data file cannot be read: {cause}"));
    }
    QueryError::Corrupt { message: error.to_string() }
}

/// Whether a plan was stopped at its deadline.
#[must_use]
pub fn is_timeout(error: &DataFusionError) -> bool {
    matches!(error.find_root(), DataFusionError::External(error) if error.is::<Stopped>())
}

/// An error of the engine in words for the person who asked, where no limits are known.
#[must_use]
pub fn message(error: &DataFusionError) -> String {
    let config = QueryConfig::default();
    let (memory_bytes, spill_bytes) = (config.query_memory_bytes, config.spill_bytes_max);
    match from_datafusion(error, ReportedLimits { memory_bytes, spill_bytes }) {
        QueryError::Memory { .. } => "the query needs more memory than one may have".to_owned(),
        error => error.to_string(),
    }
}

fn from_external(
    error: &(dyn std::error::Error + Send + Sync + 'static),
    root: &DataFusionError,
) -> QueryError {
    if let Some(stopped) = error.downcast_ref::<Stopped>() {
        return QueryError::Timeout { limit: stopped.limit };
    }
    match error.downcast_ref::<JoinError>() {
        Some(ended) if ended.is_panic() => panics::said(&ended.to_string()),
        _ => QueryError::Internal { message: plain(root) },
    }
}

fn from_arrow(error: &ArrowError) -> QueryError {
    match error {
        ArrowError::ParquetError(message) => QueryError::Corrupt { message: message.clone() },
        ArrowError::MemoryError(_) | ArrowError::IoError(..) | ArrowError::ExternalError(_) => {
            QueryError::internal(error)
        }
        _ => QueryError::Invalid { message: error.to_string() },
    }
}

/// The message without the engine's own prefixes, which say nothing to the reader.
fn plain(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let text = ["Error during planning: ", "Execution error: ", "SQL error: ", "Schema error: "]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(&text);
    let missing = text.strip_prefix("table '").and_then(|text| text.strip_suffix("' not found"));
    match missing {
        Some(name) => {
            let ours = format!("{CATALOG}.{SCHEMA}.");
            let name = name.strip_prefix(&ours).unwrap_or(name);
            let known = Table::ALL.map(Table::name).join(", ");
            format!("there is no table {name:?}; the tables are {known}")
        }
        None => text.to_owned(),
    }
}
