//! Ingest, which has the rules, and the query engine, which has the spans, as the explainer.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use telltale_base::{ErrorKind, Project, SpanId, TraceId};
use telltale_ingest::{Decision, Encoding, ExplainError, ExplainedSpan, Ingest, RULES_VERSION};
use telltale_query::Engine;

use crate::ports::{Dialects, Explanation, Refusal, RuleDecision, SpanExplanation};

/// See the module.
#[derive(Debug)]
pub struct Explainer {
    /// Has the rules.
    pub ingest: Arc<Ingest>,
    /// Has the spans.
    pub engine: Arc<Engine>,
}

#[async_trait]
impl Dialects for Explainer {
    async fn explain(&self, encoding: Encoding, body: Bytes) -> Result<Explanation, Refusal> {
        let ingest = Arc::clone(&self.ingest);
        let work = tokio::task::spawn_blocking(move || ingest.explain(encoding, &body));
        let spans = work.await.map_err(|e| Refusal::new(ErrorKind::Internal, e.to_string()))??;
        Ok(explanation(spans))
    }

    async fn explain_span(
        &self,
        project: &Project,
        trace_id: TraceId,
        span_id: SpanId,
    ) -> Result<Explanation, Refusal> {
        let rows = self.engine.span(project, trace_id, span_id).await?;
        Ok(explanation(self.ingest.explain_rows(&rows)?))
    }

    fn is_unmapped(&self, attribute: &str) -> bool {
        self.ingest.is_unmapped(attribute)
    }
}

impl From<ExplainError> for Refusal {
    fn from(error: ExplainError) -> Self {
        let kind = match &error {
            ExplainError::Decode(error) => error.kind(),
            ExplainError::Stored(source) => {
                tracing::error!(%source, "a stored span cannot be explained");
                ErrorKind::Internal
            }
        };
        Self::new(kind, error.to_string())
    }
}

fn explanation(spans: Vec<ExplainedSpan>) -> Explanation {
    Explanation { rules_version: RULES_VERSION, spans: spans.into_iter().map(span).collect() }
}

fn span(span: ExplainedSpan) -> SpanExplanation {
    SpanExplanation {
        trace_id: span.trace_id,
        span_id: span.span_id,
        name: span.name,
        scope_name: span.scope_name,
        dialects: span.dialects,
        decisions: span.decisions.into_iter().map(decision).collect(),
        unmapped: span.unmapped,
    }
}

fn decision(decision: Decision) -> RuleDecision {
    RuleDecision {
        field: decision.field,
        value: decision.value,
        source: decision.source,
        dialect: decision.dialect,
        rule: decision.rule,
        transform: decision.transform,
        outcome: decision.outcome,
    }
}
