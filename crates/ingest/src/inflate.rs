//! Undoes the content coding of a request body, never producing more than a limit.

use std::io::Read;

use bytes::Bytes;

/// A content coding of HTTP and gRPC bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As is.
    Identity,
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames.
    Zstd,
}

/// A body that could not be inflated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// The body is larger than allowed, before or after inflation.
    #[error("the body is larger than {limit} bytes after decompression")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is not of its coding.
    #[error("the body is not valid {coding}: {detail}")]
    Malformed {
        /// Name of the coding.
        coding: &'static str,
        /// What the decoder said.
        detail: String,
    },
}

/// Largest zstd window that is honoured, as a power of two: 64 MiB. A larger one would let a few
/// bytes allocate gigabytes.
const ZSTD_WINDOW_LOG_MAX: u32 = 26;

/// Capacity set aside before the first byte is inflated; grows with what really comes out.
const FIRST_CAPACITY_MAX: usize = 1 << 20;

/// Inflates `body`. Stops as soon as more than `limit` bytes come out.
///
/// # Errors
/// `TooLarge` over the limit, `Malformed` when the body is not of its coding or is cut short.
pub fn inflate(coding: Coding, body: Bytes, limit: usize) -> Result<Bytes, InflateError> {
    match coding {
        Coding::Identity if body.len() > limit => Err(InflateError::TooLarge { limit }),
        Coding::Identity => Ok(body),
        Coding::Gzip => {
            let decoder = flate2::bufread::MultiGzDecoder::new(&*body);
            read_all("gzip", decoder, body.len(), limit)
        }
        Coding::Zstd => {
            let malformed = |e: std::io::Error| InflateError::Malformed {
                coding: "zstd",
                detail: e.to_string(),
            };
            let mut decoder =
                zstd::stream::read::Decoder::with_buffer(&*body).map_err(malformed)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(malformed)?;
            read_all("zstd", decoder, body.len(), limit)
        }
    }
}

fn read_all(
    coding: &'static str,
    decoder: impl Read,
    compressed: usize,
    limit: usize,
) -> Result<Bytes, InflateError> {
    let mut out =
        Vec::with_capacity(compressed.saturating_mul(8).min(limit).min(FIRST_CAPACITY_MAX));
    let allowed = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .take(allowed)
        .read_to_end(&mut out)
        .map_err(|e| InflateError::Malformed { coding, detail: e.to_string() })?;
    if out.len() > limit { Err(InflateError::TooLarge { limit }) } else { Ok(Bytes::from(out)) }
}

#[cfg(test)]
mod tests;
