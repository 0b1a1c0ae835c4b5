//! OTLP/JSON to OTLP protobuf, by the tables of `proto`; there is one decoder, and it reads
//! protobuf. No tree is built: values are written as they are read.
//!
//! OTLP's rules: keys in lowerCamelCase, ids in hex, enums as numbers, 64-bit integers as numbers
//! or text, unknown keys ignored, null as if absent. An id that is not hex becomes bytes of
//! another length, so that the decoder refuses that record and not the batch.

mod scalar;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::DecodeError;
use crate::proto::{Field, Kind, Message, Rule};
use crate::wire::Writer;

use scalar::ScalarSeed;

/// Makes a protobuf body of a JSON body.
pub(crate) fn transcode(root: &'static Message, body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut out = Writer::with_capacity(body.len());
    let mut json = serde_json::Deserializer::from_slice(body);
    let done = Root { message: root, out: &mut out }.deserialize(&mut json);
    match done.and_then(|()| json.end()) {
        Ok(()) => Ok(out.into_bytes()),
        Err(error) => Err(explain(root, body, &error)),
    }
}

/// Reads the body again, this time keeping track of the path; errors are rare.
fn explain(root: &'static Message, body: &[u8], error: &serde_json::Error) -> DecodeError {
    let mut track = serde_path_to_error::Track::new();
    let mut json = serde_json::Deserializer::from_slice(body);
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let path = match (Root { message: root, out: &mut Writer::new() }).deserialize(tracked) {
        Ok(()) => "the request".to_owned(),
        Err(_) => match track.path().to_string().as_str() {
            "." => "the request".to_owned(),
            path => path.to_owned(),
        },
    };
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    DecodeError::Json {
        line: error.line(),
        column: error.column(),
        path,
        problem: problem.to_owned(),
    }
}

/// The outermost message; it must be there.
struct Root<'w> {
    message: &'static Message,
    out: &'w mut Writer,
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(Members { message: self.message, out: self.out })
    }
}

/// The members of one message.
struct Members<'w> {
    message: &'static Message,
    out: &'w mut Writer,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Key(self.message))? {
            match field {
                Some(field) => map.next_value_seed(Value { field, out: self.out })?,
                None => map.next_value::<IgnoredAny>().map(drop)?,
            }
        }
        Ok(())
    }
}

/// The field that a key names.
struct Key(&'static Message);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.json_field(key))
    }
}

/// The value of a field.
struct Value<'w> {
    field: &'static Field,
    out: &'w mut Writer,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { field, out } = self;
        match (field.rule, field.kind) {
            (Rule::Repeated, _) => deserializer.deserialize_any(List { field, out }),
            (_, Kind::Message(message)) => {
                deserializer.deserialize_any(Nested { number: field.number, message, out })
            }
            (rule, kind) => {
                let scalar = ScalarSeed { kind }.deserialize(deserializer)?;
                if let Some(scalar) = scalar.filter(|s| rule == Rule::Explicit || !s.is_default()) {
                    scalar.write(out, field.number);
                }
                Ok(())
            }
        }
    }
}

/// A message inside a message; null is none.
struct Nested<'w> {
    number: u32,
    message: &'static Message,
    out: &'w mut Writer,
}

impl<'de> Visitor<'de> for Nested<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let open = self.out.begin(self.number);
        Members { message: self.message, out: self.out }.visit_map(map)?;
        self.out.end(open);
        Ok(())
    }
}

/// A list; null is an empty one.
struct List<'w> {
    field: &'static Field,
    out: &'w mut Writer,
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Field { number, kind, .. } = *self.field;
        if let Kind::Message(message) = kind {
            while items.next_element_seed(Item { number, message, out: self.out })?.is_some() {}
            return Ok(());
        }
        let mut scalars = Vec::new();
        while let Some(scalar) = items.next_element_seed(ScalarSeed { kind })? {
            scalars.push(scalar.ok_or_else(|| A::Error::custom("null stands in a list"))?);
        }
        scalar::write_list(self.out, number, &scalars);
        Ok(())
    }
}

/// A message in a list, where null would not be absent but lost.
struct Item<'w> {
    number: u32,
    message: &'static Message,
    out: &'w mut Writer,
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let open = self.out.begin(self.number);
        deserializer.deserialize_map(Members { message: self.message, out: &mut *self.out })?;
        self.out.end(open);
        Ok(())
    }
}
