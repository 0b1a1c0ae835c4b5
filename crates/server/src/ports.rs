//! What the server needs from the rest of the house, as traits and plain values that it owns.
//!
//! The composition root hands in implementations; the ones over ingest and query stand in this
//! crate, the others with the binary. Never knows: how anything behind a port is stored.

mod backup;
mod dialects;
mod export;
mod queries;
mod tail;
mod traces;
mod vitals;

use std::time::Duration;

use telltale_base::ErrorKind;

pub use backup::{Backup, BackupReport};
pub use dialects::{Dialects, Explanation, RuleDecision, SpanExplanation};
pub use export::{ExportStats, Exporter, Receipt, SignalExports};
pub use queries::{
    AttributeKey, AttributeQuery, AttributeValue, Attributes, ColumnInfo, Pieces, Queries,
    QueryStats, SqlRequest, TableInfo,
};
pub use tail::{Arrival, Arrivals, Tail, TailRecords};
pub use telltale_ingest::Encoding;
pub use telltale_query::encode::Format;
pub use traces::{
    SpanNode, SpanStatus, TracePage, TraceRequest, TraceSearch, TraceSummary, TraceView,
};
pub use vitals::{Vital, VitalTable, VitalTask, Vitals};

/// Why something behind a port was not done, in terms of what the client must do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// What the client must do.
    pub kind: ErrorKind,
    /// The reason, for people. It is sent to the client.
    pub message: String,
    /// When to try again, if trying again can help; zero when it can at once.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal that trying again does not change.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    /// A refusal for the moment.
    #[must_use]
    pub fn busy(message: impl Into<String>, retry_after: Duration) -> Self {
        Self { kind: ErrorKind::Busy, message: message.into(), retry_after: Some(retry_after) }
    }
}
