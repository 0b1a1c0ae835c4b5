//! Reads a text and its sidecar back into the values that were sent.

use std::collections::HashMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::value::Value;

/// Deepest nesting that is read; ingest admits less.
const DEPTH_MAX: usize = 256;

/// A text or sidecar that this crate did not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonReadError {
    /// Byte in the text where reading stopped.
    pub at: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl fmt::Display for JsonReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.at)
    }
}

impl std::error::Error for JsonReadError {}

/// Reads one value.
///
/// # Errors
/// When the text is not JSON or the sidecar does not fit it.
pub fn read(text: &str, types: Option<&str>) -> Result<Value, JsonReadError> {
    let types = types.unwrap_or_default().split(',').filter_map(|e| e.split_once(':')).collect();
    let mut reader = Reader { text, at: 0, types, path: Vec::new() };
    let value = reader.value()?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.error("the end")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    types: HashMap<&'a str, &'a str>,
    path: Vec<usize>,
}

impl Reader<'_> {
    fn error(&self, expected: &'static str) -> JsonReadError {
        JsonReadError { at: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self) -> Result<Value, JsonReadError> {
        if self.path.len() > DEPTH_MAX {
            return Err(self.error("less nesting"));
        }
        self.space();
        let value = match self.peek() {
            Some(b'{') => self.map()?,
            Some(b'[') => self.array()?,
            Some(b'"') => Value::String(self.string()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => self.number()?,
        };
        if self.types.is_empty() { Ok(value) } else { self.typed(value) }
    }

    fn typed(&self, value: Value) -> Result<Value, JsonReadError> {
        let path: Vec<String> = self.path.iter().map(ToString::to_string).collect();
        let Some(code) = self.types.get(path.join(".").as_str()) else { return Ok(value) };
        let misfit = || self.error("a value that fits its type entry");
        match (*code, value) {
            ("a", Value::Null) => Ok(Value::Absent),
            ("b", Value::String(text)) => {
                STANDARD.decode(text).map(Value::Bytes).map_err(|_| misfit())
            }
            ("d", Value::String(text)) => match text.as_str() {
                "NaN" => Ok(Value::Double(f64::NAN)),
                "Infinity" => Ok(Value::Double(f64::INFINITY)),
                "-Infinity" => Ok(Value::Double(f64::NEG_INFINITY)),
                _ => Err(misfit()),
            },
            (code, Value::String(_)) => code
                .strip_prefix('d')
                .and_then(|bits| u64::from_str_radix(bits, 16).ok())
                .map(|bits| Value::Double(f64::from_bits(bits)))
                .ok_or_else(misfit),
            _ => Err(misfit()),
        }
    }

    fn map(&mut self) -> Result<Value, JsonReadError> {
        let mut members = Vec::new();
        self.at += 1;
        if self.take(b'}') {
            return Ok(Value::Map(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            if !self.take(b':') {
                return Err(self.error("':'"));
            }
            self.path.push(members.len());
            let value = self.value()?;
            self.path.pop();
            members.push((key, value));
            if self.take(b'}') {
                return Ok(Value::Map(members));
            }
            if !self.take(b',') {
                return Err(self.error("',' or '}'"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, JsonReadError> {
        let mut items = Vec::new();
        self.at += 1;
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.path.push(items.len());
            let value = self.value()?;
            self.path.pop();
            items.push(value);
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("',' or ']'"));
            }
        }
    }

    fn word(&mut self, word: &'static str, value: Value) -> Result<Value, JsonReadError> {
        let found = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        if found {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.error(word))
        }
    }

    fn number(&mut self) -> Result<Value, JsonReadError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'))
            .unwrap_or(rest.len());
        let digits = rest.get(..end).unwrap_or_default();
        let parsed = if digits.contains(['.', 'e', 'E']) {
            digits.parse().ok().map(Value::Double)
        } else {
            digits.parse().ok().map(Value::Int)
        };
        let value = parsed.ok_or_else(|| self.error("a value"))?;
        self.at += end;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, JsonReadError> {
        if !self.take(b'"') {
            return Err(self.error("a string"));
        }
        let mut out = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let stop = rest.find(['"', '\\']).ok_or_else(|| self.error("the end of a string"))?;
            out.push_str(rest.get(..stop).unwrap_or_default());
            self.at += stop + 1;
            if rest.as_bytes().get(stop) == Some(&b'"') {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, JsonReadError> {
        let code = self.peek().ok_or_else(|| self.error("an escape"))?;
        self.at += 1;
        Ok(match code {
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'"' | b'\\' | b'/' => char::from(code),
            b'u' => self.unicode()?,
            _ => return Err(self.error("an escape")),
        })
    }

    fn unicode(&mut self) -> Result<char, JsonReadError> {
        let high = self.hex4()?;
        if !(0xd800..0xdc00).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.error("a character"));
        }
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u")) {
            return Err(self.error("the second half of a surrogate pair"));
        }
        self.at += 2;
        let low = self.hex4()?;
        let joined = 0x10000 + ((high - 0xd800) << 10) + low.wrapping_sub(0xdc00);
        char::from_u32(joined).ok_or_else(|| self.error("a character"))
    }

    fn hex4(&mut self) -> Result<u32, JsonReadError> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let code = u32::from_str_radix(digits, 16).map_err(|_| self.error("four hex digits"))?;
        self.at += 4;
        Ok(code)
    }
}
