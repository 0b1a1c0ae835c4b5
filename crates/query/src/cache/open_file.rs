//! One open data file and what was read of it besides rows.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parquet::bloom_filter::Sbbf;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{
    PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use telltale_store::AttributeIndex;

/// Bytes of one block of a bloom filter.
const BLOOM_BLOCK_BYTES: usize = 32;

/// A file, its footer with page index, and its filters as they are asked for.
pub(crate) struct OpenFile {
    path: PathBuf,
    file: Arc<File>,
    metadata: Arc<ParquetMetaData>,
    blooms: Vec<OnceLock<Option<Sbbf>>>,
    attributes: OnceLock<Option<AttributeIndex>>,
    bytes: AtomicUsize,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("row_groups", &self.blooms.len())
            .field("bytes", &self.memory_bytes())
            .finish_non_exhaustive()
    }
}

impl OpenFile {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let named = |error: ParquetError| match error {
            // The disk's errors stay what they are: they say nothing against the file.
            ParquetError::External(cause) => ParquetError::External(cause),
            error => ParquetError::General(format!("{}: {error}", name())),
        };
        let file = File::open(path)?;
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .parse_and_finish(&file)
            .map_err(named)?;
        Ok(Self {
            blooms: std::iter::repeat_with(OnceLock::new).take(metadata.num_row_groups()).collect(),
            bytes: AtomicUsize::new(metadata.memory_size()),
            metadata: Arc::new(metadata),
            attributes: OnceLock::new(),
            file: Arc::new(file),
            path: path.to_path_buf(),
        })
    }

    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    pub(crate) fn metadata(&self) -> &Arc<ParquetMetaData> {
        &self.metadata
    }

    /// Bytes of memory held.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether a row group may hold one of `values` in `column`. `true` when the column has no
    /// filter or the filter cannot be read: pruning is never the place to fail. Blocks on disk the
    /// first time. One column a file is asked for: the first asked stays.
    pub(crate) fn may_hold(&self, row_group: usize, column: &str, values: &[Vec<u8>]) -> bool {
        let Some(slot) = self.blooms.get(row_group) else { return true };
        let bloom = slot.get_or_init(|| {
            let bloom = self.read_bloom(self.metadata.row_groups().get(row_group)?, column);
            let bytes = bloom.as_ref().map_or(0, |b| b.num_blocks() * BLOOM_BLOCK_BYTES);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            bloom
        });
        bloom.as_ref().is_none_or(|bloom| values.iter().any(|value| bloom.check(value.as_slice())))
    }

    /// Whether a row group may have one of the pairs (see `telltale_schema::attribute_hash`).
    /// `true` when the file has no index or it cannot be read. Blocks on disk the first time.
    pub(crate) fn may_have_attribute(&self, row_group: usize, hashes: &[u64]) -> bool {
        let index = self.attributes.get_or_init(|| {
            let index = AttributeIndex::read_with(&self.path, &self.file, &self.metadata);
            let index = index.ok().flatten();
            let bytes = index.as_ref().map_or(0, AttributeIndex::memory_bytes);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
            index
        });
        let may = |index: &AttributeIndex| {
            hashes.iter().any(|hash| index.may_contain(row_group, std::slice::from_ref(hash)))
        };
        index.as_ref().is_none_or(may)
    }

    fn read_bloom(&self, row_group: &RowGroupMetaData, column: &str) -> Option<Sbbf> {
        let chunk = row_group.columns().iter().find(|c| c.column_path().string() == column)?;
        Sbbf::read_from_column_chunk(chunk, self.file.as_ref()).ok().flatten()
    }
}
