//! The text form of OTLP attribute values: JSON for SQL, plus a type sidecar where JSON cannot
//! say the type.
//!
//! Numbers keep their OTLP type in the text itself: integers have no point, doubles always have
//! one or an exponent. The sidecar names, by place, the values that JSON has no form for:
//!
//! ```text
//! sidecar := entry ("," entry)*        entry := path ":" code
//! path    := index ("." index)*        place of the value, counting members from 0 at each level
//! code    := "b"                       bytes; the text holds standard base64
//!          | "d"                       double; the text holds "NaN", "Infinity" or "-Infinity"
//!          | "d" 16 hex digits         a NaN with these bits
//!          | "a"                       the key has no value at all (null in the text)
//! ```
//!
//! A `null` without an entry is an `AnyValue` whose value is not set. Duplicate keys stand in the
//! text as they came, so places, not keys, name values.

mod read;
mod value;
mod write;

pub use read::{JsonReadError, read};
pub use value::{KeyValue, Value};
pub use write::JsonWriter;

#[cfg(test)]
mod tests;
