//! Content in one form, whatever the dialect: messages with a role and parts, as the current
//! conventions have them. What [`crate::Canonical::content`] points at is read here.
//!
//! | file | what it does |
//! |---|---|
//! | `source` | from a reference to content to the values that it points at |
//! | `decode` | one arm for each encoding, and which pieces belong together |
//! | `json`, `python` | texts and attribute values to trees |
//! | `message`, `part` | trees of every provider's JSON to messages and parts |
//! | `flat` | messages that are flattened over attributes |
//! | `other` | tools, documents, results and variables |
//! | `write` | messages to the conventions' JSON |
//!
//! Nothing is lost: what cannot be read stands as text in a message that says why. Members that the
//! form has no place for are not in it; the original stays readable where it was.

mod decode;
mod flat;
mod json;
mod message;
mod other;
mod part;
mod python;
mod source;
mod write;

use crate::canonical::Canonical;
use crate::content::ContentKind;
use crate::input::{LogInput, SpanInput};
use crate::normalise::Normaliser;

pub use write::to_json;

/// Longest text that is read as JSON, in bytes; a longer one stays the text it is.
pub const DECODE_BYTES_MAX: usize = 32 << 20;

/// Deepest nesting of a value that is read; the JSON reader has the same limit.
pub const DEPTH_MAX: usize = 128;

/// Who a message is from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Role {
    /// Instructions of the operator.
    System,
    /// A person, or what asks in the place of one.
    User,
    /// The model.
    Assistant,
    /// A tool that was called.
    Tool,
    /// Instructions of the developer, where they are told apart from the operator's.
    Developer,
    /// As the client says it.
    Other(Box<str>),
}

impl Role {
    /// The role in the conventions' spelling.
    pub fn name(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Developer => "developer",
            Self::Other(name) => name,
        }
    }

    /// The role of any client's spelling.
    pub fn named(name: &str) -> Self {
        match name {
            "system" | "System" | "SYSTEM" | "SystemMessage" | "SystemMessageChunk" => Self::System,
            "user" | "human" | "User" | "USER" | "HumanMessage" | "HumanMessageChunk" => Self::User,
            "assistant" | "ai" | "model" | "Assistant" | "ASSISTANT" | "AIMessage"
            | "AIMessageChunk" => Self::Assistant,
            "tool" | "function" | "Tool" | "TOOL" | "ToolMessage" | "FunctionMessage" => Self::Tool,
            "developer" => Self::Developer,
            other => Self::Other(other.into()),
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Who it is from.
    pub role: Role,
    /// What it says, in order.
    pub parts: Vec<Part>,
    /// Name of who it is from, where it has one.
    pub name: Option<String>,
    /// Why the model stopped, in the conventions' spelling where the rules know it.
    pub finish_reason: Option<String>,
    /// Why this is the raw text; `None` if it was understood.
    pub undecoded: Option<Undecoded>,
}

impl Message {
    pub(crate) fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts, name: None, finish_reason: None, undecoded: None }
    }
}

/// Why content could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Undecoded {
    /// The text ends in the middle.
    Truncated,
    /// The text is not what it should be.
    Malformed,
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// Longer than [`DECODE_BYTES_MAX`].
    TooLong,
    /// A value of a type that cannot hold content.
    WrongType,
}

impl Undecoded {
    /// The reason as a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::TooDeep => "too_deep",
            Self::TooLong => "too_long",
            Self::WrongType => "wrong_type",
        }
    }
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// What the model thought.
    Reasoning(String),
    /// A tool is to be called.
    ToolCall {
        /// Id that the result refers to.
        id: Option<String>,
        /// The tool; empty if the client does not say.
        name: String,
        /// Its arguments: what JSON text says, if they were one.
        arguments: serde_json::Value,
    },
    /// A tool was called.
    ToolResult {
        /// Id of the call.
        id: Option<String>,
        /// The tool, where the client says.
        name: Option<String>,
        /// What it gave.
        result: serde_json::Value,
    },
    /// Data within the message.
    Blob {
        /// `image`, `audio`, `video`, `document`, or what the client says.
        modality: String,
        /// Media type.
        mime: Option<String>,
        /// The data in Base64.
        base64: String,
    },
    /// Data elsewhere.
    Uri {
        /// As for [`Part::Blob`].
        modality: String,
        /// Media type.
        mime: Option<String>,
        /// Where it is.
        uri: String,
    },
    /// Anything else, whole.
    Other {
        /// Its type, as the client names it.
        kind: String,
        /// The whole part.
        json: serde_json::Value,
    },
}

impl Part {
    /// Bytes of the data of a blob; 0 for anything else.
    pub fn blob_bytes(&self) -> usize {
        match self {
            Self::Blob { base64, .. } => {
                let digits = base64.trim_end_matches('=').len();
                digits / 4 * 3 + (digits % 4).saturating_sub(1)
            }
            _ => 0,
        }
    }
}

/// The content of a record of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// What it is.
    pub kind: ContentKind,
    /// Its messages. Instructions are one message of the system, tool definitions, documents,
    /// memory records and prompt variables are parts of one message, each a [`Part::Other`].
    pub messages: Vec<Message>,
}

impl Normaliser<'_> {
    /// The content of a span, by kind, in the order in which the span's rules found it.
    pub fn span_content(&self, span: &SpanInput<'_>, canonical: &Canonical<'_>) -> Vec<Content> {
        let source = source::Source {
            attributes: span.attributes,
            events: span.events,
            body: None,
            event_name: "",
        };
        decode::content(self.rules(), &source, canonical)
    }

    /// The content of a log record.
    pub fn log_content(&self, log: &LogInput<'_>, canonical: &Canonical<'_>) -> Vec<Content> {
        let source = source::Source {
            attributes: log.attributes,
            events: &[],
            body: log.body,
            event_name: canonical.event.as_deref().unwrap_or_default(),
        };
        decode::content(self.rules(), &source, canonical)
    }
}

#[cfg(test)]
mod tests;
