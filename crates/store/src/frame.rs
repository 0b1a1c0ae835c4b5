//! The payloads of the log: a kind byte, then what the kind says. Kinds are only ever added.

use arrow::record_batch::RecordBatch;
use std::fmt;
use telltale_base::Project;
use telltale_schema::Table;

/// The rest is what ingest gave to [`crate::Store::append`].
pub(crate) const KIND_RECORDS: u8 = 1;
/// The rest is a request to correct rows.
pub(crate) const KIND_CORRECTIONS: u8 = 2;

/// What a payload was made from.
#[derive(Debug)]
pub struct DecodedFrame {
    /// Whose records.
    pub project: Project,
    /// The same batches as were appended, `record_id` being ordinals again.
    pub batches: Vec<(Table, RecordBatch)>,
}

/// Turns the payloads of the log back into batches. Payloads are opaque to the store.
pub trait FrameDecoder: Send + Sync + fmt::Debug {
    /// The batches of a payload. Called at start, from several threads, in any order.
    ///
    /// # Errors
    /// Says what is wrong; the payload is then set aside and the start goes on.
    fn decode(&self, payload: &[u8]) -> Result<DecodedFrame, String>;

    /// Called before frames leave the log: what the decoder remembers from them must be durable
    /// when it returns. Blocks.
    ///
    /// # Errors
    /// Says why not; the frames then stay.
    fn before_trim(&self) -> Result<(), String>;
}
