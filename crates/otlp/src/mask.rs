//! Masks secrets in text before anything is kept. Knows rules and bytes, nothing of OTLP.
//!
//! Ordinary bodies hold no secret, so the work is split: one scan of the whole body as raw bytes,
//! and only when that hits, a look at each field by itself. The scan asks for less than the rules
//! do (no boundary to the left, where lengths of the wire format stand), so it never misses what a
//! rule would find in a field.

mod rules;
mod scan;

use std::borrow::Cow;
use std::fmt;

use regex::bytes::{Captures, Regex, RegexBuilder};

pub use rules::MASK_RULES_VERSION;
use rules::RULES;
use scan::Scan;

/// Replaces secrets by `[masked:<rule>]`.
#[derive(Clone)]
pub struct Masker {
    rules: Vec<Rule>,
    /// Finds whatever any rule finds; `None` when masking is off.
    scan: Option<Scan>,
}

#[derive(Clone)]
struct Rule {
    name: &'static str,
    marker: String,
    /// Three groups: what stands before and is kept, the secret, what stands behind and is kept.
    pattern: Regex,
}

/// What each rule masked; never what it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Vec<(&'static str, u64)>);

impl Tally {
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Counts by rule in order of name, without rules that masked nothing.
    pub(crate) fn counts(mut self) -> Vec<(&'static str, u64)> {
        self.0.sort_unstable();
        self.0
    }

    fn add(&mut self, rule: &'static str, count: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, sum)) => *sum += count,
            None => self.0.push((rule, count)),
        }
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules.iter().map(|rule| rule.name)).finish()
    }
}

impl Masker {
    /// The built-in rules: API keys of model providers, clouds and code hosts, bearer tokens,
    /// private keys, passwords in URLs. Takes some milliseconds; make one and keep it.
    #[must_use]
    pub fn builtin() -> Self {
        let rules = RULES.iter().map(|rule| Rule {
            name: rule.name,
            marker: format!("[masked:{}]", rule.name),
            pattern: compile(&format!("({})({})({})", rule.before, rule.secret, rule.behind)),
        });
        Self { rules: rules.collect(), scan: Some(Scan::new()) }
    }

    /// Masks nothing.
    #[must_use]
    pub fn off() -> Self {
        Self { rules: Vec::new(), scan: None }
    }

    /// The names of the rules, in the order in which they are applied.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().map(|rule| rule.name)
    }

    /// Whether a field of this body may hold a secret. `false` is certain.
    pub(crate) fn may_match(&self, body: &[u8]) -> bool {
        self.scan.as_ref().is_some_and(|scan| scan.may_match(body))
    }

    /// The text with its secrets masked; `None` when it has none. Valid UTF-8 stays valid.
    pub(crate) fn mask(&self, text: &[u8], tally: &mut Tally) -> Option<Vec<u8>> {
        if !self.may_match(text) {
            return None;
        }
        let mut masked: Option<Vec<u8>> = None;
        for rule in &self.rules {
            let (next, count) = rule.apply(masked.as_deref().unwrap_or(text));
            if let (Cow::Owned(next), true) = (next, count > 0) {
                tally.add(rule.name, count);
                masked = Some(next);
            }
        }
        masked
    }
}

impl Rule {
    fn apply<'t>(&self, text: &'t [u8]) -> (Cow<'t, [u8]>, u64) {
        let mut count = 0;
        let marker = self.marker.as_bytes();
        let replaced = self.pattern.replace_all(text, |found: &Captures<'_>| {
            let part = |group| found.get(group).map_or(&[][..], |part| part.as_bytes());
            // A password in a URL that is masked already still looks like a password.
            count += u64::from(part(2) != marker);
            [part(1), marker, part(3)].concat()
        });
        (replaced, count)
    }
}

#[expect(clippy::expect_used, reason = "the rules are constants, each compiled in a test")]
fn compile(pattern: &str) -> Regex {
    RegexBuilder::new(pattern).unicode(false).build().expect("built-in rules are valid patterns")
}

#[cfg(test)]
mod tests;
