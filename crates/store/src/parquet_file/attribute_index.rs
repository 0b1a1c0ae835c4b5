//! The attribute index of a data file: for each row group a bloom filter over the `key=value`
//! pairs of its attributes and resources, so that a search for a pair skips most row groups.
//!
//! It stands before the footer, where readers that do not know it never look, and its place is in
//! the key-value metadata as `offset,length`. Layout: version `u32`, number of row groups `u32`,
//! then per row group a length `u32` and a split-block bloom filter as Parquet writes it, over the
//! eight bytes of [`telltale_schema::attribute_hash`]; a CRC-32C of all that ends it.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader;
use telltale_schema::{RawText, RawValue, Table, for_each_attribute, raw_attribute_hash};

use crate::StoreError;
use crate::catalogue::{AttributeCatalogue, for_each_run};

pub(super) const KEY: &str = "telltale.attribute_index";
const VERSION: u32 = 1;
/// False positives of a pair that is nowhere: one row group in ten is read in vain. A lower rate
/// costs about a byte a row more.
const FALSE_POSITIVES: f64 = 0.1;
/// Filters start at this size and are folded to what their content needs.
const FILTER_BYTES_START: usize = 2 << 20;
/// Largest index that is read: far above what is written, it bounds what a damaged place allocates.
const INDEX_BYTES_MAX: u64 = 1 << 30;

/// Gathers the pairs of the rows that are written, for the index and, when wanted, for the
/// catalogue: walking the texts is most of the work for either.
#[derive(Debug)]
pub(super) struct IndexBuilder {
    table: Table,
    date: i32,
    pub(super) catalogue: Option<AttributeCatalogue>,
    current: Option<Filter>,
    done: Vec<Sbbf>,
}

struct Filter(Sbbf);

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Filter").field(&self.0.num_blocks()).finish()
    }
}

impl IndexBuilder {
    pub(super) fn new(table: Table, date: i32) -> Self {
        Self { table, date, catalogue: None, current: None, done: Vec::new() }
    }

    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let filter = &mut self
            .current
            .get_or_insert_with(|| Filter(Sbbf::new_with_num_of_bytes(FILTER_BYTES_START)))
            .0;
        let catalogue = &mut self.catalogue;
        if let Some(catalogue) = catalogue {
            catalogue.count_rows(self.date, batch.num_rows() as u64);
        }
        for_each_run(self.table, batch, self.date, None, |scope, run| {
            let index = |key: RawText<'_>, value: RawValue<'_>| {
                if let Some(hash) = raw_attribute_hash(scope, key, value) {
                    filter.insert(&hash.to_le_bytes()[..]);
                }
            };
            match catalogue {
                Some(catalogue) => catalogue.learn(scope, run, index),
                None => for_each_attribute(run.text, index),
            }
        });
    }

    pub(super) fn end_row_group(&mut self) {
        if let Some(Filter(mut filter)) = self.current.take() {
            filter.fold_to_target_fpp(FALSE_POSITIVES);
            self.done.push(filter);
        }
        // The next filter knows no pair yet.
        if let Some(catalogue) = &mut self.catalogue {
            catalogue.next_group();
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, ParquetError> {
        let mut out = VERSION.to_le_bytes().to_vec();
        out.extend(length(self.done.len())?);
        for filter in &self.done {
            let mut bytes = Vec::new();
            filter.write(&mut bytes)?;
            out.extend(length(bytes.len())?);
            out.extend(bytes);
        }
        out.extend(crc32c::crc32c(&out).to_le_bytes());
        Ok(out)
    }
}

fn length(value: usize) -> Result<[u8; 4], ParquetError> {
    u32::try_from(value)
        .map(u32::to_le_bytes)
        .map_err(|_| ParquetError::General("an attribute index over 4 GiB".into()))
}

/// The attribute index of one file, to be kept by those who search often.
pub struct AttributeIndex {
    filters: Vec<Sbbf>,
}

impl std::fmt::Debug for AttributeIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AttributeIndex").field("row_groups", &self.filters.len()).finish()
    }
}

impl AttributeIndex {
    /// Reads the index of a file, footer included. `None` when the file has none. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = File::open(path).map_err(StoreError::io("open", path))?;
        let metadata = ParquetMetaDataReader::new()
            .parse_and_finish(&file)
            .map_err(StoreError::parquet(path))?;
        Self::read_with(path, &file, &metadata)
    }

    /// Reads the index of a file whose footer is known. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read or its index is damaged.
    pub fn read_with(
        path: &Path,
        file: &File,
        metadata: &ParquetMetaData,
    ) -> Result<Option<Self>, StoreError> {
        let damaged = |reason: &str| StoreError::Corrupt {
            path: path.to_path_buf(),
            reason: format!("attribute index: {reason}"),
        };
        let pairs = metadata.file_metadata().key_value_metadata();
        let entry = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY));
        let Some(entry) = entry else { return Ok(None) };
        let (offset, length) = entry
            .value
            .as_deref()
            .and_then(place)
            .ok_or_else(|| damaged("its place is not readable"))?;
        let bytes = file.get_bytes(offset, length).map_err(StoreError::parquet(path))?;
        let index = decode(&bytes).map_err(|reason| damaged(&reason))?;
        if index.filters.len() != metadata.num_row_groups() {
            return Err(damaged("it is of other row groups"));
        }
        Ok(Some(index))
    }

    /// Whether rows of a row group may have all these pairs (see
    /// [`telltale_schema::attribute_hash`]). `true` for a row group that is not known.
    pub fn may_contain(&self, row_group: usize, hashes: &[u64]) -> bool {
        self.filters
            .get(row_group)
            .is_none_or(|filter| hashes.iter().all(|hash| filter.check(&hash.to_le_bytes()[..])))
    }

    /// Bytes of memory that the filters take.
    pub fn memory_bytes(&self) -> usize {
        self.filters.iter().map(|f| f.num_blocks() * 32).sum()
    }
}

/// Offset and length of an entry `offset,length`.
fn place(entry: &str) -> Option<(u64, usize)> {
    let (offset, length) = entry.split_once(',')?;
    let length: u64 = length.parse().ok().filter(|length| *length <= INDEX_BYTES_MAX)?;
    Some((offset.parse().ok()?, usize::try_from(length).ok()?))
}

fn decode(bytes: &Bytes) -> Result<AttributeIndex, String> {
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or("too short")?;
    if crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err("the checksum does not match".into());
    }
    let mut rest = body;
    let mut next = || -> Result<u32, String> {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or("ends early")?;
        rest = tail;
        Ok(u32::from_le_bytes(*head))
    };
    if next()? != VERSION {
        return Err("an unknown version".into());
    }
    let groups = next()?;
    let mut filters = Vec::new();
    for _ in 0..groups {
        let (head, tail) = rest.split_first_chunk::<4>().ok_or("ends early")?;
        let length = usize::try_from(u32::from_le_bytes(*head)).map_err(|e| e.to_string())?;
        let (filter, tail) = tail.split_at_checked(length).ok_or("ends early")?;
        filters.push(Sbbf::from_bytes(filter).map_err(|e| e.to_string())?);
        rest = tail;
    }
    Ok(AttributeIndex { filters })
}

/// Loads the bloom filters of a column, one per row group, to be kept by those who look up often;
/// `None` for a row group without one. Blocks.
///
/// # Errors
/// When the file cannot be read.
pub fn read_bloom_filters(
    path: &Path,
    file: &File,
    metadata: &ParquetMetaData,
    column: &str,
) -> Result<Vec<Option<Sbbf>>, StoreError> {
    let row_groups = metadata.row_groups().iter();
    let filters = row_groups.map(|row_group| {
        let chunk = row_group.columns().iter().find(|c| c.column_path().string() == column);
        chunk.map_or(Ok(None), |chunk| Sbbf::read_from_column_chunk(chunk, file))
    });
    filters.collect::<Result<_, _>>().map_err(StoreError::parquet(path))
}
