//! One frame: its header and its checksum. The layout is in the crate's documentation.

use bytes::Bytes;

use crate::header::{u32_at, u64_at};

/// Bytes of a frame before its payload.
pub(crate) const FRAME_HEADER: usize = 24;

/// A replayed payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its sequence number, as [`crate::Wal::append`] gave it.
    pub seq: u64,
    /// Its bytes.
    pub payload: Bytes,
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) salt: u32,
    pub(crate) len: u32,
    pub(crate) crc: u32,
    pub(crate) index: u32,
    pub(crate) seq: u64,
}

impl FrameHeader {
    /// The header of a payload that is given in parts, whose summed length is `len`.
    pub(crate) fn new(salt: u32, len: u32, index: u32, seq: u64, parts: &[&[u8]]) -> Self {
        let mut header = Self { salt, len, crc: 0, index, seq };
        header.crc = header.sum(parts);
        header
    }

    /// The checksum that this header should carry for the payload in `parts`.
    pub(crate) fn sum(&self, parts: &[&[u8]]) -> u32 {
        let mut fields = [0; 20];
        let (numbers, _) = fields.as_chunks_mut::<4>();
        let [seq_low, seq_high] = halves(self.seq);
        let values = [self.salt, self.len, self.index, seq_low, seq_high];
        for (slot, value) in numbers.iter_mut().zip(values) {
            *slot = value.to_le_bytes();
        }
        parts.iter().fold(crc32c::crc32c(&fields), |sum, part| crc32c::crc32c_append(sum, part))
    }

    pub(crate) fn encode(&self) -> [u8; FRAME_HEADER] {
        let mut bytes = [0; FRAME_HEADER];
        let (numbers, _) = bytes.as_chunks_mut::<4>();
        let [seq_low, seq_high] = halves(self.seq);
        let values = [self.salt, self.len, self.crc, self.index, seq_low, seq_high];
        for (slot, value) in numbers.iter_mut().zip(values) {
            *slot = value.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; FRAME_HEADER]) -> Self {
        Self {
            salt: u32_at(bytes, 0),
            len: u32_at(bytes, 4),
            crc: u32_at(bytes, 8),
            index: u32_at(bytes, 12),
            seq: u64_at(bytes, 16),
        }
    }

    /// The sequence number of the first frame of this frame's group.
    pub(crate) fn group(&self) -> u64 {
        self.seq.saturating_sub(u64::from(self.index))
    }
}

/// Low and high half, in the order in which a little-endian `u64` stores them.
fn halves(value: u64) -> [u32; 2] {
    let mask = u64::from(u32::MAX);
    [value & mask, value >> 32].map(|half| u32::try_from(half).unwrap_or(0))
}

#[cfg(test)]
mod tests;
