//! Why the AI columns of a record hold what they hold: the records of a body that are about AI, each
//! with what was recognised, from where, and by which rule. The same run as on the way in.

use serde::Serialize;
use telltale_base::{Signal, hex};
use telltale_genai::{Explain, Normaliser, Outcome, Rules};

use crate::admit::Encoding;
use crate::ai::{Message, Surroundings};
use crate::envelope::{each, scope_names};
use crate::error::DecodeError;
use crate::json;
use crate::locate::decode_error;
use crate::proto;
use crate::wire::WireError;

/// A span and what was recognised in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedSpan {
    /// Hex.
    pub trace_id: String,
    /// Hex.
    pub span_id: String,
    /// The span's name.
    pub name: String,
    /// Name of the instrumentation scope.
    pub scope_name: String,
    /// The dialects that were recognised, the client's own first.
    pub dialects: Vec<String>,
    /// What was decided, in the order of the rules.
    pub decisions: Vec<Decision>,
    /// Attributes that look like AI telemetry and have no rule.
    pub unmapped: Vec<String>,
}

/// What became of one rule that had a source in the span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The canonical name, or `keep` or `drop`.
    pub field: String,
    /// The value, shortened.
    pub value: String,
    /// The attribute or event it came from.
    pub source: String,
    /// The dialect whose rule it is.
    pub dialect: String,
    /// The rule.
    pub rule: String,
    /// How the value was made.
    pub transform: String,
    /// `used`, `shadowed` by an earlier rule, `no_value`, `kept` or `derived`.
    pub outcome: String,
}

/// Explains the AI spans of a body of traces; others are left out.
///
/// # Errors
/// When the body is malformed.
pub fn explain(
    encoding: Encoding,
    body: &[u8],
    rules: &Rules,
) -> Result<Vec<ExplainedSpan>, DecodeError> {
    let root = proto::request(Signal::Traces);
    let transcoded;
    let body = match encoding {
        Encoding::Protobuf => body,
        Encoding::Json => {
            transcoded = json::transcode(root, body)?;
            &transcoded
        }
    };
    let mut explained = Vec::new();
    walk(body, rules, &mut explained).map_err(|error| decode_error(root, body, error))?;
    Ok(explained)
}

fn walk(body: &[u8], rules: &Rules, into: &mut Vec<ExplainedSpan>) -> Result<(), WireError> {
    let mut around = Surroundings::default();
    each(body, 1, |group| {
        around.enter_resource(group)?;
        each(group, 2, |scope| {
            let (name, version) = scope_names(scope)?;
            around.enter_scope(rules, Some(name), Some(version));
            each(scope, 2, |message| {
                into.extend(span(message, name, rules, &around)?);
                Ok(())
            })
        })
    })
}

fn span(
    message: &[u8],
    scope_name: &str,
    rules: &Rules,
    around: &Surroundings<'_>,
) -> Result<Option<ExplainedSpan>, WireError> {
    let span = Message::read(message)?;
    let mut explain = Explain::default();
    let events = span.events();
    let input = span.input(&events, around);
    if Normaliser::new(rules).span(around.scope, &input, Some(&mut explain)).is_none() {
        return Ok(None);
    }
    let texts = |list: &[std::sync::Arc<str>]| list.iter().map(ToString::to_string).collect();
    Ok(Some(ExplainedSpan {
        trace_id: hex(span.trace_id),
        span_id: hex(span.span_id),
        name: span.name.to_owned(),
        scope_name: scope_name.to_owned(),
        dialects: texts(&explain.dialects),
        decisions: explain
            .decisions
            .into_iter()
            .map(|decision| Decision {
                field: decision.field.to_owned(),
                value: decision.value,
                source: decision.source,
                dialect: decision.dialect.to_string(),
                rule: decision.rule.to_string(),
                transform: decision.transform,
                outcome: outcome(decision.outcome).to_owned(),
            })
            .collect(),
        unmapped: explain.unmapped,
    }))
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Used => "used",
        Outcome::Shadowed => "shadowed",
        Outcome::NoValue => "no_value",
        Outcome::Kept => "kept",
        Outcome::Derived => "derived",
    }
}
