//! Parts of messages, as the conventions, `OpenAI` (chat and responses), Anthropic, Gemini, Bedrock,
//! the AI SDK, `LangChain` and `OpenInference` write them. Their spellings do not collide, so one
//! reader has them all: clients mix them in one attribute.

use serde_json::Value as Json;

use super::Part;
use super::json::{member, or_text, owned, text};

const CALL_IDS: &[&str] =
    &["id", "toolCallId", "tool_call_id", "call_id", "toolUseId", "tool_use_id", "callId"];
const RESULT_IDS: &[&str] =
    &["tool_call_id", "toolCallId", "tool_use_id", "toolUseId", "call_id", "callId", "id"];
const TOOL_NAMES: &[&str] = &["name", "toolName", "tool_name"];
const ARGUMENTS: &[&str] = &["arguments", "args", "input", "parameters"];
const RESULTS: &[&str] = &["response", "result", "output", "content"];
const MIMES: &[&str] =
    &["mime_type", "mimeType", "media_type", "mediaType", "mimetype", "content_type"];

/// The parts of a message's content: a text, a part, or a list of both.
pub(super) fn parts(content: &Json) -> Vec<Part> {
    match content {
        Json::Null => Vec::new(),
        Json::Array(items) => items.iter().flat_map(parts).collect(),
        Json::String(text) if text.is_empty() => Vec::new(),
        other => vec![part(other)],
    }
}

/// One part.
pub(super) fn part(json: &Json) -> Part {
    match json {
        Json::String(text) => Part::Text(text.clone()),
        Json::Object(_) => {
            // OpenInference wraps each part; a call stands beside what says that it is one.
            if let Some(call) = json.get("tool_call").and_then(|_| tool_call(json)) {
                return call;
            }
            let inner = json.get("message_content").filter(|inner| inner.is_object());
            let json = inner.unwrap_or(json);
            let found = match json.get("type").and_then(Json::as_str) {
                Some(kind) => typed(kind, json),
                None => untyped(json),
            };
            found.unwrap_or_else(|| other(json, "json"))
        }
        other_json => other(other_json, "json"),
    }
}

/// A part that no form is known for.
pub(super) fn other(json: &Json, kind: &str) -> Part {
    let own = json.get("type").and_then(Json::as_str);
    Part::Other { kind: own.unwrap_or(kind).to_owned(), json: json.clone() }
}

fn typed(kind: &str, json: &Json) -> Option<Part> {
    match kind {
        "text" | "input_text" | "output_text" | "summary_text" | "TextContent" => {
            let plain = member(json, &["content", "text"])?.as_str()?;
            Some(Part::Text(plain.to_owned()))
        }
        "reasoning" | "thinking" | "redacted_thinking" | "reasoning_text" => reasoning(json),
        "tool_call" | "tool-call" | "tool_use" | "function_call" | "function" | "toolUse"
        | "custom_tool_call" => tool_call(json),
        "tool_call_response"
        | "tool-result"
        | "tool_result"
        | "function_call_output"
        | "function_response"
        | "toolResult"
        | "custom_tool_call_output" => Some(tool_result(json)),
        "image_url" | "image" | "input_image" | "image-url" => media("image", json, 0),
        "input_audio" | "audio" | "audio-url" => media("audio", json, 0),
        "video" | "video_url" | "video-url" => media("video", json, 0),
        "document" | "document-url" => media("document", json, 0),
        // A file that is only an id has no form: it is kept whole.
        "file" | "input_file" | "media" | "binary" | "blob" | "uri" => {
            media(&modality(json), json, 0)
        }
        _ => None,
    }
}

/// Gemini and Bedrock tell parts apart by their members.
fn untyped(json: &Json) -> Option<Part> {
    if member(json, &["functionCall", "function_call", "toolUse", "tool_call"]).is_some()
        || (json.get("function").is_some_and(Json::is_object))
    {
        return tool_call(json);
    }
    if let Some(inner) =
        member(json, &["functionResponse", "function_response", "toolResult", "tool_result"])
    {
        return Some(tool_result(inner));
    }
    if let Some(inner) = json.get("reasoningContent") {
        let inner = inner.get("reasoningText").unwrap_or(inner);
        return reasoning(inner);
    }
    if let Some(plain) = json.get("text").and_then(Json::as_str) {
        let is_thought = json.get("thought").and_then(Json::as_bool).unwrap_or(false);
        let plain = plain.to_owned();
        return Some(if is_thought { Part::Reasoning(plain) } else { Part::Text(plain) });
    }
    if let Some(inner) = member(json, &["inlineData", "inline_data", "fileData", "file_data"]) {
        return media(&modality(inner), inner, 0);
    }
    ["image", "document", "video", "audio"].into_iter().find_map(|kind| {
        json.get(kind).filter(|inner| inner.is_object()).and_then(|inner| media(kind, inner, 0))
    })
}

fn reasoning(json: &Json) -> Option<Part> {
    const NAMES: &[&str] = &["content", "thinking", "text", "reasoning", "summary", "data"];
    let found = NAMES.iter().filter_map(|name| json.get(name));
    // Some clients write the provider's list as text.
    let mut texts = found.map(|json| all_text(&or_text(json))).filter(|text| !text.is_empty());
    Some(Part::Reasoning(texts.next()?))
}

/// The texts of a text, a part or a list of parts, one after the other.
pub(super) fn all_text(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            let texts: Vec<String> = items.iter().map(all_text).filter(|t| !t.is_empty()).collect();
            texts.join("\n")
        }
        Json::Object(_) => text(json, &["text", "content", "thinking"]).unwrap_or_default().into(),
        _ => String::new(),
    }
}

/// A call of a tool, in any of the envelopes that calls come in.
pub(super) fn tool_call(json: &Json) -> Option<Part> {
    const ENVELOPES: &[&str] =
        &["tool_call", "function", "functionCall", "function_call", "toolUse"];
    let mut inner = json;
    let mut id = owned(json, CALL_IDS);
    for _ in 0..2 {
        let Some(next) = member(inner, ENVELOPES).filter(|next| next.is_object()) else { break };
        inner = next;
        id = id.or_else(|| owned(inner, CALL_IDS));
    }
    // The item of the responses API has an id of its own beside that of the call.
    let id = owned(json, &["call_id"]).or(id);
    let name = text(inner, TOOL_NAMES)?.to_owned();
    let arguments = member(inner, ARGUMENTS).map_or(Json::Null, or_text);
    Some(Part::ToolCall { id, name, arguments })
}

fn tool_result(json: &Json) -> Part {
    let result = simplified(member(json, RESULTS).unwrap_or(&Json::Null));
    Part::ToolResult {
        id: owned(json, RESULT_IDS),
        name: text(json, TOOL_NAMES).map(str::to_owned),
        result,
    }
}

/// A result without the envelope that says that it is text.
pub(super) fn simplified(result: &Json) -> Json {
    let kind = result.get("type").and_then(Json::as_str).unwrap_or_default();
    if matches!(kind, "text" | "json" | "error-text" | "error-json" | "content")
        && let Some(value) = result.get("value")
    {
        return value.clone();
    }
    if let Json::Array(items) = result
        && let [item] = items.as_slice()
        && (kind_is_text(item) || item.as_object().is_some_and(|members| members.len() == 1))
        && let Some(plain) = item.get("text").filter(|plain| plain.is_string())
    {
        return plain.clone();
    }
    result.clone()
}

fn kind_is_text(json: &Json) -> bool {
    json.get("type").and_then(Json::as_str) == Some("text")
}

/// What kind of data a part says that it is.
fn modality(json: &Json) -> String {
    if let Some(said) = text(json, &["modality"]) {
        return said.to_owned();
    }
    let mime = text(json, MIMES).unwrap_or_default();
    match mime.split('/').next() {
        Some(kind @ ("image" | "audio" | "video")) => kind.to_owned(),
        _ => "document".to_owned(),
    }
}

/// Data or where it is, in the part or up to three envelopes below it.
fn media(modality: &str, json: &Json, depth: usize) -> Option<Part> {
    const PLACES: &[&str] = &[
        "uri",
        "url",
        "image_url",
        "file_url",
        "audio_url",
        "fileUri",
        "file_uri",
        "data",
        "content",
        "image",
        "bytes",
        "file_data",
        "base64",
        "source",
        "input_audio",
        "audio",
        "file",
        "s3Location",
    ];
    const DEPTH_MAX: usize = 3;
    let mime = text(json, MIMES).map(str::to_owned);
    let format = || text(json, &["format"]).map(|format| format!("{modality}/{format}"));
    for place in PLACES {
        match json.get(place) {
            Some(Json::String(data)) if !data.is_empty() => {
                return Some(data_or_uri(modality, mime.or_else(format), data));
            }
            Some(inner @ Json::Object(_)) if depth < DEPTH_MAX => {
                let Some(mut found) = media(modality, inner, depth + 1) else { continue };
                if let Part::Blob { mime: own, .. } | Part::Uri { mime: own, .. } = &mut found {
                    *own = own.take().or(mime).or_else(format);
                }
                return Some(found);
            }
            _ => {}
        }
    }
    None
}

fn data_or_uri(modality: &str, mime: Option<String>, data: &str) -> Part {
    let modality = modality.to_owned();
    if let Some((head, base64)) = data.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        let said = head.split(';').next().filter(|said| !said.is_empty()).map(str::to_owned);
        return Part::Blob { modality, mime: said.or(mime), base64: base64.to_owned() };
    }
    // A scheme is short, and Base64 has no colon.
    let is_uri = data.bytes().take(16).any(|byte| byte == b':');
    if is_uri {
        Part::Uri { modality, mime, uri: data.to_owned() }
    } else {
        Part::Blob { modality, mime, base64: data.to_owned() }
    }
}
