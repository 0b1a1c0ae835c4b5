//! Content that is not a conversation: tools on offer, what a tool was given and gave, documents,
//! records of a memory, variables of a prompt. Each is one message.

use serde_json::{Map, Value as Json, json};

use super::flat::{self, Flat};
use super::json::{member, or_text, text};
use super::part::{all_text, simplified};
use super::{Message, Part, Role, Undecoded};
use crate::canonical::Canonical;
use crate::content::ContentKind;

/// A tree of a kind that is no conversation.
pub(super) fn message(kind: ContentKind, tree: &Json, canonical: &Canonical<'_>) -> Message {
    match kind {
        ContentKind::ToolDefinitions => Message::new(Role::System, definitions(tree)),
        ContentKind::ToolArguments => {
            Message::new(Role::Assistant, vec![arguments(tree, canonical)])
        }
        ContentKind::ToolResult => Message::new(Role::Tool, vec![result(tree, canonical)]),
        ContentKind::RetrievalQuery | ContentKind::MemoryQuery => {
            let query = match all_text(tree) {
                query if query.is_empty() => tree.to_string(),
                query => query,
            };
            Message::new(Role::User, vec![Part::Text(query)])
        }
        ContentKind::RetrievalDocuments => {
            Message::new(Role::Tool, each(tree, &["documents", "results"], "document"))
        }
        ContentKind::MemoryRecords => {
            Message::new(Role::Tool, each(tree, &["records", "memories"], "memory_record"))
        }
        ContentKind::PromptVariables => Message::new(Role::User, variables(tree)),
        // Conversations do not come here.
        ContentKind::InputMessages
        | ContentKind::OutputMessages
        | ContentKind::SystemInstructions => Message::new(Role::User, each(tree, &[], "json")),
    }
}

/// The same of flattened attributes.
pub(super) fn flattened(
    kind: ContentKind,
    flat: &Flat<'_, '_>,
    canonical: &Canonical<'_>,
) -> Result<Message, Undecoded> {
    if kind == ContentKind::PromptVariables {
        let mut members = Map::new();
        for (_, name, value) in flat {
            members.insert((*name).to_owned(), super::json::of_value(value)?);
        }
        return Ok(message(kind, &Json::Object(members), canonical));
    }
    let trees = flat::trees(flat)?.into_iter().map(|(_, tree)| {
        let inner = member(&tree, &["document", "tool"]).unwrap_or(&tree);
        or_text(inner.get("json_schema").unwrap_or(inner))
    });
    Ok(message(kind, &Json::Array(trees.collect()), canonical))
}

/// The members of a list, whole; the list may be a member itself.
fn each(tree: &Json, lists: &[&str], kind: &str) -> Vec<Part> {
    let part = |json: &Json| Part::Other { kind: kind.to_owned(), json: or_text(json) };
    let list = member(tree, lists).filter(|list| list.is_array()).unwrap_or(tree);
    match list {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().map(part).collect(),
        one => vec![part(one)],
    }
}

fn variables(tree: &Json) -> Vec<Part> {
    let one = |(name, value): (&String, &Json)| Part::Other {
        kind: "variable".to_owned(),
        json: json!({ name: value }),
    };
    match tree {
        Json::Object(members) => members.iter().map(one).collect(),
        other => each(other, &[], "variable"),
    }
}

fn definitions(tree: &Json) -> Vec<Part> {
    const LISTS: &[&str] =
        &["functionDeclarations", "function_declarations", "tools", "function_tools"];
    match or_text(tree) {
        Json::Array(items) => items.iter().flat_map(definitions).collect(),
        Json::Null => Vec::new(),
        tree => match member(&tree, LISTS).filter(|list| list.is_array()) {
            Some(list) => definitions(list),
            None => vec![definition(&tree)],
        },
    }
}

/// A tool in the conventions' form; one without a name stays as it is.
fn definition(tree: &Json) -> Part {
    const PARAMETERS: &[&str] = &[
        "parameters",
        "inputSchema",
        "input_schema",
        "parameters_json_schema",
        "parametersJsonSchema",
    ];
    if let Json::String(name) = tree {
        let json = json!({ "type": "function", "name": name });
        return Part::Other { kind: "function".to_owned(), json };
    }
    let inner = member(tree, &["function", "toolSpec"]).filter(|inner| inner.is_object());
    let inner = inner.unwrap_or(tree);
    let kind = text(tree, &["type"]).unwrap_or("function");
    // A schema of parameters alone says `object` and has no name.
    let Some(name) = text(inner, &["name"]).filter(|_| kind != "object") else {
        let kind = if kind == "object" { "schema" } else { kind };
        return Part::Other { kind: kind.to_owned(), json: tree.clone() };
    };
    if kind != "function" && member(inner, PARAMETERS).is_none() {
        return Part::Other { kind: kind.to_owned(), json: tree.clone() };
    }
    let mut json = json!({ "type": "function", "name": name });
    if let Some(members) = json.as_object_mut() {
        if let Some(description) = member(inner, &["description"]) {
            members.insert("description".to_owned(), description.clone());
        }
        if let Some(schema) = member(inner, PARAMETERS) {
            let schema = schema.get("json").unwrap_or(schema);
            members.insert("parameters".to_owned(), or_text(schema));
        }
    }
    Part::Other { kind: "function".to_owned(), json }
}

fn arguments(tree: &Json, canonical: &Canonical<'_>) -> Part {
    Part::ToolCall {
        id: canonical.tool_call_id.as_deref().map(str::to_owned),
        name: canonical.tool_name.as_deref().unwrap_or_default().to_owned(),
        arguments: tree.clone(),
    }
}

/// What a tool gave, out of the message that some frameworks make of it.
fn result(tree: &Json, canonical: &Canonical<'_>) -> Part {
    let is_message = tree.get("type").and_then(Json::as_str) == Some("tool");
    let envelope = match tree.get("data").filter(|data| data.is_object()) {
        Some(data) if is_message => data,
        _ => tree,
    };
    let content = envelope.get("content").filter(|_| is_message);
    Part::ToolResult {
        id: canonical.tool_call_id.as_deref().map(str::to_owned),
        name: canonical.tool_name.as_deref().map(str::to_owned),
        result: simplified(content.unwrap_or(tree)),
    }
}
