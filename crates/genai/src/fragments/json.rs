//! Where the units of a JSON text stand: the objects in its lists, which are messages, tools or
//! documents, and long texts outside of them, such as instructions. A text that is one message is
//! one unit, as it will be in the history. One pass over the bytes with
//! a bounded stack. The reading is lenient: Python's quotes are quotes too, and a damaged text
//! has the units that stand before the damage.

use std::ops::Range;

use super::INLINE_BYTES_MAX;

/// Lists and objects that are entered on the way to a unit; deeper ones are part of what is
/// around them.
const DEPTH_MAX: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    List,
    Object,
}

/// The units of a text, in order, without overlap. A text that is not JSON has none.
pub(super) fn units(text: &str) -> Vec<Range<usize>> {
    let is_json = text.trim_start().starts_with(['{', '[']);
    if !is_json {
        return Vec::new();
    }
    let mut scan = Scan {
        bytes: text.as_bytes(),
        place: 0,
        open: Vec::new(),
        units: Vec::new(),
        is_message: false,
        message: None,
    };
    // Whatever stops the reading, the units that were whole stand.
    while scan.step().is_some() {}
    match scan.message {
        Some(message) => vec![message],
        None => scan.units,
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    place: usize,
    open: Vec<Open>,
    units: Vec<Range<usize>>,
    /// The outermost object has a role.
    is_message: bool,
    /// The outermost object, once it is whole and a message.
    message: Option<Range<usize>>,
}

impl Scan<'_> {
    /// Reads one token, or one unit. `None` at the end, and where the text is damaged.
    fn step(&mut self) -> Option<()> {
        let start = self.place;
        match *self.bytes.get(start)? {
            opening @ (b'{' | b'[') => {
                let is_unit = opening == b'{' && self.open.last() == Some(&Open::List);
                if is_unit || self.open.len() == DEPTH_MAX {
                    self.skip_structure()?;
                    self.units.push(start..self.place);
                } else {
                    let open = if opening == b'{' { Open::Object } else { Open::List };
                    self.open.push(open);
                    self.place += 1;
                }
            }
            closing @ (b'}' | b']') => {
                let open = if closing == b'}' { Open::Object } else { Open::List };
                if self.open.pop() != Some(open) {
                    return None;
                }
                self.place += 1;
                if self.open.is_empty() {
                    let begin = self.bytes.iter().position(|byte| *byte == b'{').unwrap_or(0);
                    self.message = self.is_message.then_some(begin..self.place);
                    return None;
                }
            }
            quote @ (b'"' | b'\'') => {
                self.skip_quoted(quote)?;
                self.is_message |= self.open == [Open::Object] && self.is_role(start);
                if self.place - start >= INLINE_BYTES_MAX {
                    self.units.push(start..self.place);
                }
            }
            _ => self.place += 1,
        }
        Some(())
    }

    /// Whether the text that was just read is the name of the role.
    fn is_role(&self, start: usize) -> bool {
        let name = self.bytes.get(start + 1..self.place - 1);
        let after = self.bytes.get(self.place..).unwrap_or_default();
        let next = after.iter().find(|byte| !byte.is_ascii_whitespace());
        name == Some(b"role") && next == Some(&b':')
    }

    /// Stands after the closing quote afterwards; where it stood if there is none.
    fn skip_quoted(&mut self, quote: u8) -> Option<()> {
        let mut place = self.place + 1;
        loop {
            match *self.bytes.get(place)? {
                b'\\' => place += 2,
                byte if byte == quote => break,
                _ => place += 1,
            }
        }
        self.place = place + 1;
        Some(())
    }

    fn skip_structure(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match *self.bytes.get(self.place)? {
                quote @ (b'"' | b'\'') => {
                    self.skip_quoted(quote)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.place += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}
