//! OTLP in: what HTTP and gRPC share. The transports differ in how a body is framed, coded and
//! answered; between the two ends every export takes the way of [`accept`].

pub(crate) mod grpc;
pub(crate) mod http;

use bytes::Bytes;
use telltale_base::{Project, Signal};
use telltale_ingest::{Coding, InflateError, inflate};
use tokio::task::spawn_blocking;

use crate::body::Share;
use crate::fault::{Fault, Reason};
use crate::ports::{Encoding, Receipt};
use crate::proto;
use crate::state::Shared;

/// Compressed bodies above this are inflated on a blocking thread.
const INFLATE_INLINE_BYTES_MAX: usize = 16 << 10;

/// One export as it came.
pub(crate) struct Export {
    pub(crate) project: Project,
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) coding: Coding,
    pub(crate) body: Bytes,
    pub(crate) share: Share,
}

/// Inflates and hands over one export. An empty body is a request without records, which succeeds.
pub(crate) async fn accept(shared: &Shared, mut export: Export) -> Result<Receipt, Fault> {
    let limit = shared.config.limits.export_bytes_max;
    let compressed = export.coding != Coding::Identity;
    let body = if compressed && !export.body.is_empty() {
        inflate_bounded(shared, export.coding, export.body, limit).await?
    } else if export.body.len() > limit {
        return Err(too_large(limit));
    } else {
        export.body
    };
    if compressed {
        export.share.grow(body.len())?;
    }
    if body.is_empty() {
        return Ok(Receipt::default());
    }
    let receipt =
        shared.exporter.export(&export.project, export.signal, export.encoding, body).await?;
    Ok(receipt)
}

/// At most so many bodies are inflated at a time as there are processors, so that bombs cannot take
/// more memory than that many limits.
async fn inflate_bounded(
    shared: &Shared,
    coding: Coding,
    body: Bytes,
    limit: usize,
) -> Result<Bytes, Fault> {
    let _turn = shared
        .inflations
        .acquire()
        .await
        .map_err(|_| Fault::new(Reason::Busy, "the server is stopping"))?;
    let inflated = if body.len() <= INFLATE_INLINE_BYTES_MAX {
        inflate(coding, body, limit)
    } else {
        spawn_blocking(move || inflate(coding, body, limit))
            .await
            .map_err(|error| Fault::new(Reason::Internal, format!("inflating failed: {error}")))?
    };
    inflated.map_err(|error| match error {
        InflateError::TooLarge { limit } => too_large(limit),
        malformed @ InflateError::Malformed { .. } => Fault::invalid(malformed.to_string()),
    })
}

fn too_large(limit: usize) -> Fault {
    let detail = format!("the body is larger than {limit} bytes after decompression");
    Fault::new(Reason::TooLarge, detail)
}

/// `Export...ServiceResponse`: the same fields in all three signals.
pub(crate) fn response_protobuf(receipt: &Receipt) -> Vec<u8> {
    let mut out = Vec::new();
    if receipt.rejected > 0 || receipt.message.is_some() {
        let mut partial = Vec::new();
        proto::int(&mut partial, 1, receipt.rejected);
        proto::bytes(&mut partial, 2, receipt.message.as_deref().unwrap_or("").as_bytes());
        proto::message(&mut out, 1, &partial);
    }
    out
}

/// The same in the JSON of OTLP, where 64-bit integers are text.
pub(crate) fn response_json(signal: Signal, receipt: &Receipt) -> Vec<u8> {
    let mut partial = serde_json::Map::new();
    if receipt.rejected > 0 {
        let name = match signal {
            Signal::Traces => "rejectedSpans",
            Signal::Logs => "rejectedLogRecords",
            Signal::Metrics => "rejectedDataPoints",
        };
        partial.insert(name.to_owned(), receipt.rejected.to_string().into());
    }
    if let Some(message) = &receipt.message {
        partial.insert("errorMessage".to_owned(), message.as_str().into());
    }
    let body = if partial.is_empty() {
        serde_json::json!({})
    } else {
        serde_json::json!({ "partialSuccess": partial })
    };
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests;
