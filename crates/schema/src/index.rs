//! Hashes of `key=value` pairs: what the attribute index of a file holds and a search asks for.
//!
//! Hashes are computed from the attribute text itself, so that flush and compaction, which know
//! nothing but files, agree with ingest. Only scalar top-level values of moderate length are
//! indexed; a search for another value scans.

use xxhash_rust::xxh3::Xxh3Default;

/// Longest JSON form of a value that is indexed. Prompts are searched as content, not by equality.
const INDEXED_VALUE_BYTES_MAX: usize = 256;

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
    if value.len() > INDEXED_VALUE_BYTES_MAX || value.contains('\\') || key.contains('\\') {
        return None;
    }
    let mut hasher = Xxh3Default::new();
    hasher.update(match scope {
        AttributeScope::Record => b"a",
        AttributeScope::Resource => b"r",
    });
    hasher.update(key.as_bytes());
    hasher.update(b"\0");
    hasher.update(value.as_bytes());
    Some(hasher.digest())
}

/// Calls `sink` with the hash of every indexed pair of an attribute text written by `JsonWriter`.
/// Values with escapes are skipped, and so must be searches for such values (see
/// [`attribute_hash`]).
pub fn for_each_attribute_hash(scope: AttributeScope, text: &str, mut sink: impl FnMut(u64)) {
    let mut scanner = Scanner { text, at: 1 };
    while let Some(key) = scanner.key() {
        let Some(member) = scanner.member() else { return };
        if let Member::Scalar(value) = member
            && let Some(hash) = attribute_hash(scope, key, value)
        {
            sink(hash);
        }
    }
}

/// A value of an object.
enum Member<'a> {
    /// The value's text, without quotes.
    Scalar(&'a str),
    Nested,
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

    /// The next key, without quotes and still escaped; `None` at the end.
    fn key(&mut self) -> Option<&'a str> {
        if self.byte() == Some(b',') {
            self.at += 1;
        }
        let key = self.string()?;
        self.at += 1;
        Some(key)
    }

    /// The next value; `None` when the text ends early.
    fn member(&mut self) -> Option<Member<'a>> {
        match self.byte()? {
            b'"' => self.string().map(Member::Scalar),
            b'{' | b'[' => self.skip_nested().map(|()| Member::Nested),
            _ => {
                let start = self.at;
                while !matches!(self.byte()?, b',' | b'}') {
                    self.at += 1;
                }
                self.text.get(start..self.at).map(Member::Scalar)
            }
        }
    }

    fn string(&mut self) -> Option<&'a str> {
        if self.byte()? != b'"' {
            return None;
        }
        self.at += 1;
        let start = self.at;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.text.as_bytes().get(self.at..)?)?;
            match self.byte()? {
                b'"' => break,
                _ => self.at += 2,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
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
