//! The canonical names: where a rule may put a value, and what type the value has there. Names of
//! the `gen_ai.*` conventions where they have one, names of the general conventions beside them,
//! and a few of our own (`ai.framework`, `telltale.*`) for what clients say and no convention names.

use crate::content::ContentKind;
use crate::usage::Part;

/// A text field of `Canonical` with a member of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Operation,
    Provider,
    RequestModel,
    ResponseModel,
    ResponseId,
    ConversationId,
    UserId,
    AgentId,
    AgentName,
    WorkflowName,
    ToolName,
    ToolCallId,
    ToolType,
    PromptName,
    PromptVersion,
    Framework,
    ErrorType,
}

/// The type of a canonical attribute that has no member of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Int,
    Double,
    Bool,
    Texts,
}

/// Where a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Text(Text),
    FinishReasons,
    TimeToFirstChunk,
    Stream,
    Cost,
    /// Seconds before the record's time at which the reported work began.
    Duration,
    /// What a stream brought, reported apart from its request.
    StreamEnd,
    Usage(Part),
    Content(ContentKind),
    /// An attribute of `Canonical::other`.
    Other(&'static str, Kind),
    /// Known and of no canonical meaning: stays where it is.
    Keep,
    /// Known to be noise.
    Drop,
}

/// Names with a member of `Canonical`.
pub(crate) const TEXTS: &[(&str, Text)] = &[
    ("gen_ai.operation.name", Text::Operation),
    ("gen_ai.provider.name", Text::Provider),
    ("gen_ai.request.model", Text::RequestModel),
    ("gen_ai.response.model", Text::ResponseModel),
    ("gen_ai.response.id", Text::ResponseId),
    ("gen_ai.conversation.id", Text::ConversationId),
    ("user.id", Text::UserId),
    ("gen_ai.agent.id", Text::AgentId),
    ("gen_ai.agent.name", Text::AgentName),
    ("gen_ai.workflow.name", Text::WorkflowName),
    ("gen_ai.tool.name", Text::ToolName),
    ("gen_ai.tool.call.id", Text::ToolCallId),
    ("gen_ai.tool.type", Text::ToolType),
    ("gen_ai.prompt.name", Text::PromptName),
    ("gen_ai.prompt.version", Text::PromptVersion),
    ("ai.framework", Text::Framework),
    ("error.type", Text::ErrorType),
];

/// Names that are neither text members nor in [`OTHER`].
const SPECIAL: &[(&str, Target)] = &[
    ("gen_ai.response.finish_reasons", Target::FinishReasons),
    ("gen_ai.response.time_to_first_chunk", Target::TimeToFirstChunk),
    ("gen_ai.request.stream", Target::Stream),
    ("telltale.cost_usd", Target::Cost),
    ("telltale.duration_s", Target::Duration),
    ("telltale.stream_end", Target::StreamEnd),
    ("gen_ai.input.messages", Target::Content(ContentKind::InputMessages)),
    ("gen_ai.output.messages", Target::Content(ContentKind::OutputMessages)),
    ("gen_ai.system_instructions", Target::Content(ContentKind::SystemInstructions)),
    ("gen_ai.tool.definitions", Target::Content(ContentKind::ToolDefinitions)),
    ("gen_ai.tool.call.arguments", Target::Content(ContentKind::ToolArguments)),
    ("gen_ai.tool.call.result", Target::Content(ContentKind::ToolResult)),
    ("gen_ai.retrieval.query.text", Target::Content(ContentKind::RetrievalQuery)),
    ("gen_ai.retrieval.documents", Target::Content(ContentKind::RetrievalDocuments)),
    ("gen_ai.memory.query.text", Target::Content(ContentKind::MemoryQuery)),
    ("gen_ai.memory.records", Target::Content(ContentKind::MemoryRecords)),
    ("gen_ai.prompt.variables", Target::Content(ContentKind::PromptVariables)),
    ("keep", Target::Keep),
    ("drop", Target::Drop),
];

/// Canonical attributes that are carried as name and value.
pub(crate) const OTHER: &[(&str, Kind)] = &[
    ("gen_ai.response.status", Kind::Text),
    ("gen_ai.output.type", Kind::Text),
    ("gen_ai.request.max_tokens", Kind::Int),
    ("gen_ai.request.temperature", Kind::Double),
    ("gen_ai.request.top_p", Kind::Double),
    ("gen_ai.request.top_k", Kind::Int),
    ("gen_ai.request.frequency_penalty", Kind::Double),
    ("gen_ai.request.presence_penalty", Kind::Double),
    ("gen_ai.request.stop_sequences", Kind::Texts),
    ("gen_ai.request.seed", Kind::Int),
    ("gen_ai.request.choice.count", Kind::Int),
    ("gen_ai.request.reasoning.level", Kind::Text),
    ("gen_ai.request.previous_response.id", Kind::Text),
    ("gen_ai.request.stream_cursor", Kind::Text),
    ("gen_ai.request.encoding_formats", Kind::Texts),
    ("gen_ai.embeddings.dimension.count", Kind::Int),
    ("gen_ai.conversation.compacted", Kind::Bool),
    ("gen_ai.token.modality", Kind::Text),
    ("gen_ai.token.type", Kind::Text),
    ("gen_ai.tool.description", Kind::Text),
    ("gen_ai.agent.description", Kind::Text),
    ("gen_ai.agent.version", Kind::Text),
    ("gen_ai.main_agent.id", Kind::Text),
    ("gen_ai.main_agent.name", Kind::Text),
    ("gen_ai.main_agent.description", Kind::Text),
    ("gen_ai.data_source.id", Kind::Text),
    ("gen_ai.retrieval.top_k", Kind::Int),
    ("gen_ai.memory.store.id", Kind::Text),
    ("gen_ai.memory.record.id", Kind::Text),
    ("gen_ai.memory.record.count", Kind::Int),
    ("gen_ai.skill.name", Kind::Text),
    ("gen_ai.skill.description", Kind::Text),
    ("gen_ai.skill.source.uri", Kind::Text),
    ("gen_ai.skill.resource.name", Kind::Text),
    ("gen_ai.evaluation.name", Kind::Text),
    ("gen_ai.evaluation.score.value", Kind::Double),
    ("gen_ai.evaluation.score.label", Kind::Text),
    ("gen_ai.evaluation.explanation", Kind::Text),
    ("gen_ai.server.time_to_first_token", Kind::Double),
    ("gen_ai.server.request.duration", Kind::Double),
    ("openai.api.type", Kind::Text),
    ("openai.request.service_tier", Kind::Text),
    ("openai.response.service_tier", Kind::Text),
    ("openai.response.system_fingerprint", Kind::Text),
    ("aws.bedrock.guardrail.id", Kind::Text),
    ("aws.bedrock.knowledge_base.id", Kind::Text),
    ("azure.resource_provider.namespace", Kind::Text),
    ("azure.service.request.id", Kind::Text),
    ("azure.client.id", Kind::Text),
    ("mcp.method.name", Kind::Text),
    ("mcp.session.id", Kind::Text),
    ("mcp.resource.uri", Kind::Text),
    ("mcp.protocol.version", Kind::Text),
    ("server.address", Kind::Text),
    ("server.port", Kind::Int),
    ("cloud.resource_id", Kind::Text),
    ("deployment.environment.name", Kind::Text),
    ("service.name", Kind::Text),
    ("service.version", Kind::Text),
    ("code.file.path", Kind::Text),
    ("code.function.name", Kind::Text),
    ("code.line.number", Kind::Int),
    ("telltale.display_name", Kind::Text),
    ("telltale.status_message", Kind::Text),
    ("telltale.severity", Kind::Int),
];

/// Where a canonical name leads, if it is one.
pub(crate) fn target(name: &str) -> Option<Target> {
    let text = TEXTS.iter().find(|(known, _)| *known == name).map(|(_, text)| Target::Text(*text));
    let special = || SPECIAL.iter().find(|(known, _)| *known == name).map(|(_, target)| *target);
    let part =
        || Part::ALL.iter().find(|part| part.name() == name).map(|part| Target::Usage(*part));
    let other = || {
        OTHER
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(known, kind)| Target::Other(known, *kind))
    };
    text.or_else(special).or_else(part).or_else(other)
}

/// The canonical name of a target.
pub(crate) fn name(target: Target) -> &'static str {
    match target {
        Target::Text(text) => {
            TEXTS.iter().find(|(_, known)| *known == text).map_or("", |(name, _)| *name)
        }
        Target::Usage(part) => part.name(),
        Target::Content(kind) => kind.name(),
        Target::Other(name, _) => name,
        other => SPECIAL.iter().find(|(_, known)| *known == other).map_or("", |(name, _)| *name),
    }
}

/// Every canonical name: on a record that is AI these mean themselves.
pub(crate) fn identities() -> impl Iterator<Item = &'static str> {
    let special = SPECIAL.iter().map(|(name, _)| *name).filter(|name| name.contains('.'));
    let names = TEXTS.iter().map(|(name, _)| *name).chain(special);
    let names = names.chain(Part::ALL.iter().map(|part| part.name()));
    names.chain(OTHER.iter().map(|(name, _)| *name))
}
