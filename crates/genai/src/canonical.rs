//! What a record says in canonical names. Every original attribute stays with the caller; this
//! holds what was understood of it.

use std::borrow::Cow;
use std::sync::Arc;

use crate::content::ContentRef;
use crate::fields::{TEXTS, Text};
use crate::usage::{ReportedUsage, Usage};
use crate::value::{Attribute, Value};

/// What a record is to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Tag {
    /// Neither a call nor something that sums up calls: it only links others.
    #[default]
    Link,
    /// A provider call.
    Call,
    /// Sums up the calls below it; its tokens are theirs.
    RollUp,
    /// Asks for the result of an earlier call; its tokens are those of that call.
    Fetch,
    /// What its stream brought, reported apart from the request.
    StreamEnd,
}

/// A record in canonical names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Canonical<'a> {
    /// `gen_ai.operation.name`
    pub operation: Option<Cow<'a, str>>,
    /// `gen_ai.provider.name`
    pub provider: Option<Cow<'a, str>>,
    /// The provider was not said; the name of the model tells it.
    pub provider_inferred: bool,
    /// `gen_ai.request.model`
    pub request_model: Option<Cow<'a, str>>,
    /// `gen_ai.response.model`
    pub response_model: Option<Cow<'a, str>>,
    /// `gen_ai.response.id`
    pub response_id: Option<Cow<'a, str>>,
    /// `gen_ai.response.finish_reasons`, one a generation.
    pub finish_reasons: Vec<Cow<'a, str>>,
    /// `gen_ai.response.time_to_first_chunk`, seconds.
    pub time_to_first_chunk: Option<f64>,
    /// `gen_ai.request.stream`
    pub stream: Option<bool>,
    /// `gen_ai.conversation.id`
    pub conversation_id: Option<Cow<'a, str>>,
    /// `user.id`
    pub user_id: Option<Cow<'a, str>>,
    /// `gen_ai.agent.id`
    pub agent_id: Option<Cow<'a, str>>,
    /// `gen_ai.agent.name`
    pub agent_name: Option<Cow<'a, str>>,
    /// `gen_ai.workflow.name`
    pub workflow_name: Option<Cow<'a, str>>,
    /// `gen_ai.tool.name`
    pub tool_name: Option<Cow<'a, str>>,
    /// `gen_ai.tool.call.id`
    pub tool_call_id: Option<Cow<'a, str>>,
    /// `gen_ai.tool.type`
    pub tool_type: Option<Cow<'a, str>>,
    /// `gen_ai.prompt.name`
    pub prompt_name: Option<Cow<'a, str>>,
    /// `gen_ai.prompt.version`
    pub prompt_version: Option<Cow<'a, str>>,
    /// `ai.framework`: the framework of the client, never a provider.
    pub framework: Option<Cow<'a, str>>,
    /// `error.type`
    pub error_type: Option<Cow<'a, str>>,
    /// Name of the event that a log record stands for.
    pub event: Option<Cow<'a, str>>,
    /// The counts as reported.
    pub reported: ReportedUsage,
    /// What they mean; `None` if the record says nothing of tokens.
    pub usage: Option<Usage>,
    /// What the client says it cost, in US dollars; never added up by Telltale.
    pub reported_cost_usd: Option<f64>,
    /// Seconds that the reported work took, where the record's own times do not say.
    pub duration_s: Option<f64>,
    /// Where content stands.
    pub content: Vec<ContentRef<'a>>,
    /// Other canonical attributes.
    pub other: Vec<(&'static str, Value<'a>)>,
    /// Dialects that were recognised, own ones first.
    pub dialects: Vec<Arc<str>>,
    /// Family of the dialect that the client speaks.
    pub family: Option<Arc<str>>,
    /// Signals of this client cannot be joined by ids.
    pub unlinked_signals: bool,
    /// What it is to the ledger.
    pub tag: Tag,
    /// Attributes that look like AI and have no rule, by place in the record.
    pub unmapped: Vec<usize>,
}

impl<'a> Canonical<'a> {
    pub(crate) fn text(&mut self, field: Text) -> &mut Option<Cow<'a, str>> {
        match field {
            Text::Operation => &mut self.operation,
            Text::Provider => &mut self.provider,
            Text::RequestModel => &mut self.request_model,
            Text::ResponseModel => &mut self.response_model,
            Text::ResponseId => &mut self.response_id,
            Text::ConversationId => &mut self.conversation_id,
            Text::UserId => &mut self.user_id,
            Text::AgentId => &mut self.agent_id,
            Text::AgentName => &mut self.agent_name,
            Text::WorkflowName => &mut self.workflow_name,
            Text::ToolName => &mut self.tool_name,
            Text::ToolCallId => &mut self.tool_call_id,
            Text::ToolType => &mut self.tool_type,
            Text::PromptName => &mut self.prompt_name,
            Text::PromptVersion => &mut self.prompt_version,
            Text::Framework => &mut self.framework,
            Text::ErrorType => &mut self.error_type,
        }
    }

    /// The fields as attributes under their canonical names, content left out. Normalising them
    /// gives the same fields again.
    pub fn to_attributes(&self) -> Vec<Attribute<'a>> {
        let mut copy = self.clone();
        let mut attributes: Vec<Attribute<'a>> = Vec::new();
        for (name, field) in TEXTS {
            if let Some(text) = copy.text(*field).take() {
                attributes.push((Cow::Borrowed(name), Value::Str(text)));
            }
        }
        let mut put = |name: &'static str, value: Value<'a>| {
            attributes.push((Cow::Borrowed(name), value));
        };
        if !self.finish_reasons.is_empty() {
            let reasons = self.finish_reasons.iter().cloned().map(Value::Str).collect();
            put("gen_ai.response.finish_reasons", Value::Array(reasons));
        }
        if let Some(seconds) = self.time_to_first_chunk {
            put("gen_ai.response.time_to_first_chunk", Value::Double(seconds));
        }
        if let Some(stream) = self.stream {
            put("gen_ai.request.stream", Value::Bool(stream));
        }
        if let Some(cost) = self.reported_cost_usd {
            put("telltale.cost_usd", Value::Double(cost));
        }
        if let Some(seconds) = self.duration_s {
            put("telltale.duration_s", Value::Double(seconds));
        }
        for (name, count) in self.usage.iter().flat_map(Usage::counts) {
            put(name, Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        for (name, value) in &self.other {
            put(name, value.clone());
        }
        attributes
    }
}
