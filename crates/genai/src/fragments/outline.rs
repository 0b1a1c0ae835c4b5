//! How texts are made of fragments, written down: the list of pieces of one or several texts, cut
//! into groups that are kept like fragments.
//!
//! A history of n messages is n references in every request that sends it. A list that grew at
//! its end has the groups of the shorter one, but for the last, so a row names a few groups
//! instead of all pieces. Short values that attributes are flattened to (roles, ids) are in the
//! groups too.
//!
//! A group is bytes: `1` and an id of 16 bytes for a fragment, `2 + n` and n bytes for a piece that
//! is kept inline, `0` at the end of each text. No item crosses the border of a group.

use super::{FragmentId, INLINE_BYTES_MAX, Piece, id, pieces};

/// Fewest items of a group that is not the last.
pub const GROUP_ITEMS_MIN: usize = 4;

/// Most items of a group.
pub const GROUP_ITEMS_MAX: usize = 128;

/// One item in about this many ends a group: more cost references, fewer cost more of the last
/// group, which is another one with every message.
const ENDS_ONE_IN: u8 = 16;

const END_OF_TEXT: u8 = 0;
const FRAGMENT: u8 = 1;
const INLINE: u8 = 2;

// The length of an inline piece and what comes before it share a byte.
const _: () = assert!(INLINE_BYTES_MAX < 255 - INLINE as usize);

/// How some texts are made of fragments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline<'a> {
    /// The groups, in order. Kept once, each under its id.
    pub groups: Vec<(FragmentId, Vec<u8>)>,
    /// The fragments that they name, in order, with repeats.
    pub fragments: Vec<(FragmentId, &'a str)>,
}

/// Why texts cannot be made from groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damaged {
    /// The bytes are no group.
    #[error("a group of pieces ends within a piece or is not UTF-8")]
    Form,
    /// A fragment is not there.
    #[error("fragment {0:?} is missing")]
    Missing(FragmentId),
}

/// The outline of some texts: one value, or all values of a record in their order.
pub fn outline<'a>(key: &[u8; 32], texts: impl IntoIterator<Item = &'a str>) -> Outline<'a> {
    let mut outline = Outline::default();
    let mut group = Group::default();
    for text in texts {
        for piece in pieces(key, text) {
            match piece {
                Piece::Inline(short) => {
                    // Not longer than the limit, which fits beside the tag.
                    group.bytes.push(INLINE.saturating_add(u8::try_from(short.len()).unwrap_or(0)));
                    group.bytes.extend(short.as_bytes());
                }
                Piece::Fragment(id, long) => {
                    group.bytes.push(FRAGMENT);
                    group.bytes.extend(id.0);
                    outline.fragments.push((id, long));
                }
            }
            group.end_item(key, &mut outline);
        }
        group.bytes.push(END_OF_TEXT);
        group.end_item(key, &mut outline);
    }
    group.close(key, &mut outline);
    outline
}

#[derive(Default)]
struct Group {
    bytes: Vec<u8>,
    items: usize,
    /// Where the current item begins.
    item: usize,
}

impl Group {
    fn end_item(&mut self, key: &[u8; 32], outline: &mut Outline<'_>) {
        let bytes = self.bytes.get(self.item..).unwrap_or_default();
        // An end of text says nothing that could tell one place from another.
        let says_end =
            bytes.len() > 1 && id(key, bytes).0.last().is_some_and(|byte| byte % ENDS_ONE_IN == 0);
        self.item = self.bytes.len();
        self.items += 1;
        if (says_end && self.items >= GROUP_ITEMS_MIN) || self.items == GROUP_ITEMS_MAX {
            self.close(key, outline);
        }
    }

    fn close(&mut self, key: &[u8; 32], outline: &mut Outline<'_>) {
        let Self { bytes, .. } = std::mem::take(self);
        if !bytes.is_empty() {
            outline.groups.push((id(key, &bytes), bytes));
        }
    }
}

/// The texts that an outline was made of, from the bytes of its groups, in order.
///
/// # Errors
/// The bytes are no groups, or `find` does not know a fragment that they name.
pub fn restore<'g, 'f>(
    groups: impl IntoIterator<Item = &'g [u8]>,
    find: impl Fn(FragmentId) -> Option<&'f str>,
) -> Result<Vec<String>, Damaged> {
    let mut texts = Vec::new();
    let mut text = String::new();
    for mut group in groups {
        while let Some((tag, rest)) = group.split_first() {
            group = rest;
            match *tag {
                END_OF_TEXT => texts.push(std::mem::take(&mut text)),
                FRAGMENT => {
                    let (bytes, rest) = group.split_first_chunk().ok_or(Damaged::Form)?;
                    let id = FragmentId(*bytes);
                    text.push_str(find(id).ok_or(Damaged::Missing(id))?);
                    group = rest;
                }
                tag => {
                    let length = usize::from(tag - INLINE);
                    let (short, rest) = group.split_at_checked(length).ok_or(Damaged::Form)?;
                    text.push_str(std::str::from_utf8(short).map_err(|_| Damaged::Form)?);
                    group = rest;
                }
            }
        }
    }
    if text.is_empty() { Ok(texts) } else { Err(Damaged::Form) }
}

#[cfg(test)]
mod tests;
