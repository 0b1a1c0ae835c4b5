//! Names the field in which a byte of a body stands. Runs only after an error, so that decoding
//! need not keep track of where it is.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::error::DecodeError;
use crate::proto::{Kind, Message, Rule};
use crate::wire::{Reader, WireError, address};

/// Longest path that is named: deeper levels all look alike.
const LEVELS_MAX: usize = 40;

/// The error of a body for one met while reading it.
pub(crate) fn decode_error(root: &'static Message, body: &[u8], error: WireError) -> DecodeError {
    let at = error.address.checked_sub(address(body)).filter(|at| *at <= body.len()).unwrap_or(0);
    let path = path(root, body, at);
    DecodeError::Protobuf { at, path, problem: error.fault.to_string() }
}

/// The path of the field that holds the byte at offset `at`.
pub(crate) fn path(root: &'static Message, body: &[u8], at: usize) -> String {
    let target = address(body) + at;
    let (mut message, mut bytes, mut path) = (root, body, String::new());
    for _ in 0..LEVELS_MAX {
        let Some((name, inside)) = step(message, bytes, target) else { break };
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&name);
        let Some((next, content)) = inside else { break };
        (message, bytes) = (next, content);
    }
    if path.is_empty() { "the request".to_owned() } else { path }
}

type Inside<'a> = Option<(&'static Message, &'a [u8])>;

/// The field of one message that holds the byte, and the message in it when there is one.
fn step<'a>(
    message: &'static Message,
    bytes: &'a [u8],
    target: usize,
) -> Option<(String, Inside<'a>)> {
    let mut seen: HashMap<u32, usize> = HashMap::new();
    let mut reader = Reader::new(bytes);
    loop {
        let Ok(Some(field)) = reader.field() else { return None };
        let count = seen.entry(field.number).and_modify(|count| *count += 1).or_insert(0);
        // An error at the end of a message stands where the next field begins.
        let end = address(reader.rest());
        let content = field.bytes().ok();
        let in_content = content.is_some_and(|c| address(c) <= target && target <= end);
        if target >= end && !(in_content && target == end && reader.rest().is_empty()) {
            continue;
        }
        let Some(known) = message.field(field.number) else {
            return Some((format!("unknown field {}", field.number), None));
        };
        let mut name = known.name.to_owned();
        if known.rule == Rule::Repeated {
            write!(name, "[{count}]").ok()?;
        }
        let inside = match known.kind {
            Kind::Message(inner) if in_content => content.map(|content| (inner, content)),
            _ => None,
        };
        return Some((name, inside));
    }
}

#[cfg(test)]
mod tests;
