//! From the name of an attribute to the rules about it, in a few nanoseconds for names that no
//! rule is about: the first word of the name decides whether to look further.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Hashes names from the table; the table is fixed, so nobody can fill it with collisions.
pub(crate) type FastHash = BuildHasherDefault<Fast>;

/// A multiplying hasher, eight bytes a step.
#[derive(Debug, Default)]
pub(crate) struct Fast(u64);

impl Fast {
    fn add(&mut self, word: u64) {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(MULTIPLIER);
    }
}

impl Hasher for Fast {
    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let last = rest.iter().fold(0_u64, |word, byte| (word << 8) | u64::from(*byte));
            self.add(last | (bytes.len() as u64) << 56);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }
}

/// What is known about the attributes of a table.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    words: HashMap<Box<str>, Word, FastHash>,
}

/// What is known about names with one first word.
#[derive(Debug, Default)]
struct Word {
    /// Only AI clients use names that start so.
    is_ai: bool,
    names: HashMap<Box<str>, Entry, FastHash>,
    patterns: Vec<(Pattern, Entry)>,
}

/// What an attribute leads to.
#[derive(Debug, Default, Clone)]
struct Entry {
    /// Dialects that its presence proves.
    markers: u64,
    /// Its values are content, though no rule takes them for that.
    holds_content: bool,
    rules: Vec<u16>,
}

/// What was found about the name of an attribute.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hit {
    /// Dialects that its presence proves.
    pub(crate) markers: u64,
    /// Only AI clients use such a name.
    pub(crate) is_ai: bool,
}

/// The name up to its first separator.
fn first_word(name: &str) -> &str {
    let end = name.bytes().position(|byte| byte == b'.' || byte == b':');
    end.and_then(|end| name.get(..end)).unwrap_or(name)
}

impl Keys {
    pub(crate) fn mark_ai(&mut self, word: &str) {
        self.words.entry(word.into()).or_default().is_ai = true;
    }

    pub(crate) fn mark(&mut self, name: &str, dialect: u8) {
        self.entry(name).markers |= 1 << dialect;
    }

    pub(crate) fn add(&mut self, name: &str, rule: u16) {
        self.entry(name).rules.push(rule);
    }

    pub(crate) fn mark_content(&mut self, name: &str) {
        self.entry(name).holds_content = true;
    }

    /// Whether an attribute was marked as content.
    pub(crate) fn holds_content(&self, name: &str) -> bool {
        let Some(word) = self.words.get(first_word(name)) else {
            return false;
        };
        let exact = word.names.get(name).is_some_and(|entry| entry.holds_content);
        let mut patterns = word.patterns.iter();
        exact || patterns.any(|(pattern, entry)| entry.holds_content && pattern.matches(name))
    }

    fn entry(&mut self, name: &str) -> &mut Entry {
        let word = self.words.entry(first_word(name).into()).or_default();
        if !Pattern::is_one(name) {
            return word.names.entry(name.into()).or_default();
        }
        let known = word.patterns.iter().position(|(pattern, _)| &*pattern.text == name);
        let place = known.unwrap_or_else(|| {
            word.patterns.push((Pattern { text: name.into() }, Entry::default()));
            word.patterns.len() - 1
        });
        match word.patterns.get_mut(place) {
            Some((_, entry)) => entry,
            // Not reached: the place is of this list. A name of its own holds it just as well.
            None => word.names.entry(name.into()).or_default(),
        }
    }

    /// What the name of an attribute says; `None` for names that nothing is known about.
    #[inline]
    pub(crate) fn look(&self, name: &str) -> Option<Hit> {
        let word = self.words.get(first_word(name))?;
        let mut hit = Hit { markers: 0, is_ai: word.is_ai };
        if let Some(entry) = word.names.get(name) {
            hit.markers |= entry.markers;
        }
        for (pattern, entry) in &word.patterns {
            if entry.markers & !hit.markers != 0 && pattern.matches(name) {
                hit.markers |= entry.markers;
            }
        }
        Some(hit)
    }

    /// Gives every rule about the attribute to `each`; says whether there was one.
    pub(crate) fn rules(&self, name: &str, mut each: impl FnMut(u16)) -> bool {
        let Some(word) = self.words.get(first_word(name)) else {
            return false;
        };
        let exact = word.names.get(name);
        let mut found = false;
        let patterns = word.patterns.iter();
        let patterns =
            patterns.filter(|(pattern, entry)| !entry.rules.is_empty() && pattern.matches(name));
        for entry in exact.into_iter().chain(patterns.map(|(_, entry)| entry)) {
            for rule in &entry.rules {
                found = true;
                each(*rule);
            }
        }
        found
    }
}

/// A name with `#` for a number and, at its end, `*` for any rest.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
}

impl Pattern {
    pub(crate) fn is_one(text: &str) -> bool {
        text.contains(['#', '*'])
    }

    fn matches(&self, name: &str) -> bool {
        matches(self.text.as_bytes(), name.as_bytes())
    }
}

fn matches(mut pattern: &[u8], mut name: &[u8]) -> bool {
    loop {
        match pattern.split_first() {
            None => return name.is_empty(),
            Some((b'*', _)) => return true,
            Some((b'#', rest)) => {
                let digits = name.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let Some(after) = name.get(digits..).filter(|_| digits > 0) else {
                    return false;
                };
                (pattern, name) = (rest, after);
            }
            Some((byte, rest)) => match name.split_first() {
                Some((found, after)) if found == byte => (pattern, name) = (rest, after),
                _ => return false,
            },
        }
    }
}
