//! Content cut into fragments, so that what an agent sends again at every step is kept once. The
//! text of an attribute is cut by byte range, and its pieces one after the other are the text
//! again, byte by byte; nothing is decoded or written anew.
//!
//! Pieces of JSON are the messages themselves, without the brackets and commas around them. So a
//! message is the same piece wherever it stands: last in one request, in the middle of the next,
//! first after older ones were left out, alone in an answer. What stands between messages is
//! short and is kept inline ([`INLINE_BYTES_MAX`]), which costs less than a reference to it.
//!
//! | file | what it does |
//! |---|---|
//! | `json` | where the messages of a JSON text stand, in one pass, without a tree |
//! | `rolling` | where long text is cut, by what it says and not by place |
//! | `outline` | the list of pieces of texts, kept once as well where it repeats |

mod json;
mod outline;
mod rolling;

use std::ops::Range;

pub use outline::{Damaged, GROUP_ITEMS_MAX, GROUP_ITEMS_MIN, Outline, outline, restore};
pub use rolling::{CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX, CHUNK_BYTES_MIN};

/// Pieces below this many bytes are kept where they stand: an id has 16 bytes, its row in the
/// table of fragments costs about twice that, and such pieces are mostly punctuation.
pub const INLINE_BYTES_MAX: usize = 48;

/// Text up to this many bytes is one piece; longer text is cut by what it says.
pub const WHOLE_BYTES_MAX: usize = 64 << 10;

/// The name of a fragment: the first half of a keyed BLAKE3 hash of its bytes. Without the key
/// nobody can tell from an id whether a text that they guess was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FragmentId(pub [u8; 16]);

/// The id of these bytes under this key.
pub fn id(key: &[u8; 32], bytes: &[u8]) -> FragmentId {
    let hash = blake3::keyed_hash(key, bytes);
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    FragmentId(id)
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Piece<'a> {
    /// Short: kept where it stands.
    Inline(&'a str),
    /// Kept once, under its id.
    Fragment(FragmentId, &'a str),
}

impl<'a> Piece<'a> {
    /// The text of the piece.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Inline(text) | Self::Fragment(_, text) => text,
        }
    }
}

/// Where a text is cut. The ranges are not empty, stand one after the other, and cover the text;
/// an empty text has none. Each begins and ends between characters.
pub fn split(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut done = 0;
    for unit in json::units(text) {
        push(text, done..unit.start, &mut ranges);
        push(text, unit.clone(), &mut ranges);
        done = unit.end;
    }
    push(text, done..text.len(), &mut ranges);
    ranges
}

/// The pieces of a text with their ids.
pub fn pieces<'a>(key: &[u8; 32], text: &'a str) -> Vec<Piece<'a>> {
    let ranges = split(text).into_iter();
    let texts = ranges.filter_map(|range| text.get(range));
    texts
        .map(|piece| match piece.len() {
            0..INLINE_BYTES_MAX => Piece::Inline(piece),
            _ => Piece::Fragment(id(key, piece.as_bytes()), piece),
        })
        .collect()
}

/// Adds a range, cut further if it is long.
fn push(text: &str, range: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    if range.is_empty() {
        return;
    }
    if range.len() <= WHOLE_BYTES_MAX {
        ranges.push(range);
        return;
    }
    let long = text.get(range.clone()).unwrap_or_default();
    ranges.extend(rolling::cuts(long).map(|cut| range.start + cut.start..range.start + cut.end));
}

#[cfg(test)]
mod tests;
