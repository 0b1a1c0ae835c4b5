//! Attribute texts as flush sees them: a walk over their pairs, and the hashes of pairs that the
//! attribute index of a file holds and a search asks for.
//!
//! Hashes are computed from the attribute text itself, so that flush and compaction, which know
//! nothing but files, agree with ingest. Only scalar top-level values of moderate length are
//! indexed; a search for another value scans.

use xxhash_rust::xxh3::{Xxh3Default, xxh3_64};

/// Longest JSON form of a value that is indexed. Prompts are searched as content, not by equality.
const INDEXED_VALUE_BYTES_MAX: usize = 256;
/// Most keys and values together are shorter than this.
const SHORT_PAIR_BYTES: usize = 256;

/// Whose attributes a hash stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeScope {
    /// The record's own attributes.
    Record,
    /// The attributes of its resource.
    Resource,
}

/// Hash of one pair, or `None` when such a value is never indexed. `value` is the JSON form
/// without quotes: `a string` is `a string`, 5 is `5`.
#[must_use]
pub fn attribute_hash(scope: AttributeScope, key: &str, value: &str) -> Option<u64> {
    let escaped = value.contains('\\') || key.contains('\\');
    if escaped { None } else { hash(scope, key, value) }
}

/// The same of a pair as it is written in an attribute text.
#[must_use]
pub fn raw_attribute_hash(
    scope: AttributeScope,
    key: RawText<'_>,
    value: RawValue<'_>,
) -> Option<u64> {
    match value {
        RawValue::Text(value) if !value.escaped && !key.escaped => {
            hash(scope, key.text, value.text)
        }
        RawValue::Word(word) if !key.escaped => hash(scope, key.text, word),
        RawValue::Text(_) | RawValue::Word(_) | RawValue::Array | RawValue::Map => None,
    }
}

fn hash(scope: AttributeScope, key: &str, value: &str) -> Option<u64> {
    if value.len() > INDEXED_VALUE_BYTES_MAX {
        return None;
    }
    let scope: &[u8] = match scope {
        AttributeScope::Record => b"a",
        AttributeScope::Resource => b"r",
    };
    let parts = [scope, key.as_bytes(), b"\0", value.as_bytes()];
    Some(hash_short(parts).unwrap_or_else(|| hash_long(parts)))
}

/// The hash of all parts one after the other. Preparing to hash in pieces costs several times what
/// copying a usual pair to one place does.
fn hash_short(parts: [&[u8]; 4]) -> Option<u64> {
    let mut pair = [0; SHORT_PAIR_BYTES];
    let mut end = 0;
    for part in parts {
        let start = end;
        end += part.len();
        pair.get_mut(start..end)?.copy_from_slice(part);
    }
    pair.get(..end).map(xxh3_64)
}

fn hash_long(parts: [&[u8]; 4]) -> u64 {
    let mut hasher = Xxh3Default::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.digest()
}

/// A string as it is written in an attribute text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawText<'a> {
    /// What stands between the quotes, escapes included.
    pub text: &'a str,
    /// Whether there are escapes in it.
    pub escaped: bool,
}

/// A value at the top level of an attribute text, as it is written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawValue<'a> {
    /// A string.
    Text(RawText<'a>),
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
    /// A list.
    Array,
    /// An object.
    Map,
}

/// Calls `sink` with every key and value of an attribute text written by `JsonWriter`. The walk ends
/// where other text stops making sense.
pub fn for_each_attribute<'a>(text: &'a str, mut sink: impl FnMut(RawText<'a>, RawValue<'a>)) {
    let mut scanner = Scanner { text, at: 1 };
    while let Some(key) = scanner.key() {
        let Some(value) = scanner.value() else { return };
        sink(key, value);
    }
}

/// Walks the top level of a text that `JsonWriter` wrote: no white space, no surprises.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next key; `None` at the end.
    fn key(&mut self) -> Option<RawText<'a>> {
        if self.byte() == Some(b',') {
            self.at += 1;
        }
        let key = self.string()?;
        self.at += 1;
        Some(key)
    }

    /// The next value; `None` when the text ends early.
    fn value(&mut self) -> Option<RawValue<'a>> {
        match self.byte()? {
            b'"' => self.string().map(RawValue::Text),
            b'{' => self.skip_nested().map(|()| RawValue::Map),
            b'[' => self.skip_nested().map(|()| RawValue::Array),
            _ => {
                let start = self.at;
                while !matches!(self.byte()?, b',' | b'}') {
                    self.at += 1;
                }
                self.text.get(start..self.at).map(RawValue::Word)
            }
        }
    }

    fn string(&mut self) -> Option<RawText<'a>> {
        if self.byte()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.as_bytes().get(self.at..)?)?;
            if self.byte()? == b'"' {
                break;
            }
            escaped = true;
            self.at += 2;
        }
        self.at += 1;
        self.text.get(start..self.at - 1).map(|text| RawText { text, escaped })
    }

    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
