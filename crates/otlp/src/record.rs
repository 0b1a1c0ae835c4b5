//! Why a record was refused, and the count of what was admitted and refused.
//!
//! Reasons are made of static parts, so that a hostile body cannot make more of them than there
//! are fields and limits, and refusing costs no allocation.

use std::fmt;

use crate::limits::Limits;
use crate::wire::{WireError, address};

/// Distinct reasons that are reported; what is beyond is counted under one.
const REASONS_MAX: usize = 32;

/// What the JSON reader makes of an id that is not hex: no id has that many bytes.
pub(crate) const NOT_HEX: [u8; 9] = *b"\0not hex\0";

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Utf8,
    IdLength(usize),
    IdHex,
    IdZero,
    Count(usize, &'static str),
    Bytes(usize, &'static str),
    Depth(usize),
}

/// The reason to refuse a record: where, and what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) place: &'static str,
    pub(crate) part: &'static str,
    pub(crate) cause: Cause,
}

impl Refusal {
    pub(crate) fn new(place: &'static str, cause: Cause) -> Self {
        Self { place, part: "", cause }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: ", self.place, self.part)?;
        match self.cause {
            Cause::Utf8 => f.write_str("invalid UTF-8"),
            Cause::IdLength(length) => write!(f, "not {length} bytes long"),
            Cause::IdHex => f.write_str("not hex"),
            Cause::IdZero => f.write_str("all zero"),
            Cause::Count(limit, name) => write!(f, "more than {limit} ({name})"),
            Cause::Bytes(limit, name) => write!(f, "longer than {limit} bytes ({name})"),
            Cause::Depth(limit) => write!(f, "nested deeper than {limit} (depth_max)"),
        }
    }
}

/// Why decoding of a record stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// The structure is broken: the whole body is refused.
    Wire(WireError),
    /// This record is refused.
    Refuse(Refusal),
}

impl From<WireError> for Stop {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal)
    }
}

/// A reason for which records were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The field and what is wrong with it, without indices: `span.attributes[].value: invalid
    /// UTF-8`.
    pub reason: String,
    /// Records refused for it.
    pub count: u64,
}

/// What became of the records of one body.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    tally: Vec<(Refusal, u64)>,
    others: u64,
    /// Addresses of the messages that a rewrite must leave out.
    pub(crate) dropped: Vec<usize>,
}

impl Report {
    /// Counts `records` as refused and marks the message that held them.
    pub(crate) fn refuse(&mut self, message: &[u8], refusal: Refusal, records: u64) {
        self.dropped.push(address(message));
        if records == 0 {
            return;
        }
        self.rejected += records;
        if let Some((_, count)) = self.tally.iter_mut().find(|(known, _)| *known == refusal) {
            *count += records;
        } else if self.tally.len() < REASONS_MAX {
            self.tally.push((refusal, records));
        } else {
            self.others += records;
        }
    }

    /// Refuses a record beyond the number that one export may hold.
    pub(crate) fn check_room(&self, limits: &Limits) -> Result<(), Refusal> {
        if self.accepted >= limits.records() {
            return Err(Refusal::new("export", Cause::Count(limits.records_max, "records_max")));
        }
        Ok(())
    }

    /// Books the outcome of one record.
    pub(crate) fn book(
        &mut self,
        message: &[u8],
        outcome: Result<(), Stop>,
    ) -> Result<(), WireError> {
        match outcome {
            Ok(()) => self.accepted += 1,
            Err(Stop::Refuse(refusal)) => self.refuse(message, refusal, 1),
            Err(Stop::Wire(error)) => return Err(error),
        }
        Ok(())
    }

    pub(crate) fn reasons(&self) -> Vec<Reason> {
        let known = self.tally.iter().map(|(refusal, count)| (refusal.to_string(), *count));
        let others = (self.others > 0).then(|| ("other reasons".to_owned(), self.others));
        known.chain(others).map(|(reason, count)| Reason { reason, count }).collect()
    }
}

/// Text of a field.
#[inline]
pub(crate) fn text<'a>(bytes: &'a [u8], place: &'static str) -> Result<&'a str, Refusal> {
    simdutf8::basic::from_utf8(bytes).map_err(|_| Refusal::new(place, Cause::Utf8))
}

/// Text of a field, `None` when empty.
#[inline]
pub(crate) fn some_text<'a>(
    bytes: &'a [u8],
    place: &'static str,
) -> Result<Option<&'a str>, Refusal> {
    if bytes.is_empty() { Ok(None) } else { text(bytes, place).map(Some) }
}

/// An id that may be left out. All zeros is OTLP's invalid id, which means none.
pub(crate) fn some_id<'a>(
    bytes: &'a [u8],
    length: usize,
    place: &'static str,
) -> Result<Option<&'a [u8]>, Refusal> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes == NOT_HEX {
        return Err(Refusal::new(place, Cause::IdHex));
    }
    if bytes.len() != length {
        return Err(Refusal::new(place, Cause::IdLength(length)));
    }
    Ok(bytes.iter().any(|byte| *byte != 0).then_some(bytes))
}

/// An id that must be there.
pub(crate) fn id<'a>(
    bytes: &'a [u8],
    length: usize,
    place: &'static str,
) -> Result<&'a [u8], Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::new(place, Cause::IdLength(length)));
    }
    some_id(bytes, length, place)?.ok_or(Refusal::new(place, Cause::IdZero))
}

/// A count column, null for zero.
pub(crate) fn some_count(count: u32) -> Option<i64> {
    (count != 0).then_some(i64::from(count))
}

/// Refuses a message over the limit on records.
pub(crate) fn check_record_bytes(
    message: &[u8],
    limit: usize,
    place: &'static str,
) -> Result<(), Refusal> {
    if message.len() > limit {
        return Err(Refusal::new(place, Cause::Bytes(limit, "record_bytes_max")));
    }
    Ok(())
}
