//! The scan of whole bodies for anything that a rule may find; knows nothing of fields.
//!
//! One pattern of all rules would be simpler and is four times as slow: with thirty prefixes of
//! three bytes, most of what the vectorised search stops at is ordinary text, and each stop starts
//! the engine. So words are searched for in two sets, by length, and only where one stands is a
//! pattern tried, at that place alone.

use regex::bytes::Regex;

use super::compile;
use super::rules::{RULES, Rule};

/// Words from this length on are rare enough to be searched for together.
const LONG_WORD_BYTES: usize = 4;

/// Answers whether there may be something to mask.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// Words of all rules, long ones and short ones.
    words: [Regex; 2],
    /// What must follow from a word on.
    at_word: Regex,
}

impl Scan {
    pub(super) fn new() -> Self {
        let words = |wanted: fn(&str) -> bool| {
            let words = RULES.iter().flat_map(|rule| rule.words).filter(|word| wanted(word));
            compile(&words.map(|word| regex::escape(word)).collect::<Vec<_>>().join("|"))
        };
        let with_words = RULES.iter().filter(|rule| !rule.words.is_empty());
        let at_word = with_words.map(Rule::at_word).collect::<Vec<_>>().join("|");
        Self {
            words: [
                words(|word| word.len() >= LONG_WORD_BYTES),
                words(|word| word.len() < LONG_WORD_BYTES),
            ],
            at_word: compile(&format!(r"\A(?:{at_word})")),
        }
    }

    /// `false` is certain.
    pub(super) fn may_match(&self, bytes: &[u8]) -> bool {
        self.words.iter().any(|words| self.has_secret(words, bytes)) || has_url_password(bytes)
    }

    fn has_secret(&self, words: &Regex, bytes: &[u8]) -> bool {
        let mut from = 0;
        while let Some(word) = words.find_at(bytes, from) {
            if self.at_word.is_match(bytes.get(word.start()..).unwrap_or_default()) {
                return true;
            }
            from = word.start() + 1;
        }
        false
    }
}

/// Whether a password may stand in a URL. By hand, because telemetry is full of URLs without one.
fn has_url_password(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"://").any(|at| {
        let mut rest = bytes.get(at + 3..).unwrap_or_default().iter();
        let stop = |byte: &u8| *byte <= b' ' || b"/?#\"'<>\\\x7f".contains(byte);
        let user_ends = rest.find(|byte| stop(byte) || matches!(byte, b':' | b'@'));
        user_ends == Some(&b':') && rest.find(|byte| stop(byte) || **byte == b'@') == Some(&b'@')
    })
}
