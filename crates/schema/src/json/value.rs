//! An OTLP `AnyValue` as an owned tree, for export, tests and the API; ingest never builds it.

/// A value as OTLP 1.x can say it.
#[derive(Clone, Debug)]
pub enum Value {
    /// The key has no value.
    Absent,
    /// The value is present and not set.
    Null,
    /// Text.
    String(String),
    /// Truth value.
    Bool(bool),
    /// 64-bit signed integer.
    Int(i64),
    /// Double; NaN keeps its bits.
    Double(f64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// List of values.
    Array(Vec<Value>),
    /// List of keys and values, in order, duplicates kept.
    Map(Vec<KeyValue>),
}

/// A key and its value.
pub type KeyValue = (String, Value);

impl PartialEq for Value {
    /// Equality of what was sent: doubles compare by bits.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) | (Self::Null, Self::Null) => true,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Double(a), Self::Double(b)) => a.to_bits() == b.to_bits(),
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}
