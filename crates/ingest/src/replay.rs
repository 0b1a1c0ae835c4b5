//! Turns the log's frames back into rows at start, and keeps what recognises retries across
//! restarts.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use telltale_otlp::Context;
use telltale_schema::Table;
use telltale_store::{DecodedFrame, FrameDecoder};
use telltale_wal::{Fs, write_atomic};

use crate::config::{IngestConfig, RetentionPort};
use crate::dedup::Dedup;
use crate::frame::Header;
use crate::span_hash::span_keys;

/// What the store needs of ingest: reading frames, and saving the memory of retries before the
/// log that proves it goes away. Made before the store, then handed to [`crate::Ingest`].
#[derive(Debug)]
pub struct Replay {
    pub(crate) dedup: Dedup,
    pub(crate) config: IngestConfig,
    pub(crate) retention: Arc<dyn RetentionPort>,
    fs: Arc<dyn Fs>,
    snapshot: PathBuf,
}

impl Replay {
    /// Reads the snapshot of recent retries at `snapshot`, if there is one. A damaged snapshot is
    /// reported and left out: recent retries may then be stored twice, nothing is lost.
    #[must_use]
    pub fn open(
        config: IngestConfig,
        retention: Arc<dyn RetentionPort>,
        fs: Arc<dyn Fs>,
        snapshot: PathBuf,
    ) -> Self {
        let dedup =
            Dedup::new(config.dedup_window, config.dedup_exports_max, config.dedup_spans_max);
        if let Ok(bytes) = fs.read(&snapshot)
            && let Err(error) = dedup.load(&bytes)
        {
            tracing::warn!(path = %snapshot.display(), %error, "cannot read the memory of recent exports; a retry of one may be stored twice");
        }
        Self { dedup, config, retention, fs, snapshot }
    }

    /// The memory of recent exports, in the form of the snapshot file. It has only exports that
    /// are durable in the store, so a backup that takes it before the tables never recognises an
    /// export that it does not have.
    #[must_use]
    pub fn memory(&self) -> Vec<u8> {
        self.dedup.snapshot()
    }
}

impl FrameDecoder for Replay {
    fn decode(&self, payload: &[u8], derived: &[u8]) -> Result<DecodedFrame, String> {
        let (header, body) = Header::decode(payload).map_err(|e| e.to_string())?;
        let context = Context {
            arrival: header.arrival,
            retention: self.retention.retention(&header.project, header.signal),
            limits: self.config.limits.clone(),
            rules: Arc::clone(&self.config.rules),
        };
        let batches = telltale_otlp::decode(header.signal, body, &context)
            .map_err(|e| format!("the admitted body cannot be decoded: {e}"))?;
        let keys: Vec<_> = batches
            .iter()
            .filter(|(table, _)| *table == Table::Spans)
            .flat_map(|(_, batch)| span_keys(header.project.as_str(), batch))
            .collect();
        self.dedup.restore(header.fingerprint, header.refused, &keys, header.arrival);
        let batches = leave_out(batches, &header.repeated).map_err(|e| e.to_string())?;
        let batches = telltale_ledger::restore(batches, derived)?;
        Ok(DecodedFrame { project: header.project, batches })
    }

    fn before_trim(&self) -> Result<(), String> {
        write_atomic(&*self.fs, &self.snapshot, &self.memory())
            .map_err(|e| format!("cannot write {}: {e}", self.snapshot.display()))
    }
}

/// Leaves out the spans at these places; the others keep their ordinals.
pub(crate) fn leave_out(
    batches: Vec<(Table, RecordBatch)>,
    repeated: &[u32],
) -> Result<Vec<(Table, RecordBatch)>, ArrowError> {
    if repeated.is_empty() {
        return Ok(batches);
    }
    let keep = |batch: &RecordBatch| {
        let mut keep = vec![true; batch.num_rows()];
        for place in repeated.iter().filter_map(|r| usize::try_from(*r).ok()) {
            if let Some(slot) = keep.get_mut(place) {
                *slot = false;
            }
        }
        filter_record_batch(batch, &BooleanArray::from(keep))
    };
    let each = batches.into_iter().map(|(table, batch)| match table {
        Table::Spans => Ok((table, keep(&batch)?)),
        Table::Logs | Table::Metrics | Table::Histograms | Table::Calls => Ok((table, batch)),
    });
    each.collect()
}
