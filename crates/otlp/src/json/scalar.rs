//! Single values of OTLP/JSON: numbers, text, bytes, ids. Knows no message.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use telltale_base::unhex;

use crate::proto::Kind;
use crate::record::NOT_HEX;
use crate::wire::Writer;

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);

/// A value, in the form in which the wire says it.
#[derive(Debug)]
pub(super) enum Scalar {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Vec<u8>),
}

impl Scalar {
    pub(super) fn is_default(&self) -> bool {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => *value == 0,
            Self::Fixed32(value) => *value == 0,
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }

    pub(super) fn write(&self, out: &mut Writer, number: u32) {
        match self {
            Self::Varint(value) => out.varint(number, *value),
            Self::Fixed64(value) => out.fixed64(number, *value),
            Self::Fixed32(value) => out.fixed32(number, *value),
            Self::Bytes(bytes) => out.bytes(number, bytes),
        }
    }

    fn bits(&self) -> u64 {
        match self {
            Self::Varint(value) | Self::Fixed64(value) => *value,
            Self::Fixed32(value) => u64::from(*value),
            Self::Bytes(_) => 0,
        }
    }
}

/// Writes a repeated field; numbers are packed, as protobuf's own writers do.
pub(super) fn write_list(out: &mut Writer, number: u32, scalars: &[Scalar]) {
    match scalars.first() {
        Some(Scalar::Varint(_)) => out.packed_varint(number, scalars.iter().map(Scalar::bits)),
        Some(Scalar::Fixed64(_)) => out.packed_fixed64(number, scalars.iter().map(Scalar::bits)),
        _ => {
            for scalar in scalars {
                scalar.write(out, number);
            }
        }
    }
}

/// Reads a value of this kind; `None` for null.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScalarSeed {
    pub(super) kind: Kind,
}

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Option<Scalar>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if matches!(self.kind, Kind::Double) {
            // Read from the text itself: the parser of `serde_json` may miss by one bit.
            return read_double(<&RawValue>::deserialize(deserializer)?.get());
        }
        deserializer.deserialize_any(self)
    }
}

/// A double, from its JSON text.
fn read_double<E: Error>(json: &str) -> Result<Option<Scalar>, E> {
    let double = match json.as_bytes().first() {
        Some(b'n') => return Ok(None),
        Some(b'"') => double(json.trim_matches('"')),
        Some(b'-' | b'0'..=b'9') => json.parse().ok(),
        _ => None,
    };
    let double = double.ok_or_else(|| E::custom("another value where a double belongs"))?;
    Ok(Some(Scalar::Fixed64(double.to_bits())))
}

impl ScalarSeed {
    fn integer<E: Error>(self, value: i128) -> Result<Option<Scalar>, E> {
        let range = || E::custom(format_args!("{value} is out of range for {}", self.name()));
        let signed = || i64::try_from(value).map_err(|_| range());
        let small = || i32::try_from(value).map_err(|_| range());
        let unsigned = || u64::try_from(value).map_err(|_| range());
        let word = || u32::try_from(value).map_err(|_| range());
        Ok(Some(match self.kind {
            Kind::Int64 => Scalar::Varint(signed()?.cast_unsigned()),
            Kind::Enum => Scalar::Varint(i64::from(small()?).cast_unsigned()),
            Kind::Sint32 => {
                let value = small()?;
                Scalar::Varint(u64::from(((value << 1) ^ (value >> 31)).cast_unsigned()))
            }
            Kind::Uint64 => Scalar::Varint(unsigned()?),
            Kind::Uint32 => Scalar::Varint(u64::from(word()?)),
            Kind::Fixed64 => Scalar::Fixed64(unsigned()?),
            Kind::Sfixed64 => Scalar::Fixed64(signed()?.cast_unsigned()),
            Kind::Fixed32 => Scalar::Fixed32(word()?),
            _ => {
                return Err(E::custom(format_args!("a number where {} belongs", self.name())));
            }
        }))
    }

    fn name(self) -> &'static str {
        match self.kind {
            Kind::String => "a string",
            Kind::Bytes => "base64 text",
            Kind::Id => "a hex id",
            Kind::Bool => "true or false",
            Kind::Enum => "an enum number",
            Kind::Int64 | Kind::Sfixed64 => "a signed 64-bit integer",
            Kind::Uint64 | Kind::Fixed64 => "an unsigned 64-bit integer",
            Kind::Uint32 | Kind::Fixed32 => "an unsigned 32-bit integer",
            Kind::Sint32 => "a signed 32-bit integer",
            Kind::Double => "a double",
            Kind::Message(_) => "an object",
        }
    }
}

impl Visitor<'_> for ScalarSeed {
    type Value = Option<Scalar>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        match self.kind {
            Kind::Bool => Ok(Some(Scalar::Varint(u64::from(value)))),
            _ => Err(E::custom(format_args!("{value} where {} belongs", self.name()))),
        }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.integer(i128::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.integer(i128::from(value))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "casts to i128 saturate, out of all ranges"
    )]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value.fract() == 0.0 {
            return self.integer(value as i128);
        }
        Err(E::custom(format_args!("{value} where {} belongs", self.name())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let unfit = || E::custom(format_args!("a string where {} belongs", self.name()));
        Ok(Some(match self.kind {
            Kind::String => Scalar::Bytes(text.as_bytes().to_vec()),
            Kind::Id => Scalar::Bytes(unhex(text).unwrap_or_else(|| NOT_HEX.to_vec())),
            Kind::Bytes => {
                let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
                let bytes = engine.decode(text).map_err(|_| E::custom("the text is not base64"))?;
                Scalar::Bytes(bytes)
            }
            Kind::Enum | Kind::Bool | Kind::Double | Kind::Message(_) => return Err(unfit()),
            _ => return self.integer(text.parse::<i128>().map_err(|_| unfit())?),
        }))
    }
}

/// A double in text: a number, or one of the three words of protobuf's JSON.
fn double(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // The parser of the language knows more words than JSON does.
        _ if text.ends_with(|c: char| c.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}
