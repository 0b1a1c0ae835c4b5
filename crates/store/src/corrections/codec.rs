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

const FRAME_VERSION: u8 = 1;
const SNAPSHOT_MAGIC: &[u8; 8] = b"TTCORR\0\x01";
/// Bytes of the smallest encoded thing in a list: bounds what a damaged count can allocate.
const ITEM_BYTES_MIN: usize = 5;

type Decoded<T> = Result<T, String>;

pub(crate) fn encode_frame(frame: &CorrectionFrame) -> Vec<u8> {
    let mut out = Writer::default();
    out.u8(FRAME_VERSION);
    out.u8(frame.table.code());
    out.text(frame.project.as_str());
    out.len(frame.corrections.len());
    for correction in &frame.corrections {
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
    let crc = crc32c::crc32c(&out.0);
    out.u32(crc);
    out.0
}

pub(crate) fn decode_snapshot(bytes: &[u8]) -> Decoded<Saved> {
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or("too short")?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err("the checksum does not match".into());
    }
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

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn i32(&mut self, value: i32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    /// Lengths are bounded far below `u32::MAX` by the size of a frame.
    fn len(&mut self, value: usize) {
        self.u32(u32::try_from(value).unwrap_or(u32::MAX));
    }
    fn bytes(&mut self, value: &[u8]) {
        self.len(value.len());
        self.0.extend_from_slice(value);
    }
    fn text(&mut self, value: &str) {
        self.bytes(value.as_bytes());
    }
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

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or("ends early")?;
        self.0 = rest;
        Ok(*head)
    }
    fn u8(&mut self) -> Decoded<u8> {
        self.take::<1>().map(|[byte]| byte)
    }
    fn u32(&mut self) -> Decoded<u32> {
        self.take().map(u32::from_le_bytes)
    }
    fn i32(&mut self) -> Decoded<i32> {
        self.take().map(i32::from_le_bytes)
    }
    fn u64(&mut self) -> Decoded<u64> {
        self.take().map(u64::from_le_bytes)
    }
    fn i64(&mut self) -> Decoded<i64> {
        self.take().map(i64::from_le_bytes)
    }
    fn len(&mut self) -> Decoded<usize> {
        usize::try_from(self.u32()?).map_err(|e| e.to_string())
    }
    fn bytes(&mut self) -> Decoded<Vec<u8>> {
        let len = self.len()?;
        let (head, rest) = self.0.split_at_checked(len).ok_or("ends early")?;
        self.0 = rest;
        Ok(head.to_vec())
    }
    fn text(&mut self) -> Decoded<String> {
        String::from_utf8(self.bytes()?).map_err(|e| e.to_string())
    }
    fn project(&mut self) -> Decoded<Project> {
        Project::new(&self.text()?).map_err(|e| e.to_string())
    }
    fn version(&mut self) -> Decoded<Version> {
        Ok(Version { seq: self.u64()?, place: self.u32()? })
    }
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Decoded<T>) -> Decoded<Vec<T>> {
        let len = self.len()?;
        let mut items = Vec::with_capacity(len.min(self.0.len() / ITEM_BYTES_MIN));
        for _ in 0..len {
            items.push(item(self)?);
        }
        Ok(items)
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
