//! The form of a table of rules, as a person writes it in TOML or in the configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::compile::RuleError;

/// A file of rules: dialects, value maps, and the names that look like AI.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleFile {
    /// Name of the file, for errors.
    #[serde(skip)]
    pub(crate) name: String,
    /// First words of attribute names (before `.` or `:`) that only AI clients use.
    pub(crate) ai_prefixes: Vec<String>,
    /// Attribute names or patterns whose values are content, beside those that rules take content
    /// from: what capture modes take out or leave out.
    pub(crate) content: Vec<String>,
    /// Framework names that stand where a provider should.
    pub(crate) not_a_provider: Vec<String>,
    /// Starts of model names, with the provider they tell.
    pub(crate) model_provider: Vec<(String, String)>,
    /// Value maps: name, then spelling to canonical spelling. Spellings match in any case.
    pub(crate) map: BTreeMap<String, BTreeMap<String, String>>,
    /// Dialects, first wins.
    pub(crate) dialect: Vec<DialectForm>,
}

/// A dialect.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DialectForm {
    /// Its id.
    pub(crate) id: String,
    /// What it is called.
    pub(crate) name: String,
    /// The framework that its spans come from, if they always do.
    pub(crate) framework: Option<String>,
    /// Dialects of one family report the same calls on several signals.
    pub(crate) family: Option<String>,
    /// Spans, logs and metrics of this client cannot be joined by ids.
    pub(crate) unlinked_signals: bool,
    /// How it is recognised.
    pub(crate) detect: Detect,
    /// How it counts.
    pub(crate) accounting: AccountingForm,
    /// Operation of a span that has usage and no operation.
    pub(crate) operation: Option<String>,
    /// Its rules, first wins.
    pub(crate) rules: Vec<RuleForm>,
    /// Its log events that report a call.
    pub(crate) calls: Vec<EventForm>,
    /// Its token metrics.
    pub(crate) metrics: Vec<MetricForm>,
}

/// How a dialect is recognised; any of these.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Detect {
    /// Scope names; a trailing `*` stands for any rest.
    pub(crate) scope: Vec<String>,
    /// First scope version (by its first two numbers), where the scope name alone does not tell.
    pub(crate) version_min: Option<[u32; 2]>,
    /// The first scope version that is not of this dialect.
    pub(crate) version_below: Option<[u32; 2]>,
    /// Attribute names or patterns.
    pub(crate) attributes: Vec<String>,
    /// Resource attributes as `name=value`; a trailing `*` of the value stands for any rest.
    pub(crate) resource: Vec<String>,
    /// Span or log event names.
    pub(crate) events: Vec<String>,
    /// Metric names; a trailing `*` stands for any rest.
    pub(crate) metrics: Vec<String>,
}

/// How a dialect counts; see `usage::convention`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountingForm {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
    pub(crate) total_is_sum: bool,
    pub(crate) routed_reasoning_twice: bool,
}

/// A rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleForm {
    /// Attribute names or patterns (`#` a number, `*` any rest), or `@name`, `@body`, `@time`.
    pub(crate) from: OneOrMany,
    /// Names to follow within the value, with dots between.
    pub(crate) path: Option<String>,
    /// `span`, `log` or `event` (a span event); without it spans and logs.
    pub(crate) on: Option<String>,
    /// Name of the event the rule is about.
    pub(crate) event: Option<String>,
    /// Canonical name, `keep` or `drop`.
    pub(crate) to: String,
    /// Steps with `|` between; for content its encoding.
    #[serde(rename = "as")]
    pub(crate) with: Option<String>,
    /// Conditions that must all hold: `op=a|b`, `attr:NAME`, `attr:NAME=VALUE`, `!attr:NAME`.
    pub(crate) when: Vec<String>,
    /// Only if the value is one of these.
    pub(crate) values: Vec<String>,
    /// Adds to content that an earlier rule of the dialect found.
    pub(crate) append: bool,
    /// Adds to content whoever found it, because the client leaves it out there.
    pub(crate) supplement: bool,
    /// Wins over an attribute that has the canonical name.
    #[serde(rename = "override")]
    pub(crate) wins: bool,
    /// How the count is to be read, where this spelling decides it.
    pub(crate) reading: Option<String>,
}

/// One name or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        }
    }
}

/// A log event that reports a call.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EventForm {
    /// Its name.
    pub(crate) event: String,
    /// Its operation, unless it says so itself.
    pub(crate) operation: String,
    /// Conditions, as for rules.
    pub(crate) when: Vec<String>,
}

/// A metric that counts tokens.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MetricForm {
    /// Its name.
    pub(crate) name: String,
    /// The part it counts, as canonical name; or
    pub(crate) part: Option<String>,
    /// the attribute that says which part.
    pub(crate) kind: Option<String>,
    /// Among metrics of a family that count the same tokens the lowest rank is used.
    pub(crate) rank: u8,
}

impl RuleFile {
    /// Reads a file of rules; the name is used in errors.
    ///
    /// # Errors
    /// The text is not TOML of this form.
    pub fn parse(name: &str, text: &str) -> Result<Self, RuleError> {
        let mut file: Self = toml::from_str(text).map_err(|source| RuleError::Form {
            file: name.to_owned(),
            source: Box::new(source),
        })?;
        name.clone_into(&mut file.name);
        Ok(file)
    }
}
