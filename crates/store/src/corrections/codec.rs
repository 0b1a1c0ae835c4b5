//! Bytes of corrections, in the log and in snapshot files. All numbers little endian, texts and
//! bytes behind their length. Formats are only ever added to: an old data directory always opens.
//!
//! Log payload, after the kind byte: version 1, table code, project, count, then per correction
//! record id, date, and either a deletion or a list of (column, value).
//! Snapshot: magic, version 1, position, count, then per entry project, record id, date, first
//! deletion and a list of (column, version, value); a CRC-32C of everything ends the file.

use telltale_base::Project;
use telltale_schema::Table;

use super::entry::{Entry, SetColumn, Version};
use super::{Change, Correction, CorrectionFrame, Scalar};
use crate::wire::{Decoded, Reader, Writer, checked};

const FRAME_VERSION: u8 = 1;
const SNAPSHOT_MAGIC: &[u8; 8] = b"TTCORR\0\x01";

pub(crate) fn encode_frame(frame: &CorrectionFrame) -> Vec<u8> {
    encode(&frame.project, frame.table, &frame.corrections)
}

pub(crate) fn encode(project: &Project, table: Table, corrections: &[Correction]) -> Vec<u8> {
    let mut out = Writer::default();
    out.u8(FRAME_VERSION);
    out.u8(table.code());
    out.text(project.as_str());
    out.len(corrections.len());
    for correction in corrections {
        out.i64(correction.record_id);
        out.i32(correction.date);
        match &correction.change {
            Change::Delete => out.u8(1),
            Change::Set(columns) => {
                out.u8(0);
                out.len(columns.len());
                for (name, value) in columns {
                    out.text(name);
                    out.scalar(value);
                }
            }
        }
    }
    out.0
}

pub(crate) fn decode_frame(bytes: &[u8]) -> Decoded<CorrectionFrame> {
    let mut input = Reader(bytes);
    match input.u8()? {
        FRAME_VERSION => {}
        other => return Err(format!("corrections of unknown version {other}")),
    }
    let code = input.u8()?;
    let table = Table::from_code(code).ok_or_else(|| format!("unknown table code {code}"))?;
    let project = input.project()?;
    let corrections = input.list(|input| {
        let record_id = input.i64()?;
        let date = input.i32()?;
        let change = match input.u8()? {
            1 => Change::Delete,
            0 => Change::Set(input.list(|input| Ok((input.text()?, input.scalar()?)))?),
            other => return Err(format!("unknown change {other}")),
        };
        Ok(Correction { record_id, date, change })
    })?;
    Ok(CorrectionFrame { project, table, corrections })
}

/// Corrections of one table as saved: everything up to a position of the log.
#[derive(Debug, PartialEq)]
pub(crate) struct Saved {
    /// Corrections of frames up to this one are in `entries` or in the files of the table.
    pub(crate) position: u64,
    pub(crate) entries: Vec<(Project, i64, Entry)>,
}

pub(crate) fn encode_snapshot<'a>(
    position: u64,
    entries: impl Iterator<Item = (&'a Project, i64, &'a Entry)>,
) -> Vec<u8> {
    let mut out = Writer(SNAPSHOT_MAGIC.to_vec());
    out.u64(position);
    let count_at = out.0.len();
    out.u32(0);
    let mut count = 0_u32;
    for (project, record_id, entry) in entries {
        count = count.saturating_add(1);
        out.text(project.as_str());
        out.i64(record_id);
        out.i32(entry.date);
        match entry.deleted {
            None => out.u8(0),
            Some(version) => {
                out.u8(1);
                out.version(version);
            }
        }
        out.len(entry.columns.len());
        for column in &entry.columns {
            out.text(&column.name);
            out.version(column.version);
            out.scalar(&column.value);
        }
    }
    if let Some(place) = out.0.get_mut(count_at..count_at + 4) {
        place.copy_from_slice(&count.to_le_bytes());
    }
    out.checksum();
    out.0
}

pub(crate) fn decode_snapshot(bytes: &[u8]) -> Decoded<Saved> {
    let body = checked(bytes)?;
    let body = body.strip_prefix(SNAPSHOT_MAGIC).ok_or("not a corrections snapshot")?;
    let mut input = Reader(body);
    let position = input.u64()?;
    let entries = input.list(|input| {
        let project = input.project()?;
        let record_id = input.i64()?;
        let date = input.i32()?;
        let deleted = if input.u8()? == 0 { None } else { Some(input.version()?) };
        let columns = input.list(|input| {
            let name = input.text()?.into();
            let version = input.version()?;
            Ok(SetColumn { name, version, value: input.scalar()? })
        })?;
        Ok((project, record_id, Entry { date, deleted, columns }))
    })?;
    Ok(Saved { position, entries })
}

impl Writer {
    fn version(&mut self, version: Version) {
        self.u64(version.seq);
        self.u32(version.place);
    }
    fn scalar(&mut self, value: &Scalar) {
        match value {
            Scalar::Null => self.u8(0),
            Scalar::Int(v) => {
                self.u8(1);
                self.i64(*v);
            }
            Scalar::Float(v) => {
                self.u8(2);
                self.u64(v.to_bits());
            }
            Scalar::Bool(v) => {
                self.u8(3);
                self.u8(u8::from(*v));
            }
            Scalar::Text(v) => {
                self.u8(4);
                self.text(v);
            }
            Scalar::Bytes(v) => {
                self.u8(5);
                self.bytes(v);
            }
        }
    }
}

impl Reader<'_> {
    fn version(&mut self) -> Decoded<Version> {
        Ok(Version { seq: self.u64()?, place: self.u32()? })
    }
    fn scalar(&mut self) -> Decoded<Scalar> {
        Ok(match self.u8()? {
            0 => Scalar::Null,
            1 => Scalar::Int(self.i64()?),
            2 => Scalar::Float(f64::from_bits(self.u64()?)),
            3 => Scalar::Bool(self.u8()? != 0),
            4 => Scalar::Text(self.text()?),
            5 => Scalar::Bytes(self.bytes()?),
            other => return Err(format!("unknown kind of value {other}")),
        })
    }
}
