//! Appends fields to a message under construction; knows lengths and tags, not messages of OTLP.

/// A message under construction. Nested messages are opened and closed in place; their length is
/// put in front of them when they close.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

/// Where a nested message began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open(usize);

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.out
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Appends fields that are encoded already.
    pub(crate) fn raw(&mut self, encoded: &[u8]) {
        self.out.extend_from_slice(encoded);
    }

    fn tag(&mut self, number: u32, wire: u8) {
        self.push_varint(u64::from(number) << 3 | u64::from(wire));
    }

    fn push_varint(&mut self, value: u64) {
        self.out.extend(Varint::new(value));
    }

    pub(crate) fn varint(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.push_varint(value);
    }

    pub(crate) fn fixed64(&mut self, number: u32, value: u64) {
        self.tag(number, 1);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn double(&mut self, number: u32, value: f64) {
        self.fixed64(number, value.to_bits());
    }

    pub(crate) fn fixed32(&mut self, number: u32, value: u32) {
        self.tag(number, 5);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, number: u32, value: &[u8]) {
        self.tag(number, 2);
        self.push_varint(value.len() as u64);
        self.out.extend_from_slice(value);
    }

    /// A string field, left out when empty.
    pub(crate) fn text(&mut self, number: u32, value: &str) {
        if !value.is_empty() {
            self.bytes(number, value.as_bytes());
        }
    }

    /// A bytes field, left out when absent.
    pub(crate) fn some_bytes(&mut self, number: u32, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.bytes(number, value);
        }
    }

    /// A varint, left out when zero.
    pub(crate) fn some_varint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.varint(number, value);
        }
    }

    /// A count column: null is zero, which is left out.
    pub(crate) fn count(&mut self, number: u32, value: Option<i64>) {
        self.some_varint(number, value.unwrap_or(0).cast_unsigned());
    }

    /// An enum, left out when zero; negative numbers take ten bytes, as protobuf asks.
    pub(crate) fn some_enum(&mut self, number: u32, value: i32) {
        self.some_varint(number, i64::from(value).cast_unsigned());
    }

    /// A `sint32`, left out when zero.
    pub(crate) fn some_sint32(&mut self, number: u32, value: i64) {
        self.some_varint(number, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// A `fixed64`, left out when zero.
    pub(crate) fn some_fixed64(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.fixed64(number, value);
        }
    }

    /// A `double`, left out when absent.
    pub(crate) fn some_double(&mut self, number: u32, value: Option<f64>) {
        if let Some(value) = value {
            self.double(number, value);
        }
    }

    /// A `fixed32` column: null is zero, which is left out.
    pub(crate) fn some_fixed32(&mut self, number: u32, value: Option<i64>) {
        match value.and_then(|value| u32::try_from(value).ok()) {
            None | Some(0) => {}
            Some(value) => self.fixed32(number, value),
        }
    }

    /// Packed 64-bit values, left out when there are none.
    pub(crate) fn packed_fixed64(
        &mut self,
        number: u32,
        values: impl ExactSizeIterator<Item = u64>,
    ) {
        if values.len() > 0 {
            self.tag(number, 2);
            self.push_varint(values.len() as u64 * 8);
            for value in values {
                self.out.extend_from_slice(&value.to_le_bytes());
            }
        }
    }

    /// Packed varints, left out when there are none.
    pub(crate) fn packed_varint(
        &mut self,
        number: u32,
        values: impl ExactSizeIterator<Item = u64>,
    ) {
        if values.len() > 0 {
            let open = self.begin(number);
            for value in values {
                self.push_varint(value);
            }
            self.end(open);
        }
    }

    /// Opens a nested message (or any length-delimited field).
    pub(crate) fn begin(&mut self, number: u32) -> Open {
        self.tag(number, 2);
        self.out.push(0);
        Open(self.out.len())
    }

    /// Closes the innermost open message.
    pub(crate) fn end(&mut self, open: Open) {
        let length = self.out.len().saturating_sub(open.0);
        let slot = open.0.saturating_sub(1);
        self.out.splice(slot..open.0, Varint::new(length as u64));
    }
}

/// The bytes of a variable-length integer.
#[derive(Debug)]
struct Varint(Option<u64>);

impl Varint {
    fn new(value: u64) -> Self {
        Self(Some(value))
    }
}

impl Iterator for Varint {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let value = self.0?;
        let (low, high) = ((value & 0x7f) as u8, value >> 7);
        self.0 = (high != 0).then_some(high);
        Some(if high == 0 { low } else { low | 0x80 })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let bits = self.0.map_or(0, |value| 64 - (value | 1).leading_zeros());
        let bytes = bits.div_ceil(7) as usize;
        (bytes, Some(bytes))
    }
}
