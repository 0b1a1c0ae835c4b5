//! The payloads of the log: a kind byte, then what the kind says. Kinds are only ever added.

use arrow::record_batch::RecordBatch;
use std::fmt;
use telltale_base::Project;
use telltale_schema::Table;

use crate::Correction;
use crate::corrections::{CorrectionFrame, codec};
use crate::wire::{Decoded, Reader, Writer};

/// The rest is what ingest gave to [`crate::Store::append`].
pub(crate) const KIND_RECORDS: u8 = 1;
/// The rest is a request to correct rows.
pub(crate) const KIND_CORRECTIONS: u8 = 2;
/// A length and that many bytes of what followed from the records, then as for [`KIND_RECORDS`].
pub(crate) const KIND_DERIVED: u8 = 3;

/// What follows from records, kept in their frame: at a replay it is read, not made again, because
/// what it was made from may be gone.
#[derive(Debug, Default)]
pub struct Derived {
    /// What the decoder needs to make `batches` again.
    pub payload: Vec<u8>,
    /// The records with what was derived of them, and rows of other tables.
    pub batches: Vec<(Table, RecordBatch)>,
    /// Changes to rows of earlier frames.
    pub corrections: Vec<(Table, Vec<Correction>)>,
}

/// Makes what follows from records that are about to be kept, and from those before them.
pub trait Derive: Send + fmt::Debug {
    /// Called in the order of the log, before the frame is written; `seq` is its number. Holds
    /// everything up: it must not wait.
    ///
    /// # Errors
    /// Says what went wrong; the records are then kept as they are.
    fn derive(&mut self, seq: u64, batches: &[(Table, RecordBatch)]) -> Result<Derived, String>;

    /// The log failed: nothing of the frame was kept.
    fn undo(&mut self);
}

/// The bytes of what was derived, without what comes from the decoder.
pub(crate) fn encode_derived(project: &Project, derived: &Derived) -> Vec<u8> {
    let mut out = Writer::default();
    out.len(derived.corrections.len());
    for (table, corrections) in &derived.corrections {
        out.bytes(&codec::encode(project, *table, corrections));
    }
    out.bytes(&derived.payload);
    let mut framed = Writer::default();
    framed.bytes(&out.0);
    framed.0
}

/// A frame of [`KIND_DERIVED`] without its kind.
#[derive(Debug)]
pub(crate) struct DerivedFrame<'a> {
    pub(crate) corrections: Vec<CorrectionFrame>,
    pub(crate) derived: &'a [u8],
    pub(crate) records: &'a [u8],
}

pub(crate) fn decode_derived(bytes: &[u8]) -> Decoded<DerivedFrame<'_>> {
    let mut input = Reader(bytes);
    let mut section = Reader(input.slice()?);
    let corrections = section.list(|input| codec::decode_frame(input.slice()?))?;
    Ok(DerivedFrame { corrections, derived: section.slice()?, records: input.0 })
}

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
    /// The batches of a payload; `derived` is what [`Derive`] made of it, empty if it made nothing.
    /// Called at start, from several threads, in any order.
    ///
    /// # Errors
    /// Says what is wrong; the payload is then set aside and the start goes on.
    fn decode(&self, payload: &[u8], derived: &[u8]) -> Result<DecodedFrame, String>;

    /// Called before frames leave the log: what the decoder remembers from them must be durable
    /// when it returns. Blocks.
    ///
    /// # Errors
    /// Says why not; the frames then stay.
    fn before_trim(&self) -> Result<(), String>;
}
