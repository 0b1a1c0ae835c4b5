//! Writes one data file: sorted rows in, a durable Parquet file and its statistics out.
//!
//! Plain Parquet that every reader understands; what is ours (schema version, attribute index) is
//! in the key-value metadata. Never knows where rows come from or how files are published.

mod attribute_index;
mod properties;
mod reader;
mod stats;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use telltale_base::Project;
use telltale_schema::{SCHEMA_VERSION, Table};
use telltale_wal::{Fs, FsFile};
use uuid::Uuid;

pub use attribute_index::{AttributeIndex, read_bloom_filters};
pub(crate) use reader::{FileReader, damage, read_record_ids};
use stats::FileStats;
pub(crate) use stats::{LoggedStats, date_of, date_text, stats_columns};

use crate::catalogue::AttributeCatalogue;
use crate::{CatalogueConfig, DataFile, StoreConfig, StoreError};
use attribute_index::IndexBuilder;

const KEY_SCHEMA_VERSION: &str = "telltale.schema_version";

/// Where files of one table go and how they are written.
#[derive(Clone, Debug)]
pub(crate) struct FileWriting {
    pub(crate) fs: Arc<dyn Fs>,
    pub(crate) table: Table,
    /// Root of the table.
    pub(crate) root: PathBuf,
    pub(crate) row_group_rows: usize,
    pub(crate) row_group_bytes: usize,
    pub(crate) zstd_level: i32,
    names: Arc<Names>,
}

/// Names that no other run of the server gives.
#[derive(Debug)]
pub(crate) struct Names {
    run: String,
    next: AtomicU64,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { run: Uuid::new_v4().simple().to_string(), next: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("part-{}-{number:06}.parquet", self.run)
    }

    /// Whether this run of the server made the name.
    pub(crate) fn made(&self, name: &str) -> bool {
        name.strip_prefix("part-").is_some_and(|rest| rest.starts_with(&self.run))
    }
}

impl FileWriting {
    pub(crate) fn new(
        fs: Arc<dyn Fs>,
        table: Table,
        root: PathBuf,
        config: &StoreConfig,
        names: Arc<Names>,
    ) -> Self {
        let StoreConfig { row_group_rows, row_group_bytes, zstd_level, .. } = *config;
        Self { fs, table, root, row_group_rows, row_group_bytes, zstd_level, names }
    }

    /// Starts a file of a partition.
    pub(crate) fn start(&self, project: &Project, date: i32) -> Result<FileWriter, StoreError> {
        let directory = self
            .root
            .join(format!("project={}", project.as_str()))
            .join(format!("date={}", date_text(date)));
        self.fs.create_dir_all(&directory).map_err(StoreError::io("create", &directory))?;
        let path = directory.join(self.names.next());
        let file = self.fs.create_new(&path).map_err(StoreError::io("create", &path))?;
        let schema = self.table.file_schema();
        let options = ArrowWriterOptions::new()
            .with_properties(properties::properties(self.table, self))
            .with_skip_arrow_metadata(true);
        let sink = Sink { file, written: 0 };
        let writer = ArrowWriter::try_new_with_options(sink, Arc::clone(&schema), options)
            .map_err(StoreError::parquet(&path))?;
        Ok(FileWriter {
            fs: Arc::clone(&self.fs),
            directory,
            path,
            date,
            schema,
            writer,
            row_group_rows: self.row_group_rows,
            row_group_bytes: self.row_group_bytes,
            group_rows: 0,
            index: IndexBuilder::new(self.table, date),
            stats: FileStats::new(self.table),
        })
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct FileWriter {
    fs: Arc<dyn Fs>,
    directory: PathBuf,
    path: PathBuf,
    date: i32,
    schema: SchemaRef,
    writer: ArrowWriter<Sink>,
    row_group_rows: usize,
    row_group_bytes: usize,
    group_rows: usize,
    index: IndexBuilder,
    stats: FileStats,
}

/// A durable file that no table knows yet.
#[derive(Clone, Debug)]
pub(crate) struct NewFile {
    pub(crate) file: DataFile,
    /// Statistics for the Delta log.
    pub(crate) stats: String,
    /// The attributes of its rows, when they were collected.
    pub(crate) attributes: Option<AttributeCatalogue>,
}

impl FileWriter {
    /// Collects the attributes of its rows as well.
    pub(crate) fn collecting(mut self, limits: CatalogueConfig) -> Self {
        self.index.catalogue = Some(AttributeCatalogue::new(limits));
        self
    }

    /// Adds rows, which must come in the table's order. Takes memory schema or file schema.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), StoreError> {
        let batch = without_date(batch, &self.schema)?;
        let mut from = 0;
        while from < batch.num_rows() {
            let room = self.row_group_rows.saturating_sub(self.group_rows).max(1);
            let part = batch.slice(from, room.min(batch.num_rows() - from));
            from += part.num_rows();
            self.group_rows += part.num_rows();
            self.index.add(&part);
            self.stats.add(&part);
            self.writer.write(&part).map_err(StoreError::parquet(&self.path))?;
            if self.group_rows >= self.row_group_rows
                || self.writer.in_progress_size() >= self.row_group_bytes
            {
                self.end_row_group()?;
            }
        }
        Ok(())
    }

    fn end_row_group(&mut self) -> Result<(), StoreError> {
        if self.group_rows > 0 {
            self.writer.flush().map_err(StoreError::parquet(&self.path))?;
            self.index.end_row_group();
            self.group_rows = 0;
        }
        Ok(())
    }

    /// Completes the file and makes it durable. A file without rows is removed instead.
    pub(crate) fn finish(mut self) -> Result<Option<NewFile>, StoreError> {
        if self.stats.rows() == 0 {
            self.abandon();
            return Ok(None);
        }
        match self.complete() {
            Ok(bytes) => {
                let file = self.stats.data_file(self.path.clone(), self.date, bytes);
                let (stats, attributes) = (self.stats.delta_json(), self.index.catalogue);
                Ok(Some(NewFile { file, stats, attributes }))
            }
            Err(error) => {
                self.abandon();
                Err(error)
            }
        }
    }

    fn complete(&mut self) -> Result<u64, StoreError> {
        self.end_row_group()?;
        let in_file = StoreError::parquet(&self.path);
        self.write_tail().map_err(in_file)?;
        let sink = self.writer.inner_mut();
        sink.file.sync_data().map_err(StoreError::io("sync", &self.path))?;
        let bytes = sink.written;
        self.fs.sync_dir(&self.directory).map_err(StoreError::io("sync", &self.directory))?;
        Ok(bytes)
    }

    fn write_tail(&mut self) -> Result<(), ParquetError> {
        let index = self.index.encode()?;
        let offset = self.writer.bytes_written();
        self.writer.write_all(&index)?;
        let place = format!("{offset},{}", index.len());
        let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        self.writer.append_key_value_metadata(pair(attribute_index::KEY, place));
        self.writer.append_key_value_metadata(pair(KEY_SCHEMA_VERSION, SCHEMA_VERSION.to_string()));
        self.writer.finish()?;
        self.writer.sync()?;
        Ok(())
    }

    /// Removes the file. One that stays behind is removed by the next start's vacuum.
    pub(crate) fn abandon(self) {
        self.fs.remove_file(&self.path).ok();
    }
}

/// The batch in file schema.
fn without_date(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let column = |name: &String| -> Result<ArrayRef, ArrowError> {
        batch
            .column_by_name(name)
            .cloned()
            .ok_or_else(|| ArrowError::SchemaError(format!("a batch without column {name}")))
    };
    let columns = schema.fields().iter().map(|field| column(field.name()));
    RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, _>>()?)
}

/// Removes files whose commit failed.
pub(crate) fn discard(fs: &dyn Fs, files: &[NewFile]) {
    for new in files {
        remove(fs, &new.file.path);
    }
}

fn remove(fs: &dyn Fs, path: &Path) {
    if let Err(error) = fs.remove_file(path) {
        tracing::warn!(path = %path.display(), %error, "cannot remove an unused data file");
    }
}

/// Adapts a file of [`Fs`] to what the Parquet writer wants.
#[derive(Debug)]
struct Sink {
    file: Box<dyn FsFile>,
    written: u64,
}

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
