//! Where the content of a record stands and how it is written down: which attribute, event or body
//! holds messages, and in which encoding. Decoding is not done here.

use std::borrow::Cow;
use std::sync::Arc;

/// What the content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentKind {
    /// What the model was asked.
    InputMessages,
    /// What the model answered.
    OutputMessages,
    /// Instructions that stand apart from the messages.
    SystemInstructions,
    /// The tools on offer.
    ToolDefinitions,
    /// Arguments of a tool call.
    ToolArguments,
    /// Result of a tool call.
    ToolResult,
    /// The query of a retrieval.
    RetrievalQuery,
    /// The documents it found.
    RetrievalDocuments,
    /// The query to a memory.
    MemoryQuery,
    /// The records of a memory.
    MemoryRecords,
    /// Variables of a prompt template.
    PromptVariables,
}

impl ContentKind {
    /// The canonical attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputMessages => "gen_ai.input.messages",
            Self::OutputMessages => "gen_ai.output.messages",
            Self::SystemInstructions => "gen_ai.system_instructions",
            Self::ToolDefinitions => "gen_ai.tool.definitions",
            Self::ToolArguments => "gen_ai.tool.call.arguments",
            Self::ToolResult => "gen_ai.tool.call.result",
            Self::RetrievalQuery => "gen_ai.retrieval.query.text",
            Self::RetrievalDocuments => "gen_ai.retrieval.documents",
            Self::MemoryQuery => "gen_ai.memory.query.text",
            Self::MemoryRecords => "gen_ai.memory.records",
            Self::PromptVariables => "gen_ai.prompt.variables",
        }
    }
}

/// Where the content stands.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentSource<'a> {
    /// In this attribute, below this path of names (empty: the whole value).
    Attribute {
        /// Name of the attribute.
        name: Cow<'a, str>,
        /// Names to follow within the value.
        path: Arc<[Box<str>]>,
    },
    /// Flattened over the attributes that match this pattern (`#` is a number, `*` any rest).
    Attributes {
        /// The pattern, for instance `gen_ai.prompt.#.*`.
        pattern: Arc<str>,
    },
    /// In an attribute of a span event.
    SpanEvent {
        /// Place of the event among the span's events.
        index: usize,
        /// Name of the attribute within the event.
        attribute: Cow<'a, str>,
    },
    /// In the body of the log record.
    Body,
}

/// How content is written down. One decoder each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The current conventions' JSON, as text or structured.
    Json,
    /// Plain text; the role follows from the kind of content.
    Text,
    /// JSON if it parses, plain text otherwise.
    JsonOrText,
    /// `OpenAI` chat or responses JSON: messages, a request, or a response with choices.
    OpenAi,
    /// Gemini contents.
    Gemini,
    /// Bedrock Converse content.
    Bedrock,
    /// Prompt messages of the AI SDK.
    Vercel,
    /// Tool calls of the AI SDK.
    VercelToolCalls,
    /// Reasoning text.
    Reasoning,
    /// Attributes `<prefix>.<N>.role` and so on, as `OpenLLMetry` flattens them.
    IndexedFlat,
    /// Attributes `<prefix>.<N>.message.role` and so on, as `OpenInference` flattens them.
    IndexedMessages,
    /// Attributes `<prefix>.<N>.<member>` of tool definitions.
    IndexedTools,
    /// Attributes `retrieval.documents.<N>.document.<member>`.
    IndexedDocuments,
    /// Attributes `<prefix>.<N>...text` of texts.
    IndexedTexts,
    /// Payload of an event that stands for one message.
    EventBody,
    /// JSON list of tool calls.
    ToolCalls,
    /// A Python `repr`.
    PythonRepr,
    /// A list of JSON texts.
    JsonList,
    /// JSON list of names.
    Names,
    /// `LangChain` messages or documents as it serialises them.
    LangChain,
}

impl Encoding {
    /// The name in the table of rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::JsonOrText => "json_or_text",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
            Self::Vercel => "vercel",
            Self::VercelToolCalls => "vercel_tool_calls",
            Self::Reasoning => "reasoning",
            Self::IndexedFlat => "indexed_flat",
            Self::IndexedMessages => "indexed_messages",
            Self::IndexedTools => "indexed_tools",
            Self::IndexedDocuments => "indexed_documents",
            Self::IndexedTexts => "indexed_texts",
            Self::EventBody => "event_body",
            Self::ToolCalls => "tool_calls",
            Self::PythonRepr => "python_repr",
            Self::JsonList => "json_list",
            Self::Names => "names",
            Self::LangChain => "langchain",
        }
    }

    const ALL: [Self; 20] = [
        Self::Json,
        Self::Text,
        Self::JsonOrText,
        Self::OpenAi,
        Self::Gemini,
        Self::Bedrock,
        Self::Vercel,
        Self::VercelToolCalls,
        Self::Reasoning,
        Self::IndexedFlat,
        Self::IndexedMessages,
        Self::IndexedTools,
        Self::IndexedDocuments,
        Self::IndexedTexts,
        Self::EventBody,
        Self::ToolCalls,
        Self::PythonRepr,
        Self::JsonList,
        Self::Names,
        Self::LangChain,
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }
}

/// A piece of content: several pieces of one kind are one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentRef<'a> {
    /// What it is.
    pub kind: ContentKind,
    /// Where it stands.
    pub source: ContentSource<'a>,
    /// How it is written.
    pub encoding: Encoding,
}
