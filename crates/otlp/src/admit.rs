//! The way in: a body becomes columns, and the bytes that are kept. Knows no storage and no server.

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use telltale_base::Signal;
use telltale_schema::Table;

use crate::ai::notes::Note;
use crate::context::Context;
use crate::envelope::walk;
use crate::error::DecodeError;
use crate::json;
use crate::locate::decode_error;
use crate::logs::Logs;
use crate::mask::{Masker, Tally};
use crate::metrics::Metrics;
use crate::proto;
use crate::record::{Reason, Report};
use crate::rewrite;
use crate::traces::Spans;
use crate::wire::WireError;

/// How a body is encoded, after decompression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

/// What became of a body.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// OTLP protobuf with the admitted records only, masked: what is safe to keep. The same bytes
    /// that came, not a copy, when they were protobuf and nothing was refused or masked.
    pub body: Bytes,
    /// The admitted records as batches of the memory schema, one a table, none empty. `record_id`
    /// counts from zero in each.
    pub batches: Vec<(Table, RecordBatch)>,
    /// What AI records report to the token ledger.
    pub notes: Vec<Note>,
    /// Records admitted.
    pub accepted: u64,
    /// Records refused.
    pub rejected: u64,
    /// Why they were refused; few and distinct.
    pub reasons: Vec<Reason>,
    /// Values that each rule masked; rules that masked nothing are left out.
    pub masked: Vec<(&'static str, u64)>,
}

/// Admits a body: masks it, refuses what is over a limit or broken, and builds the columns.
///
/// # Errors
/// When the body as a whole is malformed; a record that is refused alone is in
/// [`Admitted::reasons`].
pub fn admit(
    signal: Signal,
    encoding: Encoding,
    body: Bytes,
    masker: &Masker,
    context: &Context,
) -> Result<Admitted, DecodeError> {
    let root = proto::request(signal);
    let body = match encoding {
        Encoding::Protobuf => body,
        Encoding::Json => json::transcode(root, &body)?.into(),
    };
    let mut tally = Tally::default();
    let body = if masker.may_match(&body) {
        rewrite::mask(root, &body, masker, &mut tally)
            .map_err(|error| decode_error(root, &body, error))?
            .unwrap_or(body)
    } else {
        body
    };
    let (report, batches, notes) = read(signal, &body, context)?;
    let (accepted, rejected, reasons) = (report.accepted, report.rejected, report.reasons());
    let body = if report.dropped.is_empty() {
        body
    } else {
        rewrite::drop_messages(root, &body, report.dropped)
            .map_err(|error| decode_error(root, &body, error))?
    };
    Ok(Admitted { body, batches, notes, accepted, rejected, reasons, masked: tally.counts() })
}

/// Decodes a body that was admitted: the same batches again, given the same context.
///
/// # Errors
/// When the body is malformed, which an admitted body never is.
pub fn decode(
    signal: Signal,
    body: &[u8],
    context: &Context,
) -> Result<Vec<(Table, RecordBatch)>, DecodeError> {
    read(signal, body, context).map(|(_, batches, _)| batches)
}

/// What the AI records of a body that was admitted report: the same notes again.
///
/// # Errors
/// When the body is malformed, which an admitted body never is.
pub fn notes(signal: Signal, body: &[u8], context: &Context) -> Result<Vec<Note>, DecodeError> {
    read(signal, body, context).map(|(_, _, notes)| notes)
}

type Batches = Vec<(Table, RecordBatch)>;

fn read(
    signal: Signal,
    body: &[u8],
    context: &Context,
) -> Result<(Report, Batches, Vec<Note>), DecodeError> {
    let fail = |error: WireError| decode_error(proto::request(signal), body, error);
    let (report, batches, notes) = match signal {
        Signal::Traces => {
            let mut spans = Spans::new(context);
            let report = walk(body, context, &mut spans).map_err(fail)?;
            (report, vec![(Table::Spans, spans.builder.finish())], spans.notes)
        }
        Signal::Logs => {
            let mut logs = Logs::new(context);
            let report = walk(body, context, &mut logs).map_err(fail)?;
            (report, vec![(Table::Logs, logs.builder.finish())], logs.notes)
        }
        Signal::Metrics => {
            let mut metrics = Metrics::new(context);
            let report = walk(body, context, &mut metrics).map_err(fail)?;
            let batches = vec![
                (Table::Metrics, metrics.numbers.finish()),
                (Table::Histograms, metrics.distributions.finish()),
            ];
            (report, batches, metrics.notes)
        }
    };
    let mut built = Batches::new();
    for (table, batch) in batches {
        let batch = batch.map_err(DecodeError::Batch)?;
        if batch.num_rows() > 0 {
            built.push((table, batch));
        }
    }
    Ok((report, built, notes))
}
