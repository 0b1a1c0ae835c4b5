//! The port that says what the rules of AI telemetry make of spans.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use telltale_base::{Project, SpanId, TraceId};
use telltale_ingest::Encoding;
use utoipa::ToSchema;

use super::Refusal;

/// Explains the AI columns of spans.
#[async_trait]
pub trait Dialects: Send + Sync + fmt::Debug {
    /// Explains the AI spans of an export of traces, which is not stored.
    async fn explain(&self, encoding: Encoding, body: Bytes) -> Result<Explanation, Refusal>;
    /// Explains a stored span by the rules of now; `NotFound` when it is not stored.
    async fn explain_span(
        &self,
        project: &Project,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Result<Explanation, Refusal>;
    /// Whether an attribute has a name of AI telemetry that no rule is about.
    fn is_unmapped(&self, attribute: &str) -> bool;
}

/// What was recognised, from where, and by which rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Explanation {
    /// Version of the built-in rules.
    pub rules_version: u32,
    /// The spans that are about AI, in the order sent.
    pub spans: Vec<SpanExplanation>,
}

/// What was recognised in one span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpanExplanation {
    /// Hex.
    pub trace_id: String,
    /// Hex.
    pub span_id: String,
    /// The span's name.
    pub name: String,
    /// Name of the instrumentation scope.
    pub scope_name: String,
    /// The telemetry dialects that were recognised, the client's own first.
    pub dialects: Vec<String>,
    /// What was decided, in the order of the rules.
    pub decisions: Vec<RuleDecision>,
    /// Attributes that look like AI telemetry and have no rule.
    pub unmapped: Vec<String>,
}

/// What became of one rule that had a source in the span.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RuleDecision {
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
