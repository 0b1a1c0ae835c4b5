//! Messages out of the JSON of every provider and framework: lists of messages, requests and
//! responses that hold them, and single ones.

use serde_json::Value as Json;

use super::json::{member, or_text, owned, text};
use super::part::{other, part, parts, simplified, tool_call};
use super::{Message, Part, Role};

const FINISHES: &[&str] = &["finish_reason", "finishReason", "stop_reason", "stopReason"];
const INSTRUCTIONS: &[&str] =
    &["system", "instructions", "system_instruction", "systemInstruction", "system_instructions"];
/// Members that hold the messages of a request, a response or a state, the first one counts.
const LISTS: &[&str] = &[
    "messages",
    "contents",
    "chat_history",
    "history",
    "choices",
    "candidates",
    "generations",
    "input",
    "prompt",
    "output",
    "update",
    "content",
    "kwargs",
    "text",
    "message",
];

/// The messages of a tree; `role` is who they are from where they do not say.
pub(super) fn messages(json: &Json, role: &Role) -> Vec<Message> {
    let mut found = Found { messages: Vec::new(), is_loose: false };
    found.collect(json, role);
    found.messages
}

struct Found {
    messages: Vec<Message>,
    /// The last message is made of parts that came without one, so that more go into it.
    is_loose: bool,
}

impl Found {
    fn collect(&mut self, json: &Json, role: &Role) {
        match json {
            Json::Null => {}
            Json::Array(items) => self.list(items, role),
            Json::Object(members) if members.is_empty() => {}
            Json::Object(_) => self.object(json, role),
            Json::String(text) if text.is_empty() => {}
            Json::String(text) => {
                self.push(Message::new(role.clone(), vec![Part::Text(text.clone())]));
            }
            scalar => self.push(Message::new(role.clone(), vec![other(scalar, "json")])),
        }
    }

    fn push(&mut self, message: Message) {
        self.is_loose = false;
        self.messages.push(message);
    }

    fn list(&mut self, items: &[Json], role: &Role) {
        for item in items {
            let is_part = item.is_object() && !is_message(item) && !is_envelope(item);
            if is_part {
                self.loose(part(item), role);
            } else {
                self.collect(item, role);
            }
        }
        self.is_loose = false;
    }

    /// A part without a message: calls are the model's, results a tool's.
    fn loose(&mut self, part: Part, role: &Role) {
        let role = match part {
            Part::ToolCall { .. } | Part::Reasoning(_) => &Role::Assistant,
            Part::ToolResult { .. } => &Role::Tool,
            _ => role,
        };
        match self.messages.last_mut().filter(|last| self.is_loose && last.role == *role) {
            Some(last) => last.parts.push(part),
            None => self.messages.push(Message::new(role.clone(), vec![part])),
        }
        self.is_loose = true;
    }

    fn object(&mut self, json: &Json, role: &Role) {
        if is_message(json) {
            return self.push(message(json, role));
        }
        let before = self.messages.len();
        self.envelope(json, role);
        if self.messages.len() == before {
            return self.loose(part(json), role);
        }
        let finish = text(json, FINISHES).or_else(|| text(json.get("generation_info")?, FINISHES));
        if let (Some(finish), Some(last)) = (finish, self.messages.last_mut())
            && last.finish_reason.is_none()
        {
            last.finish_reason = Some(finish.to_owned());
        }
    }

    /// What a request, a response, a choice or a state holds.
    fn envelope(&mut self, json: &Json, role: &Role) {
        let config = json.get("config").unwrap_or(&Json::Null);
        let system = member(json, INSTRUCTIONS).or_else(|| member(config, INSTRUCTIONS));
        if let Some(system) = system.filter(|_| is_envelope(json)) {
            self.push(Message::new(Role::System, instructions(system)));
        }
        if let Some(inner) = json.get("message").filter(|inner| inner.is_object()) {
            return self.push(message(inner, role));
        }
        // A record of both sides.
        let both = [("input", &Role::User), ("output", &Role::Assistant)];
        if both.iter().all(|(name, _)| json.get(name).is_some_and(Json::is_object)) {
            for (name, role) in both {
                self.collect(json.get(name).unwrap_or(&Json::Null), role);
            }
            return;
        }
        let role = match member(json, &["choices", "candidates", "generations", "output"]) {
            Some(_) if member(json, &["messages", "contents"]).is_none() => &Role::Assistant,
            _ => role,
        };
        for name in LISTS {
            match json.get(name) {
                None | Some(Json::Null) => {}
                Some(inner) => return self.collect(&or_text(inner), role),
            }
        }
    }
}

/// The parts of instructions, which may be a text, parts, or a message of their own.
pub(super) fn instructions(json: &Json) -> Vec<Part> {
    let messages = messages(json, &Role::System);
    messages.into_iter().flat_map(|message| message.parts).collect()
}

/// Whether an object is a message by its own account.
fn is_message(json: &Json) -> bool {
    let has_role = json.get("role").is_some_and(Json::is_string);
    let has_content =
        ["content", "parts", "text", "tool_calls"].iter().any(|name| json.get(name).is_some());
    let is_typed = json.get("type").and_then(Json::as_str).is_some_and(is_role_type);
    has_role
        || json.get("parts").is_some_and(Json::is_array)
        || (is_typed && (has_content || json.get("data").is_some_and(Json::is_object)))
        || constructor(json).is_some()
}

fn is_role_type(kind: &str) -> bool {
    kind == "message" || (kind != "function" && !matches!(Role::named(kind), Role::Other(_)))
}

fn is_envelope(json: &Json) -> bool {
    let has_type = json.get("type").is_some_and(Json::is_string);
    let is_chunk = json.get("message").is_some_and(Json::is_object);
    // Parts have content and text too; what has a type is one.
    let holds = |name: &&str| json.get(*name).is_some_and(|inner| !inner.is_null());
    let lists = if has_type { LISTS.get(..7).unwrap_or_default() } else { LISTS };
    let names =
        lists.iter().filter(|name| !matches!(**name, "content" | "kwargs" | "text" | "message"));
    let is_choice = member(json, FINISHES).is_some();
    let is_content = json.get("content").is_some_and(Json::is_object) && !has_type;
    is_chunk || is_choice || is_content || names.into_iter().any(holds)
}

/// Class and members of an object as `LangChain` serialises it.
fn constructor(json: &Json) -> Option<(&str, &Json)> {
    json.get("lc")?;
    let class = json.get("id")?.as_array()?.last()?.as_str()?;
    let is_known = !matches!(Role::named(class), Role::Other(_)) || class.ends_with("Message");
    is_known.then_some((class, json.get("kwargs")?))
}

/// A message; its members may be in an envelope.
pub(super) fn message(json: &Json, default: &Role) -> Message {
    let kind = json.get("type").and_then(Json::as_str).filter(|kind| *kind != "message");
    let (class, json) = match (constructor(json), json.get("data")) {
        (Some((class, members)), _) => (Some(class), members),
        (None, Some(data)) if data.is_object() && json.get("role").is_none() => (kind, data),
        _ => (kind, json),
    };
    let said = text(json, &["role"]).or_else(|| class.filter(|class| is_role_type(class)));
    let said = said.or_else(|| text(json, &["type"]).filter(|kind| is_role_type(kind)));
    let role = match said {
        Some("message") | None => default.clone(),
        Some(said) => Role::named(said),
    };
    let mut message = Message::new(role, Vec::new());
    message.name = text(json, &["name"]).map(str::to_owned);
    let metadata = json.get("response_metadata").unwrap_or(&Json::Null);
    let finish = text(json, FINISHES).or_else(|| text(metadata, FINISHES));
    message.finish_reason = finish.map(str::to_owned);
    message.parts = message_parts(json, &message);
    if message.role == Role::Tool {
        message.name = None;
    }
    message
}

fn message_parts(json: &Json, message: &Message) -> Vec<Part> {
    let mut found = Vec::new();
    if let Some(thought) = text(json, &["reasoning_content", "reasoning"]) {
        found.push(Part::Reasoning(thought.to_owned()));
    }
    let content = member(json, &["parts", "contents", "content", "text"]).unwrap_or(&Json::Null);
    let content_parts = parts(content);
    let has_result = content_parts.iter().any(|part| matches!(part, Part::ToolResult { .. }));
    if message.role == Role::Tool && !has_result && !content.is_null() {
        found.push(Part::ToolResult {
            id: owned(json, &["tool_call_id", "toolCallId", "id"]),
            name: message.name.clone(),
            result: simplified(content),
        });
    } else {
        found.extend(content_parts);
    }
    if let Some(refusal) = text(json, &["refusal"]) {
        let json = serde_json::json!({ "type": "refusal", "refusal": refusal });
        found.push(other(&json, "refusal"));
    }
    let more = json.get("additional_kwargs").unwrap_or(&Json::Null);
    let calls = [json, more].into_iter().find_map(|from| {
        from.get("tool_calls").and_then(Json::as_array).filter(|calls| !calls.is_empty())
    });
    for call in calls.into_iter().flatten() {
        let call = tool_call(call).unwrap_or_else(|| other(call, "tool_call"));
        // Some clients write calls among the content as well.
        if !found.iter().any(|known| is_same_call(known, &call)) {
            found.push(call);
        }
    }
    if let (None, Some(call)) = (calls, json.get("function_call").filter(|call| call.is_object())) {
        found.push(tool_call(call).unwrap_or_else(|| other(call, "function_call")));
    }
    found
}

fn is_same_call(one: &Part, two: &Part) -> bool {
    match (one, two) {
        (Part::ToolCall { id: Some(one), .. }, Part::ToolCall { id: Some(two), .. }) => one == two,
        _ => one == two,
    }
}
