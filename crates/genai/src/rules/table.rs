//! The compiled table.

use std::collections::HashMap;
use std::sync::Arc;

use super::lookup::{FastHash, Keys};
use crate::content::Encoding;
use crate::fields::Target;
use crate::transform::{Step, ValueMap};
use crate::usage::{Accounting, Part, Reading};

/// Most dialects a table can have: a set of them is one word.
pub(crate) const DIALECTS_MAX: usize = 64;

/// Most rules a table can have.
pub(crate) const RULES_MAX: usize = 4096;

/// Most conditions, steps or values one rule can have.
pub(crate) const RULE_PARTS_MAX: usize = 32;

/// A compiled table of rules.
#[derive(Debug, Default)]
pub struct Rules {
    pub(crate) fingerprint: u64,
    pub(crate) dialects: Vec<Dialect>,
    pub(crate) all: Vec<Rule>,
    pub(crate) keys: Keys,
    /// Rules about span events, by event name.
    pub(crate) events: HashMap<Box<str>, EventRules, FastHash>,
    /// Rules with a source that is not an attribute (`@name`, `@body`).
    pub(crate) pseudo: Vec<u16>,
    pub(crate) metrics: HashMap<Box<str>, Vec<Metric>, FastHash>,
    /// Spellings of token kinds in metrics.
    pub(crate) token_type: ValueMap,
    /// Spellings of finish reasons.
    pub(crate) finish_reason: ValueMap,
    /// Dialects that apply to every AI record.
    pub(crate) always: u64,
    pub(crate) not_a_provider: Vec<Box<str>>,
    pub(crate) model_provider: Vec<(Box<str>, Box<str>)>,
}

/// What a span event of one name leads to.
#[derive(Debug, Default)]
pub(crate) struct EventRules {
    /// Dialects that the event's presence proves.
    pub(crate) markers: u64,
    pub(crate) rules: Vec<u16>,
}

/// A compiled dialect.
#[derive(Debug)]
pub(crate) struct Dialect {
    pub(crate) id: Arc<str>,
    pub(crate) framework: Option<Arc<str>>,
    pub(crate) family: Arc<str>,
    pub(crate) unlinked_signals: bool,
    pub(crate) scopes: Vec<Glob>,
    pub(crate) version_min: Option<[u32; 2]>,
    pub(crate) version_below: Option<[u32; 2]>,
    pub(crate) resource: Vec<(Box<str>, Glob)>,
    pub(crate) metric_names: Vec<Glob>,
    pub(crate) accounting: Option<Accounting>,
    pub(crate) operation: Option<Arc<str>>,
    pub(crate) calls: Vec<CallEvent>,
    /// Applies to every record that is AI, after everything else.
    pub(crate) always: bool,
}

/// A log event that reports a call.
#[derive(Debug)]
pub(crate) struct CallEvent {
    pub(crate) event: Box<str>,
    pub(crate) operation: Arc<str>,
    pub(crate) when: Vec<Condition>,
}

/// A metric that counts tokens.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) dialect: u8,
    pub(crate) part: Option<Part>,
    pub(crate) kind: Option<Box<str>>,
    pub(crate) rank: u8,
}

/// Which records a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    SpansAndLogs,
    Span,
    Log,
    Event,
}

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct Rule {
    /// `dialect/attribute`, with what tells it apart; stable across versions as far as possible.
    pub(crate) id: Arc<str>,
    pub(crate) dialect: u8,
    /// Place within the dialect.
    pub(crate) order: u16,
    /// The attribute, pattern or pseudo name, with its path: what provenance shows.
    pub(crate) shown: Arc<str>,
    pub(crate) from: Arc<str>,
    pub(crate) is_pattern: bool,
    pub(crate) path: Arc<[Box<str>]>,
    pub(crate) on: On,
    pub(crate) event: Option<Box<str>>,
    pub(crate) target: Target,
    pub(crate) steps: Vec<Step>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) when: Vec<Condition>,
    pub(crate) values: Vec<Box<str>>,
    pub(crate) adds: Adds,
    pub(crate) rank: Rank,
    pub(crate) reading: Option<Reading>,
    /// Applies to AI records whose dialect is not recognised, because the attribute means the same
    /// wherever it is known.
    pub(crate) unambiguous: bool,
}

/// What a rule about content does if there is some already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adds {
    /// It is too late.
    No,
    /// It goes on after that of its dialect.
    ToOwn,
    /// It goes on after any.
    ToAny,
}

/// How a rule stands to a canonical name among the attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rank {
    /// It wins over it.
    Override,
    /// It is the rule that a canonical name means itself.
    Canonical,
    /// It loses to it.
    Plain,
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    Operation(Vec<Box<str>>),
    Has(Box<str>),
    Is(Box<str>, Box<str>),
    Lacks(Box<str>),
}

/// A name, or the start of one.
#[derive(Debug, Clone)]
pub(crate) struct Glob {
    start: Box<str>,
    open: bool,
}

impl Glob {
    pub(crate) fn new(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(start) => Self { start: start.into(), open: true },
            None => Self { start: text.into(), open: false },
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        if self.open { name.starts_with(&*self.start) } else { name == &*self.start }
    }
}
