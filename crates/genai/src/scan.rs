//! One value out of a JSON text, without a tree: clients put usage, ids and parameters inside JSON
//! that may be megabytes long, and most of it is not of interest here.
//!
//! The reader is lenient on purpose: Python's `repr` (single quotes, `None`, `True`) is read the
//! same way, and a text that was cut off gives what stands before the cut.

use std::borrow::Cow;

/// Longest text that is searched, in bytes; what stands beyond is not looked at.
pub(crate) const SCAN_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting that is stepped over; deeper text counts as damaged.
const DEPTH_MAX: usize = 128;

/// A value found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    /// The digits as they stand.
    Number(&'a str),
    /// Without quotes and escapes.
    Text(Cow<'a, str>),
    /// A list or map, as it stands.
    Structure(&'a str),
}

/// The value at a path of names and list positions. Null counts as absent.
pub(crate) fn at<'a>(text: &'a str, path: &[Box<str>]) -> Option<Scalar<'a>> {
    let mut reader = Reader::new(text);
    for step in path {
        reader.skip_space();
        match reader.peek()? {
            b'{' => reader.enter_map(step)?,
            b'[' => reader.enter_list(step.parse().ok()?)?,
            _ => return None,
        }
    }
    reader.value()
}

/// The text as a value.
pub(crate) fn root(text: &str) -> Option<Scalar<'_>> {
    at(text, &[])
}

/// The members of a text that is a list, nulls left out.
pub(crate) fn items(text: &str) -> Option<Vec<Scalar<'_>>> {
    let mut reader = Reader::new(text);
    reader.skip_space();
    reader.expect(b'[')?;
    let mut found = Vec::new();
    loop {
        reader.skip_space();
        if reader.peek()? == b']' {
            return Some(found);
        }
        match reader.raw()? {
            Raw::Null => {}
            raw => found.push(raw.scalar()?),
        }
        reader.skip_space();
        if !reader.accept(b',') && reader.peek()? != b']' {
            return None;
        }
    }
}

/// How many members a text has that is a list.
pub(crate) fn length(text: &str) -> Option<usize> {
    items(text).map(|found| found.len())
}

enum Raw<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    Quoted { inner: &'a str, escaped: bool },
    Structure(&'a str),
}

impl<'a> Raw<'a> {
    fn scalar(self) -> Option<Scalar<'a>> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(flag) => Scalar::Bool(flag),
            Self::Number(text) => Scalar::Number(text),
            Self::Quoted { inner, escaped: false } => Scalar::Text(Cow::Borrowed(inner)),
            Self::Quoted { inner, escaped: true } => Scalar::Text(Cow::Owned(unescape(inner))),
            Self::Structure(text) => Scalar::Structure(text),
        })
    }
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        Self { text, bytes: bytes.get(..SCAN_BYTES_MAX).unwrap_or(bytes), position: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.accept(byte).then_some(())
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.position += 1;
        }
    }

    /// Stands before the value of `name` afterwards.
    fn enter_map(&mut self, name: &str) -> Option<()> {
        self.expect(b'{')?;
        loop {
            self.skip_space();
            let Raw::Quoted { inner, escaped } = self.raw()? else {
                return None;
            };
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            if inner == name || (escaped && unescape(inner) == name) {
                return Some(());
            }
            self.raw()?;
            self.skip_space();
            self.expect(b',')?;
        }
    }

    /// Stands before member `index` afterwards.
    fn enter_list(&mut self, index: usize) -> Option<()> {
        self.expect(b'[')?;
        for _ in 0..index {
            self.skip_space();
            self.raw()?;
            self.skip_space();
            self.expect(b',')?;
        }
        Some(())
    }

    fn value(&mut self) -> Option<Scalar<'a>> {
        self.skip_space();
        self.raw()?.scalar()
    }

    fn raw(&mut self) -> Option<Raw<'a>> {
        let start = self.position;
        match self.peek()? {
            quote @ (b'"' | b'\'') => self.quoted(quote),
            b'{' | b'[' => {
                self.skip_structure()?;
                self.text.get(start..self.position).map(Raw::Structure)
            }
            _ => {
                self.skip_word();
                match self.text.get(start..self.position)? {
                    "null" | "None" => Some(Raw::Null),
                    "true" | "True" => Some(Raw::Bool(true)),
                    "false" | "False" => Some(Raw::Bool(false)),
                    "" => None,
                    word => Some(Raw::Number(word)),
                }
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Option<Raw<'a>> {
        let start = self.position + 1;
        let escaped = self.skip_quoted(quote)?;
        let inner = self.text.get(start..self.position - 1)?;
        Some(Raw::Quoted { inner, escaped })
    }

    /// Steps over a quoted text; says whether it has escapes.
    fn skip_quoted(&mut self, quote: u8) -> Option<bool> {
        self.position += 1;
        let mut escaped = false;
        loop {
            match self.peek()? {
                b'\\' => {
                    escaped = true;
                    self.position += 2;
                }
                byte => {
                    self.position += 1;
                    if byte == quote {
                        return Some(escaped);
                    }
                }
            }
        }
    }

    fn skip_structure(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                quote @ (b'"' | b'\'') => {
                    self.skip_quoted(quote)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.position += 1;
            if depth == 0 {
                return Some(());
            }
            if depth > DEPTH_MAX {
                return None;
            }
        }
    }

    fn skip_word(&mut self) {
        let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b',' | b'}' | b']');
        while self.peek().is_some_and(|byte| !is_end(byte)) {
            self.position += 1;
        }
    }
}

/// The text without escapes; an escape that means nothing stays as it stands.
fn unescape(inner: &str) -> String {
    let mut plain = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            plain.push(next);
            continue;
        }
        match rest.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('b') => plain.push('\u{8}'),
            Some('f') => plain.push('\u{c}'),
            Some('u') => push_code(&mut plain, &mut rest),
            Some(other) => plain.push(other),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Reads the four digits of `\u`, and the second half of a pair.
fn push_code(plain: &mut String, rest: &mut std::str::Chars<'_>) {
    let first = hex4(rest);
    let code = match first {
        Some(high @ 0xd800..=0xdbff) => {
            let mut ahead = rest.clone();
            let low = (ahead.next() == Some('\\') && ahead.next() == Some('u'))
                .then(|| hex4(&mut ahead))
                .flatten();
            match low {
                Some(low @ 0xdc00..=0xdfff) => {
                    *rest = ahead;
                    Some(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                }
                _ => None,
            }
        }
        other => other,
    };
    plain.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
}

fn hex4(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        code = code * 16 + rest.next()?.to_digit(16)?;
    }
    Some(code)
}

#[cfg(test)]
mod tests;
