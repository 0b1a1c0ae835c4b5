//! Ingest as the server's exporter.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use telltale_base::{ErrorKind, Project, Signal};
use telltale_ingest::{Encoding, Ingest, IngestError};

use crate::ports::{ExportStats, Exporter, Receipt, Refusal, SignalExports};

#[async_trait]
impl Exporter for Arc<Ingest> {
    async fn export(
        &self,
        project: &Project,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Receipt, Refusal> {
        let receipt = Ingest::export(self, project, signal, encoding, body).await?;
        Ok(Receipt { rejected: receipt.rejected, message: receipt.message })
    }

    fn stats(&self) -> ExportStats {
        let stats = Ingest::stats(self);
        let signals = stats.signals.map(|signal| SignalExports {
            exports: signal.exports,
            bytes: signal.bytes,
            accepted: signal.accepted,
            rejected: signal.rejected,
            duplicate_exports: signal.duplicate_exports,
            duplicate_records: signal.duplicate_records,
        });
        let masked = stats.masked.into_iter().map(|(rule, count)| (rule.to_owned(), count));
        ExportStats { signals, masked: masked.collect() }
    }
}

impl From<IngestError> for Refusal {
    fn from(error: IngestError) -> Self {
        let (kind, retry_after) = (error.kind(), error.retry_after());
        if matches!(kind, ErrorKind::Internal | ErrorKind::Corrupt) {
            tracing::error!(%error, "an export failed");
        }
        Self { kind, message: error.to_string(), retry_after }
    }
}
