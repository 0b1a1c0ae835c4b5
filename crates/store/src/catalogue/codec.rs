//! Bytes of a stored catalogue, little endian:
//!
//! ```text
//! magic, version 1   8 bytes
//! position           u64        see `Coverage`
//! flags              u8         1: counts are upper bounds; 2: some rows were never looked at
//! first day          i32        earliest partition with rows in it
//! missing            u32 count, then (after u64, upto u64) each
//! CRC-32C of all that
//! days               u32 count, then (day i32, rows u64) each
//! floor              u64
//! left out           u32 count, then (hash u32, day i32) each
//! keys               u32 count, then each scope u8, key, types u16, rows u64, missed u64,
//!                    first i64, last i64, first day i32, last day i32, floor u64, and its values:
//!                    u32 count, then (text, count u64, error u64) each
//! CRC-32C of everything
//! ```
//!
//! The head is read alone at start.

use telltale_schema::AttributeScope;

use super::coverage::{Coverage, Missing, RANGES_MAX};
use super::frequent::{Frequent, Item};
use super::key::CatalogueKey;
use super::keys::{AttributeCatalogue, scope_code};
use super::types::ValueTypes;
use crate::CatalogueConfig;
use crate::wire::{Decoded, Reader, Writer, checked};

const MAGIC: &[u8; 8] = b"TTATTR\0\x01";
const FLAG_CORRECTED: u8 = 1;
const FLAG_PARTIAL: u8 = 2;
/// Bytes of the longest head.
pub(super) const HEAD_BYTES_MAX: usize = 8 + 8 + 1 + 4 + 4 + RANGES_MAX * 16 + 4;

/// What stands before the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) coverage: Coverage,
    /// Earliest partition with rows in it, in days since 1970.
    pub(super) first_day: i32,
    /// Rows that were counted have changed or gone by corrections.
    pub(super) corrected: bool,
    /// Old rows were left out when it was built.
    pub(super) partial: bool,
}

impl Default for Head {
    fn default() -> Self {
        let coverage = Coverage::default();
        Self { coverage, first_day: i32::MAX, corrected: false, partial: false }
    }
}

pub(super) fn encode(head: &Head, catalogue: &AttributeCatalogue) -> Vec<u8> {
    let mut out = Writer(MAGIC.to_vec());
    out.u64(head.coverage.position);
    out.u8(u8::from(head.corrected) * FLAG_CORRECTED + u8::from(head.partial) * FLAG_PARTIAL);
    out.i32(head.first_day);
    out.len(head.coverage.missing.len());
    for missing in &head.coverage.missing {
        out.u64(missing.after);
        out.u64(missing.upto);
    }
    out.checksum();
    out.len(catalogue.days.len());
    for (day, rows) in &catalogue.days {
        out.i32(*day);
        out.u64(*rows);
    }
    out.u64(catalogue.floor);
    out.len(catalogue.left_out.len());
    for (hash, day) in &catalogue.left_out {
        out.u32(*hash);
        out.i32(*day);
    }
    out.len(catalogue.keys.len());
    for key in &catalogue.keys {
        encode_key(&mut out, key);
    }
    out.checksum();
    out.0
}

fn encode_key(out: &mut Writer, key: &CatalogueKey) {
    out.u8(scope_code(key.scope));
    out.text(&key.name);
    out.u16(key.types.0);
    out.u64(key.rows);
    out.u64(key.missed);
    out.i64(key.first);
    out.i64(key.last);
    out.i32(key.first_day);
    out.i32(key.last_day);
    out.u64(key.values.floor());
    out.len(key.values.items().len());
    for item in key.values.items() {
        out.text(&item.text);
        out.u64(item.count);
        out.u64(item.error);
    }
}

/// Reads the head from the first [`HEAD_BYTES_MAX`] bytes of a file, or from all of it.
pub(super) fn decode_head(bytes: &[u8]) -> Decoded<Head> {
    read_head(&mut Reader(bytes), bytes)
}

fn read_head(input: &mut Reader<'_>, bytes: &[u8]) -> Decoded<Head> {
    if input.take::<8>()? != *MAGIC {
        return Err("not a catalogue of a known version".into());
    }
    let position = input.u64()?;
    let flags = input.u8()?;
    let first_day = input.i32()?;
    let missing = input.list(|input| Ok(Missing { after: input.u64()?, upto: input.u64()? }))?;
    let length = bytes.len() - input.0.len();
    input.u32()?;
    checked(bytes.get(..length + 4).ok_or("ends early")?)?;
    Ok(Head {
        coverage: Coverage { position, missing },
        first_day,
        corrected: flags & FLAG_CORRECTED != 0,
        partial: flags & FLAG_PARTIAL != 0,
    })
}

pub(super) fn decode(bytes: &[u8], limits: CatalogueConfig) -> Decoded<(Head, AttributeCatalogue)> {
    let body = checked(bytes)?;
    let mut input = Reader(body);
    let head = read_head(&mut input, body)?;
    let mut catalogue = AttributeCatalogue::new(limits);
    catalogue.days = input.list(|input| Ok((input.i32()?, input.u64()?)))?.into_iter().collect();
    catalogue.floor = input.u64()?;
    catalogue.left_out =
        input.list(|input| Ok((input.u32()?, input.i32()?)))?.into_iter().collect();
    catalogue.keys = input.list(decode_key)?;
    catalogue.index();
    Ok((head, catalogue))
}

fn decode_key(input: &mut Reader<'_>) -> Decoded<CatalogueKey> {
    let scope = match input.u8()? {
        0 => AttributeScope::Record,
        1 => AttributeScope::Resource,
        other => return Err(format!("unknown scope {other}")),
    };
    let name = input.str()?;
    let mut key = CatalogueKey::new(scope, name, ValueTypes(input.u16()?));
    key.rows = input.u64()?;
    key.missed = input.u64()?;
    key.first = input.i64()?;
    key.last = input.i64()?;
    key.first_day = input.i32()?;
    key.last_day = input.i32()?;
    let floor = input.u64()?;
    let item = |input: &mut Reader<'_>| -> Decoded<Item> {
        Ok(Item { text: input.str()?.into(), count: input.u64()?, error: input.u64()?, group: 0 })
    };
    key.values = Frequent::from_parts(input.list(item)?, floor);
    Ok(key)
}

#[cfg(test)]
mod tests;
