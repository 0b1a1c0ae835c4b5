//! From what a record's references point at to its content: one arm for each encoding, and which
//! pieces are of one message.

use serde_json::Value as Json;

use super::json::{looks_like_json, of_value, or_text, parse, raw_text};
use super::message::{instructions, message, messages};
use super::part::{all_text, other, tool_call};
use super::source::{Found, Source};
use super::{Content, Message, Part, Role, Undecoded, flat, other as rest};
use crate::canonical::Canonical;
use crate::content::{ContentKind, ContentRef, ContentSource, Encoding};
use crate::rules::Rules;
use crate::value::Value;

/// The content of a record, by kind.
pub(super) fn content(
    rules: &Rules,
    source: &Source<'_, '_>,
    canonical: &Canonical<'_>,
) -> Vec<Content> {
    let mut all: Vec<Content> = Vec::new();
    let mut last: Option<&ContentRef<'_>> = None;
    for reference in &canonical.content {
        let found = piece(source, reference, canonical);
        let place = all.iter().position(|content| content.kind == reference.kind);
        if let Some(known) = place.and_then(|place| all.get_mut(place)) {
            join(known, found, reference, last);
        } else {
            let messages = found.into_iter().map(|(_, message)| message).collect();
            all.push(Content { kind: reference.kind, messages });
        }
        last = Some(reference);
    }
    all.retain(|content| !content.messages.is_empty());
    for content in &mut all {
        finishes(content, rules, canonical);
    }
    all
}

/// A message and its number among those of its source.
type Numbered = (u64, Message);

/// Adds a further piece: clients write the text, the reasoning and the calls of one answer to
/// attributes of their own.
fn join(
    known: &mut Content,
    found: Vec<Numbered>,
    reference: &ContentRef<'_>,
    last: Option<&ContentRef<'_>>,
) {
    let is_same_event = match (&reference.source, last.map(|last| &last.source)) {
        (
            ContentSource::SpanEvent { index, .. },
            Some(ContentSource::SpanEvent { index: before, .. }),
        ) => index == before,
        _ => false,
    };
    let is_attribute =
        !matches!(reference.source, ContentSource::SpanEvent { .. } | ContentSource::Body);
    let is_of_answer = known.kind == ContentKind::OutputMessages
        && is_attribute
        && matches!(
            reference.encoding,
            Encoding::Text | Encoding::Reasoning | Encoding::ToolCalls | Encoding::VercelToolCalls
        );
    let is_instructions = known.kind == ContentKind::SystemInstructions;
    let by_number = reference.encoding == Encoding::IndexedFlat;
    for (number, message) in found {
        let target = if by_number {
            let place = usize::try_from(number).ok();
            place.and_then(|place| known.messages.get_mut(place)).filter(|m| m.parts.is_empty())
        } else if is_same_event || is_of_answer || is_instructions {
            known.messages.last_mut()
        } else {
            None
        };
        let is_whole = |one: &Message| one.undecoded.is_none();
        match target.filter(|t| t.role == message.role && is_whole(t) && is_whole(&message)) {
            Some(target) => {
                target.parts.extend(message.parts);
                target.finish_reason = target.finish_reason.take().or(message.finish_reason);
            }
            None => known.messages.push(message),
        }
    }
}

/// Spells finish reasons as the conventions do, and fills in what stood apart from the messages.
fn finishes(content: &mut Content, rules: &Rules, canonical: &Canonical<'_>) {
    if content.kind == ContentKind::OutputMessages
        && content.messages.len() == canonical.finish_reasons.len()
    {
        for (message, reason) in content.messages.iter_mut().zip(&canonical.finish_reasons) {
            message.finish_reason.get_or_insert_with(|| reason.to_string());
        }
    }
    for reason in content.messages.iter_mut().filter_map(|message| message.finish_reason.as_mut()) {
        let lower = reason.to_lowercase();
        let canonical = rules.finish_reason.get(&*lower).map(ToString::to_string);
        *reason = canonical.unwrap_or(lower);
    }
}

fn piece(
    source: &Source<'_, '_>,
    reference: &ContentRef<'_>,
    canonical: &Canonical<'_>,
) -> Vec<Numbered> {
    let event = source.event_at(&reference.source);
    let role = default_role(reference.kind, event);
    let numbered = |messages: Vec<Message>| (0..).zip(messages).collect();
    match source.find(&reference.source) {
        None => Vec::new(),
        Some(Found::Many(found)) => {
            let decoded = many(&found, reference, &role, canonical);
            decoded.unwrap_or_else(|why| {
                let texts: Vec<String> = found
                    .iter()
                    .map(|(_, rest, value)| format!("{rest}: {}", raw_text(value)))
                    .collect();
                numbered(vec![undecoded(role, texts.join("\n"), why)])
            })
        }
        Some(Found::One(value)) => match tree(&value, reference) {
            Ok(Json::Null) => Vec::new(),
            Ok(tree) => numbered(one(&tree, reference, &role, canonical)),
            Err(why) => numbered(vec![undecoded(role, raw_text(&value), why)]),
        },
    }
}

fn undecoded(role: Role, text: String, why: Undecoded) -> Message {
    Message { undecoded: Some(why), ..Message::new(role, vec![Part::Text(text)]) }
}

/// Who content is from where it does not say.
fn default_role(kind: ContentKind, event: &str) -> Role {
    match event {
        "gen_ai.system.message" => Role::System,
        "gen_ai.user.message" | "gen_ai.content.prompt" => Role::User,
        "gen_ai.assistant.message" | "gen_ai.choice" | "gen_ai.content.completion" => {
            Role::Assistant
        }
        "gen_ai.tool.message" => Role::Tool,
        _ => match kind {
            ContentKind::OutputMessages | ContentKind::ToolArguments => Role::Assistant,
            ContentKind::SystemInstructions | ContentKind::ToolDefinitions => Role::System,
            ContentKind::ToolResult
            | ContentKind::RetrievalDocuments
            | ContentKind::MemoryRecords => Role::Tool,
            ContentKind::InputMessages
            | ContentKind::RetrievalQuery
            | ContentKind::MemoryQuery
            | ContentKind::PromptVariables => Role::User,
        },
    }
}

/// Whether content of this kind is a conversation.
fn is_conversation(kind: ContentKind) -> bool {
    matches!(
        kind,
        ContentKind::InputMessages | ContentKind::OutputMessages | ContentKind::SystemInstructions
    )
}

/// The tree of a value, by its encoding; plain text is a tree of one text.
fn tree(value: &Value<'_>, reference: &ContentRef<'_>) -> Result<Json, Undecoded> {
    let text = match value {
        Value::Str(text) => &**text,
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => return Err(Undecoded::WrongType),
        },
        Value::Bool(_) | Value::Int(_) | Value::Double(_) if is_conversation(reference.kind) => {
            return Err(Undecoded::WrongType);
        }
        other => return of_value(other),
    };
    let is_structure = text.trim_start().starts_with(['{', '[']);
    let plain = || Ok(Json::from(text));
    let read = |text: &str| match parse(text)? {
        // Every value of some clients is JSON text, texts too.
        Json::String(inner) => Ok(or_text(&Json::String(inner))),
        tree => Ok(tree),
    };
    match reference.encoding {
        Encoding::Text => {
            let is_inner = matches!(&reference.source, ContentSource::Attribute { path, .. } if !path.is_empty());
            if is_inner && is_structure { read(text).or_else(|_| plain()) } else { plain() }
        }
        Encoding::Reasoning | Encoding::JsonOrText | Encoding::EventBody => {
            if !looks_like_json(text) {
                return plain();
            }
            match read(text) {
                // What only begins like JSON is text; what ends too early was JSON.
                Err(Undecoded::Malformed) => plain(),
                Err(Undecoded::Truncated) if !is_structure => plain(),
                other => other,
            }
        }
        // The content of a message may be a plain text in these.
        Encoding::OpenAi
        | Encoding::Gemini
        | Encoding::Bedrock
        | Encoding::Vercel
        | Encoding::LangChain
            if !is_structure =>
        {
            read(text).or_else(|_| plain())
        }
        Encoding::PythonRepr => super::python::parse(text).ok_or(Undecoded::Malformed),
        _ if !is_conversation(reference.kind) && !is_structure => read(text).or_else(|_| plain()),
        _ => read(text),
    }
}

/// The messages of a tree.
fn one(
    tree: &Json,
    reference: &ContentRef<'_>,
    role: &Role,
    canonical: &Canonical<'_>,
) -> Vec<Message> {
    match reference.kind {
        ContentKind::SystemInstructions => {
            let body = if reference.encoding == Encoding::EventBody {
                tree.get("content").unwrap_or(tree)
            } else {
                tree
            };
            return vec![Message::new(Role::System, instructions(body))];
        }
        kind if !is_conversation(kind) => return vec![rest::message(kind, tree, canonical)],
        _ => {}
    }
    match reference.encoding {
        Encoding::Text if tree.is_string() => {
            vec![Message::new(role.clone(), vec![Part::Text(all_text(tree))])]
        }
        Encoding::Reasoning => {
            vec![Message::new(Role::Assistant, vec![Part::Reasoning(all_text(tree))])]
        }
        Encoding::ToolCalls | Encoding::VercelToolCalls => {
            let calls = match tree {
                Json::Array(calls) => calls.as_slice(),
                call => std::slice::from_ref(call),
            };
            let calls = calls.iter().map(or_text);
            let part = |call| tool_call(&call).unwrap_or_else(|| other(&call, "tool_call"));
            vec![Message::new(Role::Assistant, calls.map(part).collect())]
        }
        Encoding::EventBody => event_body(tree, role),
        Encoding::JsonList => match tree {
            Json::Array(items) => messages(&items.iter().map(or_text).collect(), role),
            tree => messages(tree, role),
        },
        _ => messages(tree, role),
    }
}

/// The payload of an event that is one message, or one choice.
fn event_body(tree: &Json, role: &Role) -> Vec<Message> {
    let is_message = ["content", "tool_calls", "role"].iter().any(|name| tree.get(name).is_some());
    if is_message && tree.get("message").is_none() {
        return vec![message(tree, role)];
    }
    messages(tree, role)
}

fn many(
    found: &flat::Flat<'_, '_>,
    reference: &ContentRef<'_>,
    role: &Role,
    canonical: &Canonical<'_>,
) -> Result<Vec<Numbered>, Undecoded> {
    if !is_conversation(reference.kind) {
        let message = rest::flattened(reference.kind, found, canonical)?;
        return Ok(vec![(0, message)]);
    }
    match reference.encoding {
        Encoding::IndexedTexts => {
            let text = |(number, _, value): &(u64, &str, &Value<'_>)| {
                (*number, Message::new(role.clone(), vec![Part::Text(raw_text(value))]))
            };
            Ok(found.iter().map(text).collect())
        }
        _ => flat::messages(found, role),
    }
}
