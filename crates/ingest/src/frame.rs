//! The payload of a WAL frame: a small header and the admitted OTLP bytes.
//!
//! ```text
//! version u8 = 1 | signal u8 | masked u8 | project length u8 | project
//! arrival i64 LE | fingerprint 16 bytes | refused u32 LE | rules u32 LE
//! repeated count u32 LE | repeated ordinals u32 LE each | OTLP protobuf to the end
//! ```
//!
//! `repeated` names the spans that had been stored before, by their place in the body: replay
//! leaves out exactly what was left out when the export was acknowledged.

use bytes::{BufMut, Bytes, BytesMut};
use telltale_base::{Project, Signal, UnixNanos};

use crate::dedup::Key;

/// Version of this layout.
const VERSION: u8 = 1;

/// What ingest remembers about an export beside its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) project: Project,
    pub(crate) signal: Signal,
    pub(crate) arrival: UnixNanos,
    pub(crate) fingerprint: Key,
    pub(crate) refused: u32,
    pub(crate) masked: bool,
    pub(crate) rules: u32,
    pub(crate) repeated: Vec<u32>,
}

impl Header {
    pub(crate) fn encode(&self) -> Bytes {
        let name = self.project.as_str().as_bytes();
        let mut out = BytesMut::with_capacity(64 + name.len() + self.repeated.len() * 4);
        out.put_u8(VERSION);
        out.put_u8(self.signal.code());
        out.put_u8(u8::from(self.masked));
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name);
        out.put_i64_le(self.arrival.0);
        out.put_slice(&self.fingerprint.to_bytes());
        out.put_u32_le(self.refused);
        out.put_u32_le(self.rules);
        out.put_u32_le(u32::try_from(self.repeated.len()).unwrap_or(u32::MAX));
        self.repeated.iter().for_each(|ordinal| out.put_u32_le(*ordinal));
        out.freeze()
    }

    /// Splits a payload into header and OTLP bytes.
    pub(crate) fn decode(payload: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let mut rest = Reader(payload);
        let [version, signal, masked, name_length] = rest.take::<4>()?;
        if version != VERSION {
            return Err(FrameError::Version(version));
        }
        let signal = Signal::from_code(signal).ok_or(FrameError::Damaged("signal"))?;
        let name = rest.slice(usize::from(name_length))?;
        let project = std::str::from_utf8(name)
            .ok()
            .and_then(|name| Project::new(name).ok())
            .ok_or(FrameError::Damaged("project"))?;
        let arrival = UnixNanos(i64::from_le_bytes(rest.take()?));
        let fingerprint = Key::from_bytes(rest.take()?);
        let refused = u32::from_le_bytes(rest.take()?);
        let rules = u32::from_le_bytes(rest.take()?);
        let count = usize::try_from(u32::from_le_bytes(rest.take()?)).unwrap_or(usize::MAX);
        let (ordinals, _) = rest.slice(count.saturating_mul(4))?.as_chunks::<4>();
        let repeated = ordinals.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        let header = Self {
            project,
            signal,
            arrival,
            fingerprint,
            refused,
            masked: masked != 0,
            rules,
            repeated,
        };
        Ok((header, rest.0))
    }
}

/// A payload that this version of ingest cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("frame version {0} is unknown to this version of Telltale")]
    Version(u8),
    #[error("the frame header is damaged: {0}")]
    Damaged(&'static str),
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], FrameError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(FrameError::Damaged("length"))?;
        self.0 = rest;
        Ok(head)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        self.slice(N)?.try_into().map_err(|_| FrameError::Damaged("length"))
    }
}

#[cfg(test)]
mod tests;
