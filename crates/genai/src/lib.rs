//! The vocabulary of AI telemetry, as pure functions over plain structs: what a client of any
//! dialect said, in the names of the current `gen_ai.*` conventions; and, from many such reports,
//! which provider calls were really made.
//!
//! | module | what it does |
//! |---|---|
//! | `value`, `input` | attribute values, spans, log records and metric points as borrowed structs |
//! | `scan` | one value out of a JSON or Python text, without building a tree |
//! | `fields` | the canonical names and their types |
//! | `rules` | the table of dialects: form, compiled-in rules, rules of the user, look-up |
//! | `transform` | the steps that turn a client's value into a canonical one |
//! | `detect` | which dialects a scope and a record speak |
//! | `normalise` | the run: detected dialects, rules in order, first value wins |
//! | `canonical`, `content` | what comes out: fields, reported usage, where content stands |
//! | `capture` | which values of a record hold content |
//! | `messages` | the content of any dialect as messages of one form |
//! | `fragments` | content cut at message boundaries, each piece under a keyed hash |
//! | `explain` | the same run with its decisions written down |
//! | `usage` | reported counts to disjoint buckets, with what was adjusted and why |
//! | `ledger` | reports to calls: each real call once |
//! | `prices` | what a call cost |
//! | `runs` | spans to runs, sessions and agent graphs |
//!
//! Never knows: storage, HTTP, SQL, the clock, chance.

#![forbid(unsafe_code)]

mod canonical;
pub mod capture;
mod content;
mod detect;
mod explain;
mod fields;
pub mod fragments;
mod input;
pub mod ledger;
pub mod messages;
mod normalise;
pub mod prices;
mod rules;
pub mod runs;
mod scan;
mod transform;
mod usage;
mod value;

pub use canonical::{Canonical, Tag};
pub use content::{ContentKind, ContentRef, ContentSource, Encoding};
pub use detect::ScopeDialects;
pub use explain::{Explain, Explained, Outcome};
pub use input::{LogInput, MetricInput, SpanEvent, SpanInput, SpanKind, Temporality};
pub use normalise::{MetricUsage, Normaliser};
pub use rules::{RULES_VERSION, RuleError, RuleFile, Rules};
pub use usage::{
    Adjustment, Buckets, COUNT_MAX, Convention, Invalid, Part, Reported, ReportedUsage, Usage,
    WhyInvalid,
};
pub use value::{Attribute, Value};
