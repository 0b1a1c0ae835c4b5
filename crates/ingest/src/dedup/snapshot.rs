//! The durable form of what was stored lately, written before the log that proves it is trimmed.
//!
//! ```text
//! "TTDEDUP" version u8 = 2 | exports u64 LE | spans u64 LE | refusals u64 LE
//! entries, exports first: time i64 LE, key 16 bytes
//! refusals: records u32 LE, key 16 bytes of an export | crc32c u32 LE of all before
//! ```
//!
//! Version 1 has no refusals and no number of them.

use telltale_base::UnixNanos;

use super::key::Key;

const MAGIC: [u8; 8] = *b"TTDEDUP\x02";
const MAGIC_1: [u8; 8] = *b"TTDEDUP\x01";
const ENTRY_BYTES: usize = 24;
const REFUSAL_BYTES: usize = 20;

/// Entries with the time they were stored.
pub(super) type Entries = Vec<(UnixNanos, Key)>;

/// Everything in a snapshot.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) exports: Entries,
    pub(super) spans: Entries,
    /// Exports of which records were refused, with their number.
    pub(super) refusals: Vec<(Key, u32)>,
}

/// A snapshot that cannot be read; recent retries may be stored twice, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("the file is not a dedup snapshot of this version")]
    Foreign,
    #[error("the checksum does not match")]
    Damaged,
}

pub(super) fn encode(content: &Content) -> Vec<u8> {
    let Content { exports, spans, refusals } = content;
    let entries = exports.len() + spans.len();
    let bytes = entries * ENTRY_BYTES + refusals.len() * REFUSAL_BYTES;
    let mut out = Vec::with_capacity(36 + bytes);
    out.extend_from_slice(&MAGIC);
    for count in [exports.len(), spans.len(), refusals.len()] {
        out.extend_from_slice(&u64::try_from(count).unwrap_or(0).to_le_bytes());
    }
    for (at, key) in exports.iter().chain(spans) {
        out.extend_from_slice(&at.0.to_le_bytes());
        out.extend_from_slice(&key.to_bytes());
    }
    for (key, records) in refusals {
        out.extend_from_slice(&records.to_le_bytes());
        out.extend_from_slice(&key.to_bytes());
    }
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

pub(super) fn decode(bytes: &[u8]) -> Result<Content, SnapshotError> {
    let counts = match bytes.first_chunk() {
        Some(&MAGIC) => 3,
        Some(&MAGIC_1) => 2,
        _ => return Err(SnapshotError::Foreign),
    };
    let (checked, crc) = bytes.split_last_chunk::<4>().ok_or(SnapshotError::Damaged)?;
    if crc32c::crc32c(checked) != u32::from_le_bytes(*crc) {
        return Err(SnapshotError::Damaged);
    }
    let mut rest = checked.get(MAGIC.len()..).ok_or(SnapshotError::Damaged)?;
    let mut sizes = [0; 3];
    for size in sizes.iter_mut().take(counts) {
        let (count, behind) = rest.split_first_chunk::<8>().ok_or(SnapshotError::Damaged)?;
        *size = usize::try_from(u64::from_le_bytes(*count)).unwrap_or(usize::MAX);
        rest = behind;
    }
    let [exports, spans, refusals] = sizes;
    let mut part = |count: usize, bytes: usize| {
        let split = rest.split_at_checked(count.saturating_mul(bytes));
        let (part, behind) = split.ok_or(SnapshotError::Damaged)?;
        rest = behind;
        Ok(part)
    };
    let entries = |bytes: &[u8]| bytes.as_chunks().0.iter().filter_map(entry).collect();
    let exports = entries(part(exports, ENTRY_BYTES)?);
    let spans = entries(part(spans, ENTRY_BYTES)?);
    let refusals = part(refusals, REFUSAL_BYTES)?.as_chunks().0.iter();
    Ok(Content { exports, spans, refusals: refusals.filter_map(refusal).collect() })
}

fn refusal(bytes: &[u8; REFUSAL_BYTES]) -> Option<(Key, u32)> {
    let (records, key) = bytes.split_first_chunk::<4>()?;
    Some((Key::from_bytes(key.try_into().ok()?), u32::from_le_bytes(*records)))
}

fn entry(bytes: &[u8; ENTRY_BYTES]) -> Option<(UnixNanos, Key)> {
    let (at, key) = bytes.split_first_chunk::<8>()?;
    Some((UnixNanos(i64::from_le_bytes(*at)), Key::from_bytes(key.try_into().ok()?)))
}
