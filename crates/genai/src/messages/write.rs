//! Content as JSON in the form of the conventions: lists of messages, of parts, of definitions.

use serde_json::{Map, Value as Json, json};

use super::{Content, Message, Part};
use crate::content::ContentKind;

/// The value of the attribute that the conventions have for content of this kind. A message that
/// was not understood has a member `undecoded` with the reason.
pub fn to_json(content: &Content) -> String {
    value(content).to_string()
}

fn value(content: &Content) -> Json {
    let parts = || content.messages.iter().flat_map(|message| &message.parts);
    let is_whole = content.messages.iter().all(|message| message.undecoded.is_none());
    match content.kind {
        _ if !is_whole => messages(content),
        ContentKind::InputMessages | ContentKind::OutputMessages => messages(content),
        ContentKind::SystemInstructions => parts().map(part).collect(),
        ContentKind::ToolDefinitions
        | ContentKind::RetrievalDocuments
        | ContentKind::MemoryRecords => parts().map(whole).collect(),
        ContentKind::PromptVariables => {
            let mut members = Map::new();
            for part in parts() {
                match whole(part) {
                    Json::Object(one) => members.extend(one),
                    other => drop(members.insert("value".to_owned(), other)),
                }
            }
            Json::Object(members)
        }
        ContentKind::ToolArguments
        | ContentKind::ToolResult
        | ContentKind::RetrievalQuery
        | ContentKind::MemoryQuery => {
            let mut all: Vec<Json> = parts().map(whole).collect();
            if all.len() == 1 { all.pop().unwrap_or_default() } else { Json::Array(all) }
        }
    }
}

fn messages(content: &Content) -> Json {
    content.messages.iter().map(message).collect()
}

/// What a part is about, without its envelope.
fn whole(part: &Part) -> Json {
    match part {
        Part::Other { json, .. } => json.clone(),
        Part::ToolCall { arguments, .. } => arguments.clone(),
        Part::ToolResult { result, .. } => result.clone(),
        Part::Text(text) => Json::from(text.as_str()),
        other => self::part(other),
    }
}

fn message(message: &Message) -> Json {
    let mut members = Map::new();
    members.insert("role".to_owned(), message.role.name().into());
    members.insert("parts".to_owned(), message.parts.iter().map(part).collect());
    let more = [
        ("name", message.name.as_deref()),
        ("finish_reason", message.finish_reason.as_deref()),
        ("undecoded", message.undecoded.map(super::Undecoded::name)),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            members.insert(name.to_owned(), value.into());
        }
    }
    Json::Object(members)
}

fn part(part: &Part) -> Json {
    let mut json = match part {
        Part::Text(text) => json!({ "type": "text", "content": text }),
        Part::Reasoning(text) => json!({ "type": "reasoning", "content": text }),
        Part::ToolCall { id, name, arguments } => {
            json!({ "type": "tool_call", "id": id, "name": name, "arguments": arguments })
        }
        Part::ToolResult { id, name, result } => {
            json!({ "type": "tool_call_response", "id": id, "name": name, "response": result })
        }
        Part::Blob { modality, mime, base64 } => {
            json!({ "type": "blob", "modality": modality, "mime_type": mime, "content": base64 })
        }
        Part::Uri { modality, mime, uri } => {
            json!({ "type": "uri", "modality": modality, "mime_type": mime, "uri": uri })
        }
        Part::Other { kind, json } => match json {
            Json::Object(members) => {
                let mut typed = Map::new();
                typed.insert("type".to_owned(), kind.as_str().into());
                typed.extend(members.iter().map(|(name, value)| (name.clone(), value.clone())));
                return Json::Object(typed);
            }
            other => json!({ "type": kind, "value": other }),
        },
    };
    // Null says nothing here, but for what a tool was given or gave.
    if let Json::Object(members) = &mut json {
        members.retain(|name, value| !value.is_null() || name == "response");
    }
    json
}
