//! Writes values straight into text, without building a tree: this is ingest's inner loop.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::value::Value;

/// One open array or object.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Members begun so far.
    members: usize,
    object: bool,
}

/// A writer of one JSON text and its type sidecar. Reuse one for many values: `clear` keeps the
/// memory.
#[derive(Debug, Default)]
pub struct JsonWriter {
    text: String,
    types: String,
    levels: Vec<Level>,
}

impl JsonWriter {
    /// An empty writer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what was written.
    pub fn clear(&mut self) {
        self.text.clear();
        self.types.clear();
        self.levels.clear();
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The sidecar; `None` when JSON says every type.
    #[must_use]
    pub fn types(&self) -> Option<&str> {
        (!self.types.is_empty()).then_some(self.types.as_str())
    }

    /// Opens levels that are not closed yet.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// `{`
    pub fn begin_object(&mut self) {
        self.before_value();
        self.text.push('{');
        self.levels.push(Level { members: 0, object: true });
    }

    /// `}`
    pub fn end_object(&mut self) {
        self.levels.pop();
        self.text.push('}');
    }

    /// `[`
    pub fn begin_array(&mut self) {
        self.before_value();
        self.text.push('[');
        self.levels.push(Level { members: 0, object: false });
    }

    /// `]`
    pub fn end_array(&mut self) {
        self.levels.pop();
        self.text.push(']');
    }

    /// The key of the next value, inside an object.
    pub fn key(&mut self, key: &str) {
        if let Some(level) = self.levels.last_mut() {
            if level.members > 0 {
                self.text.push(',');
            }
            level.members += 1;
        }
        push_string(&mut self.text, key);
        self.text.push(':');
    }

    /// A string.
    pub fn string(&mut self, value: &str) {
        self.before_value();
        push_string(&mut self.text, value);
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) {
        self.before_value();
        self.text.push_str(if value { "true" } else { "false" });
    }

    /// An integer.
    pub fn int(&mut self, value: i64) {
        self.before_value();
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// An unsigned integer of our own (times, counts), not of OTLP's `AnyValue`.
    pub fn unsigned(&mut self, value: u64) {
        self.before_value();
        self.text.push_str(itoa::Buffer::new().format(value));
    }

    /// A double.
    pub fn double(&mut self, value: f64) {
        self.before_value();
        if value.is_finite() {
            // ryu writes the shortest text that reads back equal, always with a point or exponent.
            self.text.push_str(ryu::Buffer::new().format_finite(value));
        } else if value.is_nan() {
            self.text.push_str("\"NaN\"");
            if value.to_bits() == f64::NAN.to_bits() {
                self.note("d");
            } else {
                self.note(&format!("d{:016x}", value.to_bits()));
            }
        } else {
            self.text.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
            self.note("d");
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.before_value();
        self.text.push('"');
        STANDARD.encode_string(value, &mut self.text);
        self.text.push('"');
        self.note("b");
    }

    /// A value that is present and not set.
    pub fn null(&mut self) {
        self.before_value();
        self.text.push_str("null");
    }

    /// A key without a value.
    pub fn absent(&mut self) {
        self.null();
        self.note("a");
    }

    /// A whole tree.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Absent => self.absent(),
            Value::Null => self.null(),
            Value::String(text) => self.string(text),
            Value::Bool(b) => self.bool(*b),
            Value::Int(i) => self.int(*i),
            Value::Double(d) => self.double(*d),
            Value::Bytes(bytes) => self.bytes(bytes),
            Value::Array(items) => {
                self.begin_array();
                for item in items {
                    self.value(item);
                }
                self.end_array();
            }
            Value::Map(members) => {
                self.begin_object();
                for (key, member) in members {
                    self.key(key);
                    self.value(member);
                }
                self.end_object();
            }
        }
    }

    fn before_value(&mut self) {
        if let Some(level) = self.levels.last_mut().filter(|level| !level.object) {
            if level.members > 0 {
                self.text.push(',');
            }
            level.members += 1;
        }
    }

    /// Adds a sidecar entry for the value just written.
    fn note(&mut self, code: &str) {
        if !self.types.is_empty() {
            self.types.push(',');
        }
        for (depth, level) in self.levels.iter().enumerate() {
            if depth > 0 {
                self.types.push('.');
            }
            self.types.push_str(itoa::Buffer::new().format(level.members.saturating_sub(1)));
        }
        self.types.push(':');
        self.types.push_str(code);
    }
}

/// Whether a byte stands for itself in a JSON string.
const fn plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Bytes looked at together: enough for the compiler to use vector instructions.
const LANES: usize = 32;

/// Place of the first byte that needs an escape. Prompts are long and rarely need one, so whole
/// blocks are tested before single bytes.
fn first_special(text: &str) -> Option<usize> {
    let (blocks, rest) = text.as_bytes().as_chunks::<LANES>();
    let block = blocks.iter().position(|block| !block.iter().fold(true, |all, b| all & plain(*b)));
    let (start, bytes) = match block {
        Some(index) => (index * LANES, blocks.get(index).map_or(rest, |block| block.as_slice())),
        None => (blocks.len() * LANES, rest),
    };
    bytes.iter().position(|byte| !plain(*byte)).map(|at| start + at)
}

fn push_string(text: &mut String, value: &str) {
    text.reserve(value.len() + 2);
    text.push('"');
    let mut rest = value;
    while let Some(at) = first_special(rest) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        text.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            Some('"') => text.push_str("\\\""),
            Some('\\') => text.push_str("\\\\"),
            Some('\n') => text.push_str("\\n"),
            Some('\r') => text.push_str("\\r"),
            Some('\t') => text.push_str("\\t"),
            Some(other) => {
                let code = u32::from(other);
                let digit = |shift: u32| char::from_digit(code >> shift & 15, 16).unwrap_or('0');
                text.push_str("\\u00");
                text.push(digit(4));
                text.push(digit(0));
            }
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text.push('"');
}
