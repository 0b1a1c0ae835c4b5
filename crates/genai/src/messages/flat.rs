//! Messages, tools, documents and texts that are flattened over attributes
//! (`llm.input_messages.0.message.tool_calls.1.tool_call.id`), put together again.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::json::{of_value, or_text};
use super::message::message;
use super::{Message, Part, Role, Undecoded};
use crate::value::Value;

/// Names within names that are followed; the rest of a deeper name is one name.
const STEPS_MAX: usize = 12;

/// Attributes below one name: number, rest of the name, value; sorted by number.
pub(super) type Flat<'s, 'a> = [(u64, &'s str, &'s Value<'a>)];

/// One tree for each number, in their order.
pub(super) fn trees(flat: &Flat<'_, '_>) -> Result<Vec<(u64, Json)>, Undecoded> {
    let groups = flat.chunk_by(|(one, ..), (two, ..)| one == two);
    groups
        .map(|group| {
            let mut node = Node::default();
            for (_, rest, value) in group {
                node.put(rest, of_value(value)?, 0);
            }
            Ok((group.first().map_or(0, |(number, ..)| *number), node.into_json()))
        })
        .collect()
}

/// One message for each number.
pub(super) fn messages(flat: &Flat<'_, '_>, role: &Role) -> Result<Vec<(u64, Message)>, Undecoded> {
    let one = |(number, tree): (u64, Json)| {
        let tree = match tree {
            Json::Object(mut members) => match members.remove("message") {
                Some(inner @ Json::Object(_)) => inner,
                Some(other) => {
                    members.insert("message".to_owned(), other);
                    Json::Object(members)
                }
                None => Json::Object(members),
            },
            Json::String(text) => serde_json::json!({ "content": text }),
            other => other,
        };
        let mut found = message(&with_parts(tree), role);
        if found.parts.is_empty() && found.role == Role::Tool {
            found.parts.push(Part::ToolResult { id: None, name: None, result: Json::Null });
        }
        (number, found)
    };
    Ok(trees(flat)?.into_iter().map(one).collect())
}

/// Content that is JSON text of a list of parts is that list.
fn with_parts(mut tree: Json) -> Json {
    let Some(content) = tree.get_mut("content") else { return tree };
    let read = or_text(content);
    let is_part = |item: &Json| item.get("type").is_some_and(Json::is_string);
    if read.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(is_part)) {
        *content = read;
    }
    tree
}

#[derive(Default)]
struct Node {
    value: Option<Json>,
    numbered: BTreeMap<u64, Node>,
    named: BTreeMap<String, Node>,
}

impl Node {
    fn put(&mut self, path: &str, value: Json, depth: usize) {
        if path.is_empty() {
            // The first of a repeated name counts.
            self.value.get_or_insert(value);
            return;
        }
        let (step, rest) = match path.split_once('.') {
            Some(split) if depth < STEPS_MAX => split,
            _ => (path, ""),
        };
        let next = match step.parse::<u64>() {
            Ok(number) => self.numbered.entry(number).or_default(),
            Err(_) => self.named.entry(step.to_owned()).or_default(),
        };
        next.put(rest, value, depth + 1);
    }

    fn into_json(self) -> Json {
        let Self { value, numbered, named } = self;
        if named.is_empty() {
            let items: Vec<Json> = numbered.into_values().map(Self::into_json).collect();
            return match (value, items.is_empty()) {
                (None, _) => Json::Array(items),
                (Some(value), true) => value,
                (Some(value), false) => Json::Array([vec![value], items].concat()),
            };
        }
        let mut members = Map::new();
        members.extend(named.into_iter().map(|(name, node)| (name, node.into_json())));
        let numbered = numbered.into_iter();
        members.extend(numbered.map(|(number, node)| (number.to_string(), node.into_json())));
        if let Some(value) = value {
            members.insert("value".to_owned(), value);
        }
        Json::Object(members)
    }
}
