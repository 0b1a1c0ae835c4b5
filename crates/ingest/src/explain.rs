//! What the rules of AI telemetry make of a span, and why: the same run as on the way in.

use arrow::record_batch::RecordBatch;
use telltale_genai::Normaliser;
use telltale_otlp::{DecodeError, EncodeError, Encoding, ExplainedSpan};
use telltale_schema::Table;

use crate::pipeline::Ingest;

/// A span that cannot be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The body is not what its content type says.
    #[error("{0}")]
    Decode(#[from] DecodeError),
    /// A stored row is not what it should be, which is our fault.
    #[error("a stored span cannot be read")]
    Stored(#[from] EncodeError),
}

impl Ingest {
    /// Explains the AI spans of an export of traces. Nothing is stored.
    ///
    /// # Errors
    /// When the body is malformed.
    pub fn explain(
        &self,
        encoding: Encoding,
        body: &[u8],
    ) -> Result<Vec<ExplainedSpan>, ExplainError> {
        Ok(telltale_otlp::explain(encoding, body, &self.config().rules)?)
    }

    /// Explains rows of `spans`.
    ///
    /// # Errors
    /// When a row is not what ingest once wrote.
    pub fn explain_rows(&self, rows: &RecordBatch) -> Result<Vec<ExplainedSpan>, ExplainError> {
        let body = telltale_otlp::encode(Table::Spans, std::slice::from_ref(rows))?;
        self.explain(Encoding::Protobuf, &body)
    }

    /// Whether an attribute has a name of AI telemetry that no rule is about.
    pub fn is_unmapped(&self, attribute: &str) -> bool {
        Normaliser::new(&self.config().rules).is_unmapped(attribute)
    }
}
