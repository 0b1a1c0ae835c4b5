//! What ingest can be told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use telltale_base::{Project, Signal};
use telltale_genai::Rules;
use telltale_otlp::{Limits, Masker};

/// Asks how long records of a project and signal are kept; `None` means for ever.
pub trait RetentionPort: Send + Sync + fmt::Debug {
    /// The age at which a record is dropped.
    fn retention(&self, project: &Project, signal: Signal) -> Option<Duration>;
}

/// Settings of ingest.
#[derive(Clone, Debug)]
pub struct IngestConfig {
    /// Limits on one record.
    pub limits: Limits,
    /// The secrets that are masked before anything is written.
    pub masker: Arc<Masker>,
    /// The dialects of AI telemetry, from which columns are derived.
    pub rules: Arc<Rules>,
    /// How long an export is remembered so that a retry of it is stored once.
    pub dedup_window: Duration,
    /// Most exports remembered; beyond it the oldest are forgotten early.
    pub dedup_exports_max: usize,
    /// Most spans remembered, so that a span repeated in another export is stored once.
    pub dedup_spans_max: usize,
    /// Whether identical exports of logs and metrics are recognised as retries too.
    pub dedup_logs_and_metrics: bool,
    /// Most exports being admitted at a time; more wait, then are told to come back.
    pub concurrent_exports_max: usize,
    /// How long an export waits for its turn before it is told to come back.
    pub admission_wait: Duration,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            masker: Arc::new(Masker::builtin()),
            rules: Rules::shared(),
            dedup_window: Duration::from_mins(10),
            dedup_exports_max: 1_000_000,
            dedup_spans_max: 1_000_000,
            dedup_logs_and_metrics: true,
            concurrent_exports_max: 256,
            admission_wait: Duration::from_secs(5),
        }
    }
}
