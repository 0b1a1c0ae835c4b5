//! Texts and attribute values as trees, and lenient looks into trees.

use serde_json::{Map, Value as Json};

use super::{DECODE_BYTES_MAX, DEPTH_MAX, Undecoded, python};
use crate::value::Value;

/// The tree of a JSON text, or of a Python one.
pub(super) fn parse(text: &str) -> Result<Json, Undecoded> {
    if text.len() > DECODE_BYTES_MAX {
        return Err(Undecoded::TooLong);
    }
    match serde_json::from_str(text) {
        Ok(json) => Ok(json),
        Err(_) if is_too_deep(text) => Err(Undecoded::TooDeep),
        Err(error) if error.is_eof() => Err(Undecoded::Truncated),
        Err(_) => python::parse(text).ok_or(Undecoded::Malformed),
    }
}

/// Whether brackets alone go deeper than the reader does.
fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut escaped = false;
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth >= DEPTH_MAX {
            return true;
        }
    }
    false
}

/// Whether a text sets out to be JSON: a list, a map or a quoted text.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '"'])
}

/// The tree of an attribute value; texts within it stay texts.
pub(super) fn of_value(value: &Value<'_>) -> Result<Json, Undecoded> {
    tree(value, 0)
}

fn tree(value: &Value<'_>, depth: usize) -> Result<Json, Undecoded> {
    if depth >= DEPTH_MAX {
        return Err(Undecoded::TooDeep);
    }
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Double(number) => serde_json::Number::from_f64(*number)
            .map_or_else(|| Json::String(number.to_string()), Json::Number),
        Value::Str(text) => Json::String(text.to_string()),
        Value::Bytes(bytes) => bytes_as_json(bytes),
        Value::Array(items) => {
            let items = items.iter().map(|item| tree(item, depth + 1));
            Json::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Map(entries) => {
            let mut map = Map::new();
            for (name, inner) in entries {
                // The first of a repeated name counts.
                if !map.contains_key(&**name) {
                    map.insert(name.to_string(), tree(inner, depth + 1)?);
                }
            }
            Json::Object(map)
        }
    })
}

/// Bytes that are text are that text; others are Base64.
fn bytes_as_json(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => Json::from(text),
        Err(_) => Json::from(base64(bytes)),
    }
}

/// Bytes in Base64, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = (word >> (18 - 6 * place) & 63) as usize;
            let digit = DIGITS.get(digit).copied().unwrap_or(b'=');
            text.push(if place > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// The text of an attribute value as a person would see it: text as it is, anything else as JSON.
pub(super) fn raw_text(value: &Value<'_>) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => match of_value(other) {
            Ok(Json::String(text)) => text,
            Ok(json) => json.to_string(),
            Err(_) => format!("{other:?}"),
        },
    }
}

/// What a text says if it is a JSON list or map, else the text.
pub(super) fn or_text(json: &Json) -> Json {
    match json {
        Json::String(text) if text.trim_start().starts_with(['{', '[']) => {
            parse(text).unwrap_or_else(|_| json.clone())
        }
        other => other.clone(),
    }
}

/// The first of these members that is there and not null.
pub(super) fn member<'j>(json: &'j Json, names: &[&str]) -> Option<&'j Json> {
    names.iter().filter_map(|name| json.get(name)).find(|found| !found.is_null())
}

/// The first of these members that is a text with something in it.
pub(super) fn text<'j>(json: &'j Json, names: &[&str]) -> Option<&'j str> {
    let texts = names.iter().filter_map(|name| json.get(name)?.as_str());
    texts.into_iter().find(|text| !text.is_empty())
}

/// The same as an own text; numbers, which some clients have for ids, too.
pub(super) fn owned(json: &Json, names: &[&str]) -> Option<String> {
    match member(json, names)? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
