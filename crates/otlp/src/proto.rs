//! The messages of OTLP as tables: numbers, names and kinds of their fields.
//!
//! The decoders do not read these tables, for speed; what is slow or rare does: the rewrite
//! (masks, refused records), OTLP/JSON, and naming the field in which an error stands.
//! `string_value_strindex` and `key_strindex` are left out on purpose: they belong to profiles.

mod common;
mod logs;
mod metrics;
mod traces;

use telltale_base::Signal;

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) number: u32,
    /// Name in the `.proto` files.
    pub(crate) name: &'static str,
    /// Name in OTLP/JSON.
    pub(crate) json: &'static str,
    pub(crate) kind: Kind,
    pub(crate) rule: Rule,
}

/// How often a field stands in its message, and whether its default value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Once; the default value is left out.
    Plain,
    /// Once; being there says something, even with the default value (`optional`, `oneof`).
    Explicit,
    /// Any number of times.
    Repeated,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    String,
    Bytes,
    /// A trace or span id: bytes that OTLP/JSON says in hex.
    Id,
    Bool,
    Enum,
    Int64,
    Uint64,
    Uint32,
    Sint32,
    Fixed64,
    Sfixed64,
    Fixed32,
    Double,
    Message(&'static Message),
}

impl Message {
    pub(crate) fn field(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }

    pub(crate) fn json_field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.json == key)
    }
}

/// The message that a body of this signal is.
pub(crate) fn request(signal: Signal) -> &'static Message {
    match signal {
        Signal::Traces => &traces::REQUEST,
        Signal::Logs => &logs::REQUEST,
        Signal::Metrics => &metrics::REQUEST,
    }
}

/// Declares a message: `number name jsonName: Kind Rule;`.
macro_rules! message {
    ($($(#[$doc:meta])* $message:ident { $($number:literal $name:ident $json:ident: $kind:expr, $rule:ident;)* })*) => {$(
        $(#[$doc])*
        pub(super) static $message: Message = Message {
            fields: &[$(Field {
                number: $number,
                name: stringify!($name),
                json: stringify!($json),
                kind: $kind,
                rule: Rule::$rule,
            },)*],
        };
    )*};
}
use message;
