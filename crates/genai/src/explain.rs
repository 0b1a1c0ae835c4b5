//! The decisions of a run, written down: which rule gave each canonical field its value, which
//! came too late, and which attributes look like AI and have no rule.

use std::sync::Arc;

/// What became of a rule that had a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gave the field its value.
    Used,
    /// The field had a value already.
    Shadowed,
    /// Its source had no value, or none that makes sense for the field.
    NoValue,
    /// It says that the attribute stays what it is, or is noise.
    Kept,
    /// No rule: it follows from other fields or from the dialect.
    Derived,
}

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The canonical name, or `keep` or `drop`.
    pub field: &'static str,
    /// The value, shortened.
    pub value: String,
    /// The attribute, event or body it came from.
    pub source: String,
    /// Id of the dialect.
    pub dialect: Arc<str>,
    /// Id of the rule.
    pub rule: Arc<str>,
    /// Steps or encoding, as the table writes them.
    pub transform: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// The decisions of one run, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explain {
    /// Dialects that were recognised, own ones first.
    pub dialects: Vec<Arc<str>>,
    /// Decisions.
    pub decisions: Vec<Explained>,
    /// Attributes that look like AI and have no rule.
    pub unmapped: Vec<String>,
}

/// Longest value that is written down, in characters.
pub(crate) const VALUE_CHARS_MAX: usize = 120;

/// A value shortened for people.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
