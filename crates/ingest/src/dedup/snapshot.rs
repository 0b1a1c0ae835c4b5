//! The durable form of what was stored lately, written before the log that proves it is trimmed.
//!
//! ```text
//! "TTDEDUP" version u8 = 1 | exports u64 LE | spans u64 LE
//! entries, exports first: time i64 LE, key 16 bytes | crc32c u32 LE of all before
//! ```

use telltale_base::UnixNanos;

use super::key::Key;

const MAGIC: [u8; 8] = *b"TTDEDUP\x01";
const ENTRY_BYTES: usize = 24;

/// Entries with the time they were stored.
pub(super) type Entries = Vec<(UnixNanos, Key)>;

/// A snapshot that cannot be read; recent retries may be stored twice, nothing is lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("the file is not a dedup snapshot of this version")]
    Foreign,
    #[error("the checksum does not match")]
    Damaged,
}

pub(super) fn encode(sets: &[Entries; 2]) -> Vec<u8> {
    let count: usize = sets.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(28 + count * ENTRY_BYTES);
    out.extend_from_slice(&MAGIC);
    for set in sets {
        out.extend_from_slice(&u64::try_from(set.len()).unwrap_or(0).to_le_bytes());
    }
    for (at, key) in sets.iter().flatten() {
        out.extend_from_slice(&at.0.to_le_bytes());
        out.extend_from_slice(&key.to_bytes());
    }
    let crc = crc32c::crc32c(&out);
    out.extend_from_slice(&crc.to_le_bytes());
    out
}

pub(super) fn decode(bytes: &[u8]) -> Result<[Entries; 2], SnapshotError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(SnapshotError::Foreign)?;
    let (checked, crc) = bytes.split_last_chunk::<4>().ok_or(SnapshotError::Damaged)?;
    if crc32c::crc32c(checked) != u32::from_le_bytes(*crc) {
        return Err(SnapshotError::Damaged);
    }
    let (exports, rest) = rest.split_first_chunk::<8>().ok_or(SnapshotError::Damaged)?;
    let (_, rest) = rest.split_first_chunk::<8>().ok_or(SnapshotError::Damaged)?;
    let (entries, _crc) = rest.as_chunks::<ENTRY_BYTES>();
    let mut entries: Entries = entries.iter().filter_map(entry).collect();
    let exports = usize::try_from(u64::from_le_bytes(*exports)).unwrap_or(usize::MAX);
    let spans = entries.split_off(exports.min(entries.len()));
    Ok([entries, spans])
}

fn entry(bytes: &[u8; ENTRY_BYTES]) -> Option<(UnixNanos, Key)> {
    let (at, key) = bytes.split_first_chunk::<8>()?;
    Some((UnixNanos(i64::from_le_bytes(*at)), Key::from_bytes(key.try_into().ok()?)))
}
