//! A span as run trees see it: ids, times, what it did, and what the ledger says of it.

use crate::input::SpanKind;
use crate::ledger::SpanIds;

/// What the ledger says of the calls that a span bears. Twins and roll-ups bear none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpanLedger {
    /// Calls that it bears.
    pub calls: u32,
    /// Their input tokens, cached ones included.
    pub input_tokens: Option<u64>,
    /// Their output tokens, reasoning included.
    pub output_tokens: Option<u64>,
    /// Their cost in nano-dollars; `None` is unpriced.
    pub cost_nano_usd: Option<i64>,
    /// Nobody reported tokens for them.
    pub is_missing: bool,
}

/// A link of a span to another one; zero ids link to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpanLink {
    /// Trace id.
    pub trace: u128,
    /// Span id.
    pub span: u64,
}

/// A span. Everything optional is absent where the client did not say it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span<'a> {
    /// Unique key of the record. The same record given twice counts once.
    pub key: u128,
    /// Its ids.
    pub ids: SpanIds,
    /// Name of the span.
    pub name: &'a str,
    /// Kind of the span.
    pub kind: SpanKind,
    /// `service.name`
    pub service: &'a str,
    /// Start, nanoseconds since the Unix epoch.
    pub start_unix_nano: i64,
    /// End minus start; negative when the client's clock ran backwards.
    pub duration_ns: i64,
    /// Whether its status is an error.
    pub failed: bool,
    /// `gen_ai.operation.name`
    pub operation: Option<&'a str>,
    /// `gen_ai.provider.name`
    pub provider: Option<&'a str>,
    /// `gen_ai.request.model`
    pub request_model: Option<&'a str>,
    /// `gen_ai.response.model`
    pub response_model: Option<&'a str>,
    /// `gen_ai.response.id`
    pub response_id: Option<&'a str>,
    /// `gen_ai.conversation.id`
    pub conversation_id: Option<&'a str>,
    /// `user.id`
    pub user_id: Option<&'a str>,
    /// `gen_ai.agent.name`
    pub agent_name: Option<&'a str>,
    /// `gen_ai.agent.id`
    pub agent_id: Option<&'a str>,
    /// `gen_ai.workflow.name`
    pub workflow_name: Option<&'a str>,
    /// `gen_ai.tool.name`
    pub tool_name: Option<&'a str>,
    /// `gen_ai.tool.call.id`
    pub tool_call_id: Option<&'a str>,
    /// Its links.
    pub links: &'a [SpanLink],
    /// What the ledger says of it; `None` if it bears no call, or if nobody asked the ledger.
    pub ledger: Option<SpanLedger>,
}

/// What a span is in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Class {
    /// Nothing of AI.
    #[default]
    Plain,
    /// Of AI, and none of the others: a chain, a step, a guardrail.
    Other,
    Agent,
    Workflow,
    /// A call to a language model.
    Turn,
    /// A call to another model.
    Model,
    Tool,
    Retriever,
}

impl Class {
    pub(super) fn is_ai(self) -> bool {
        self != Self::Plain
    }

    pub(super) fn is_model(self) -> bool {
        matches!(self, Self::Turn | Self::Model)
    }

    pub(super) fn is_execution(self) -> bool {
        matches!(self, Self::Agent | Self::Workflow)
    }

    /// Whether it can stand above what others do.
    pub(super) fn is_container(self) -> bool {
        matches!(self, Self::Agent | Self::Workflow | Self::Tool | Self::Other)
    }
}

impl<'a> Span<'a> {
    pub(super) fn class(&self) -> Class {
        let bears_calls = self.ledger.is_some_and(|ledger| ledger.calls > 0);
        match self.operation {
            Some("invoke_agent") => Class::Agent,
            Some("invoke_workflow") => Class::Workflow,
            Some("chat" | "text_completion" | "generate_content") => Class::Turn,
            Some("embeddings" | "rerank" | "transcribe" | "generate_speech" | "generate_image") => {
                Class::Model
            }
            Some("execute_tool") => Class::Tool,
            Some("retrieval" | "search_memory") => Class::Retriever,
            Some(_) => Class::Other,
            None if bears_calls => Class::Turn,
            None if self.model().is_some() || self.tool_name.is_some() => Class::Other,
            None => Class::Plain,
        }
    }

    /// The end; never before the start.
    pub(super) fn end(&self) -> i64 {
        self.start_unix_nano.saturating_add(self.duration_ns.max(0))
    }

    /// Duration; a negative one is none.
    pub(super) fn duration(&self) -> u64 {
        u64::try_from(self.duration_ns).unwrap_or(0)
    }

    /// The model that was asked for; the one that answered, where only that is said.
    pub(super) fn model(&self) -> Option<&'a str> {
        self.request_model.or(self.response_model)
    }

    /// What the execution is called.
    pub(super) fn execution_name(&self) -> &'a str {
        let named = match self.class() {
            Class::Agent => self.agent_name.or(self.agent_id),
            Class::Workflow => self.workflow_name.or(self.agent_name),
            _ => self.workflow_name,
        };
        named.unwrap_or(self.name)
    }

    /// Whether it is within the time of another.
    pub(super) fn is_within(&self, outer: &Span<'_>) -> bool {
        outer.start_unix_nano <= self.start_unix_nano && self.end() <= outer.end()
    }
}
