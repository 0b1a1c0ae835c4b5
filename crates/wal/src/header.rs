//! The header of a segment and the name of its file. The layout is in the crate's documentation.

/// Bytes before the first frame.
pub(crate) const HEADER_BYTES: u64 = 4096;
/// The format that this build reads and writes.
pub(crate) const VERSION: u32 = 1;

const MAGIC: [u8; 8] = *b"ttwal\r\n\0";
const FIELDS: usize = 64;
const SUMMED: usize = 60;
const SECOND_COPY: usize = 2048;
const BLOCK: usize = 4096;

/// Where a former segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Former {
    /// The former segment's own first sequence number: its name.
    pub(crate) first: u64,
    /// Bytes of it that count; what lies behind was never acknowledged.
    pub(crate) end: u64,
}

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) salt: u32,
    pub(crate) first_seq: u64,
    pub(crate) former: Option<Former>,
}

/// What stands where a header should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Header(Header),
    /// Ours, but of another version.
    Version(u32),
    /// Never written, torn, or damaged in both copies.
    Nothing,
}

impl Header {
    /// The first block of the file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut fields = Vec::with_capacity(FIELDS);
        fields.extend_from_slice(&MAGIC);
        fields.extend_from_slice(&VERSION.to_le_bytes());
        fields.extend_from_slice(&self.salt.to_le_bytes());
        fields.extend_from_slice(&self.first_seq.to_le_bytes());
        let former = self.former.unwrap_or(Former { first: 0, end: 0 });
        fields.extend_from_slice(&former.first.to_le_bytes());
        fields.extend_from_slice(&former.end.to_le_bytes());
        fields.resize(SUMMED, 0);
        let sum = crc32c::crc32c(&fields);
        fields.extend_from_slice(&sum.to_le_bytes());
        let mut block = fields.clone();
        block.resize(SECOND_COPY, 0);
        block.extend_from_slice(&fields);
        block.resize(BLOCK, 0);
        block
    }

    /// Reads either copy of the header of the segment named `first_seq`.
    pub(crate) fn decode(block: &[u8], first_seq: u64) -> Found {
        let copies = [0, SECOND_COPY].map(|at| block.get(at..).and_then(<[u8]>::first_chunk));
        let mut other = Found::Nothing;
        for copy in copies.into_iter().flatten() {
            match decode_copy(copy) {
                Found::Header(header) if header.first_seq == first_seq => {
                    return Found::Header(header);
                }
                Found::Version(version) => other = Found::Version(version),
                Found::Header(_) | Found::Nothing => {}
            }
        }
        other
    }
}

fn decode_copy(copy: &[u8; FIELDS]) -> Found {
    let version = u32_at(copy, 8);
    if !copy.starts_with(&MAGIC) {
        return Found::Nothing;
    }
    if version != VERSION {
        return Found::Version(version);
    }
    let salt = u32_at(copy, 12);
    let summed = copy.get(..SUMMED).unwrap_or_default();
    if crc32c::crc32c(summed) != u32_at(copy, SUMMED) || salt == 0 {
        return Found::Nothing;
    }
    let former = Former { first: u64_at(copy, 24), end: u64_at(copy, 32) };
    let former = (former.first != 0).then_some(former);
    Found::Header(Header { salt, first_seq: u64_at(copy, 16), former })
}

/// The integer at `at`; 0 where the bytes are too short, which no caller lets happen.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| u32::from_le_bytes(*b))
}

/// The integer at `at`; 0 where the bytes are too short, which no caller lets happen.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |b| u64::from_le_bytes(*b))
}

/// The file name of the segment that starts at `first_seq`.
pub(crate) fn file_name(first_seq: u64) -> String {
    format!("{first_seq:020}.wal")
}

/// The inverse of [`file_name`]; `None` for any other name.
pub(crate) fn parse_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".wal")?;
    let seq = digits.parse().ok()?;
    (file_name(seq) == name).then_some(seq)
}

#[cfg(test)]
mod tests;
