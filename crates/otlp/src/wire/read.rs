//! Reads fields of one message, in the order in which they stand.

use std::fmt;

use super::address;

/// What is wrong with the structure of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The message ends inside a field.
    Truncated,
    /// A variable-length integer of more than ten bytes or 64 bits.
    Overlong,
    /// A field number of zero or over protobuf's maximum.
    FieldNumber,
    /// Wire types 3 and 4 (groups, which OTLP never had), 6 and 7 (which do not exist).
    WireType(u8),
    /// A field that OTLP defines, with the wire type of another kind of value.
    Expected(&'static str),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("the body ends inside a field"),
            Self::Overlong => f.write_str("a varint is longer than 64 bits"),
            Self::FieldNumber => f.write_str("a field number is out of range"),
            Self::WireType(wire) => write!(f, "wire type {wire} is not used by OTLP"),
            Self::Expected(kind) => write!(f, "the wire type does not fit, expected {kind}"),
        }
    }
}

/// A fault and the address of the byte where it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireError {
    pub(crate) address: usize,
    pub(crate) fault: Fault,
}

/// A field's value as the wire says it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Bytes(&'a [u8]),
    Fixed32(u32),
}

/// One field of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) raw: Raw<'a>,
    address: usize,
}

impl<'a> Field<'a> {
    #[cold]
    fn unfit(&self, expected: &'static str) -> WireError {
        WireError { address: self.address, fault: Fault::Expected(expected) }
    }

    /// A string, bytes or message field.
    #[inline]
    pub(crate) fn bytes(&self) -> Result<&'a [u8], WireError> {
        if let Raw::Bytes(bytes) = self.raw { Ok(bytes) } else { Err(self.unfit("bytes")) }
    }

    /// A variable-length integer field.
    #[inline]
    pub(crate) fn varint(&self) -> Result<u64, WireError> {
        if let Raw::Varint(value) = self.raw { Ok(value) } else { Err(self.unfit("a varint")) }
    }

    /// A `uint32` field: the low half, as protobuf asks.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "protobuf keeps the low 32 bits")]
    pub(crate) fn uint32(&self) -> Result<u32, WireError> {
        self.varint().map(|value| value as u32)
    }

    /// An `int32` or enum field.
    #[inline]
    pub(crate) fn int32(&self) -> Result<i32, WireError> {
        self.uint32().map(u32::cast_signed)
    }

    /// A `fixed64` field, or the bits of a `double`.
    #[inline]
    pub(crate) fn fixed64(&self) -> Result<u64, WireError> {
        if let Raw::Fixed64(value) = self.raw { Ok(value) } else { Err(self.unfit("64 bits")) }
    }

    /// A `double` field.
    #[inline]
    pub(crate) fn double(&self) -> Result<f64, WireError> {
        self.fixed64().map(f64::from_bits)
    }

    /// A `fixed32` field.
    #[inline]
    pub(crate) fn fixed32(&self) -> Result<u32, WireError> {
        if let Raw::Fixed32(value) = self.raw { Ok(value) } else { Err(self.unfit("32 bits")) }
    }

    /// A repeated `fixed64` or `double` field, packed or not.
    pub(crate) fn each_fixed64(&self, mut visit: impl FnMut(u64)) -> Result<(), WireError> {
        match self.raw {
            Raw::Fixed64(value) => visit(value),
            Raw::Bytes(packed) => {
                let (chunks, rest) = packed.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(WireError { address: address(rest), fault: Fault::Truncated });
                }
                for chunk in chunks {
                    visit(u64::from_le_bytes(*chunk));
                }
            }
            _ => return Err(self.unfit("64 bits")),
        }
        Ok(())
    }

    /// A repeated varint field, packed or not.
    pub(crate) fn each_varint(&self, mut visit: impl FnMut(u64)) -> Result<(), WireError> {
        match self.raw {
            Raw::Varint(value) => visit(value),
            Raw::Bytes(packed) => {
                let mut reader = Reader::new(packed);
                while !reader.rest.is_empty() {
                    visit(reader.varint()?);
                }
            }
            _ => return Err(self.unfit("a varint")),
        }
        Ok(())
    }
}

/// Reads the fields of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// What is not read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[cold]
    fn error(&self, fault: Fault) -> WireError {
        WireError { address: address(self.rest), fault }
    }

    /// The next field, `None` at the end of the message.
    #[inline]
    pub(crate) fn field(&mut self) -> Result<Option<Field<'a>>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let start = *self;
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).ok().filter(|n| (1..=MAX_FIELD).contains(n));
        let Some(number) = number else { return Err(start.error(Fault::FieldNumber)) };
        let raw = match tag & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => Raw::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => Raw::Bytes(self.length_delimited()?),
            5 => Raw::Fixed32(u32::from_le_bytes(self.array()?)),
            #[expect(clippy::cast_possible_truncation, reason = "three bits")]
            other => return Err(start.error(Fault::WireType(other as u8))),
        };
        Ok(Some(Field { number, raw, address: address(start.rest) }))
    }

    #[inline]
    fn varint(&mut self) -> Result<u64, WireError> {
        match self.rest.split_first() {
            Some((first, rest)) if *first < 0x80 => {
                self.rest = rest;
                Ok(u64::from(*first))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().enumerate().take(10) {
            if index == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * index);
            if *byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(value);
            }
        }
        let fault = if self.rest.len() < 10 { Fault::Truncated } else { Fault::Overlong };
        Err(self.error(fault))
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let Some((array, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.error(Fault::Truncated));
        };
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    fn length_delimited(&mut self) -> Result<&'a [u8], WireError> {
        let start = *self;
        let length = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            return Err(start.error(Fault::Truncated));
        };
        self.rest = rest;
        Ok(bytes)
    }
}

/// Protobuf's largest field number.
const MAX_FIELD: u32 = (1 << 29) - 1;
