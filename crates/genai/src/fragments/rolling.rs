//! Long text, cut where a rolling hash of the last bytes says so: bytes put in or taken out move
//! only the cuts near them. The hash is a gear hash; a byte leaves it after 64 more.

use std::ops::Range;

/// Shortest chunk that is not the last, in bytes.
pub const CHUNK_BYTES_MIN: usize = 4 << 10;

/// What a chunk has on average, in bytes, beyond the shortest.
pub const CHUNK_BYTES_AVERAGE: usize = 16 << 10;

/// Longest chunk, in bytes; up to three more where a character would be cut.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;

/// Bits that are all zero at a cut: high ones, which the whole window has a say in.
const MASK: u64 = ((CHUNK_BYTES_AVERAGE as u64) - 1) << (64 - CHUNK_BYTES_AVERAGE.ilog2());

/// A random number for each byte, the same for ever: other ones would move every cut.
const GEAR: [u64; 256] = {
    let mut table = [0; 256];
    let mut state: u64 = 0x7465_6c6c_7461_6c65;
    let mut byte = 0;
    while byte < table.len() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        #[expect(clippy::indexing_slicing, reason = "below the length of the table")]
        {
            table[byte] = mixed ^ (mixed >> 31);
        }
        byte += 1;
    }
    table
};

/// The chunks of a text, in order, without gaps.
pub(super) fn cuts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = text.get(start..)?;
        if rest.is_empty() {
            return None;
        }
        let range = start..start + first(rest);
        start = range.end;
        Some(range)
    })
}

/// Length of the first chunk.
fn first(text: &str) -> usize {
    let mut hash: u64 = 0;
    let mut length = text.len().min(CHUNK_BYTES_MAX);
    for (place, byte) in text.bytes().enumerate().take(length) {
        let gear = GEAR.get(usize::from(byte)).copied().unwrap_or_default();
        hash = (hash << 1).wrapping_add(gear);
        if place + 1 >= CHUNK_BYTES_MIN && hash & MASK == 0 {
            length = place + 1;
            break;
        }
    }
    while !text.is_char_boundary(length) {
        length += 1;
    }
    length
}
