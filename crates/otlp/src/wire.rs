//! Protobuf's wire format: a reader that borrows everything from the body, and a writer.
//!
//! Nothing here knows a message of OTLP. The reader never allocates and never recurses; the place
//! of an error is kept as an address, which costs nothing on the way and is turned into an offset
//! in the body by whoever holds the body.

mod read;
mod write;

pub(crate) use read::{Field, Raw, Reader, WireError};
pub(crate) use write::Writer;

/// The address of a slice's first byte, which identifies a message within one body.
pub(crate) fn address(bytes: &[u8]) -> usize {
    bytes.as_ptr().addr()
}

/// Undoes zigzag, the form of protobuf's `sint32` and `sint64`.
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[cfg(test)]
mod tests;
